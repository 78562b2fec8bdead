"""Both ways to write blocks, on a real publisher: enough subscribers for one system call for all,
some that stop reading, heartbeats and pings in between; everybody gets everything, in order.
"""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from chassis.send_ring import SendRing
from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.http_stream import NDJSON, http_subscribed
from support.records import events, producing, write
from support.rings import ring_or_skip
from support.slow import SlowReader
from support.slow_http import SlowHttpReader
from support.stream import subscribed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

QUICK, SLOW = 6, 3
"""Of each transport: together more than the ring writer's fewest."""
EVENTS, BATCH, PADDING = 800, 50, "x" * 6000


@pytest.mark.parametrize("io_uring", ["auto", "off"])
async def test_everybody_gets_everything_in_order(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, io_uring: str
) -> None:
    if io_uring == "auto":
        ring_or_skip(SendRing).close()
    topic = kafka_topic()
    publisher = start_publisher(
        topic,
        io_uring=io_uring,
        heartbeat_s=0.2,
        ping_interval_s=0.3,
        ping_timeout_s=100,
        socket_high_bytes=4096,
        socket_low_bytes=0,
    )
    assert publisher.status()["io_uring"] is (io_uring == "auto")

    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        quick = [await enter(subscribed(publisher.websocket_url)) for _ in range(QUICK)]
        quick += [
            await enter(http_subscribed(publisher.http_url, "", NDJSON)) for _ in range(QUICK)
        ]
        slow = [await enter(SlowReader.open(publisher.port)) for _ in range(SLOW)]
        slow_http = [
            await enter(SlowHttpReader.open(publisher.port, "", NDJSON)) for _ in range(SLOW)
        ]
        count = 2 * (QUICK + SLOW)
        publisher.wait_that(lambda: publisher.metric("subscribers_live") == count, "all are live")
        producer = await enter(producing(kafka_bootstrap))
        got: list[list[int]] = [[] for _ in quick]
        for _ in range(EVENTS // BATCH):
            await write(producer, topic, events(BATCH, padding=PADDING))
            for offsets, subscriber in zip(got, quick, strict=True):
                offsets += [offset for _, offset in await subscriber.places(BATCH)]
        publisher.wait_that(
            lambda: publisher.metric("fell_behind_total") >= 2 * SLOW, "the slow ones are behind"
        )
        slow_got = [await each.read(until_offset=EVENTS - 1) for each in slow]
        for each in slow_http:
            await each.read_until(b'"offset":%d,' % (EVENTS - 1))

    assert got == [list(range(EVENTS))] * len(quick)
    assert slow_got == [list(range(EVENTS))] * SLOW
    assert [each.offsets for each in slow_http] == [list(range(EVENTS))] * SLOW
    assert publisher.complaints() == []
