"""Subscribers over HTTP that do not read: bounded as WebSockets are, and nobody else notices."""

from __future__ import annotations

import asyncio
import socket
import sys

import pytest

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.http_stream import NDJSON, PAGE, SSE, http_subscribed
from support.records import events, producing, write
from support.slow_http import SlowHttpReader

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

EVENTS, PADDING = 2000, "x" * 4000
STREAMS = pytest.mark.parametrize("accept", [SSE, NDJSON])


@STREAMS
async def test_a_reader_that_stops_and_goes_on_gets_everything_in_order(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, accept: str
) -> None:
    topic = kafka_topic()
    publisher = start_publisher(topic, tail_bytes=1 << 20, cache_bytes=1 << 20)

    async with (
        SlowHttpReader.open(publisher.port, "", accept) as slow,
        http_subscribed(publisher.http_url, "", accept) as quick,
        producing(kafka_bootstrap) as producer,
    ):
        await quick.until("live")
        publisher.wait_that(lambda: publisher.metric("subscribers_live") == 2, "both are live")
        await write(producer, topic, events(EVENTS, padding=PADDING))
        quick_got = [offset for _, offset in await quick.places(EVENTS)]
        publisher.wait_that(lambda: publisher.metric("fell_behind_total") >= 1, "one is behind")
        await slow.read_until(b'"offset":%d,' % (EVENTS - 1))
        publisher.wait_that(lambda: publisher.metric("subscribers_live") == 2, "live again")
        await write(producer, topic, events(1))
        await slow.read_until(b'"offset":%d,' % EVENTS)

    assert quick_got == list(range(EVENTS))
    assert slow.offsets == list(range(EVENTS + 1))
    assert slow.body.count(b'{"type":"live"') == 1
    assert publisher.complaints() == []


@STREAMS
async def test_a_stalled_reader_is_dropped_and_the_others_are_not_disturbed(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, accept: str
) -> None:
    topic = kafka_topic()
    publisher = start_publisher(topic, stall_s=2)

    async with (
        SlowHttpReader.open(publisher.port, "", accept) as stalled,
        http_subscribed(publisher.http_url, "", accept) as quick,
        producing(kafka_bootstrap) as producer,
    ):
        await quick.until("live")
        await asyncio.gather(  # the quick one reads all the while, or it would be stalled too
            write(producer, topic, events(EVENTS, padding=PADDING)), quick.events(EVENTS)
        )
        while not publisher.metric("subscribers_left_total", code="4008"):
            await quick.until("heartbeat")
        assert publisher.status()["subscribers"]["total"] == 1
        await stalled.drain()
        await write(producer, topic, events(1))
        assert await quick.places(1) == [(0, EVENTS)]

    assert not stalled.complete, "cut, not ended"
    assert stalled.offsets == list(range(len(stalled.offsets)))
    assert publisher.complaints() == []


async def test_a_drain_does_not_wait_for_who_does_not_read(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    publisher = start_publisher(topic)
    async with producing(kafka_bootstrap) as producer:
        await write(producer, topic, events(EVENTS, padding=PADDING))
    async with SlowHttpReader.open(publisher.port, "since=0", SSE) as slow:
        publisher.wait_that(slow.is_full, "its socket is full")
        begun_s = asyncio.get_running_loop().time()
        publisher.terminate()
        assert publisher.wait(10) == 0
        assert asyncio.get_running_loop().time() - begun_s < 8


async def test_a_page_that_nobody_reads_does_not_stay(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    publisher = start_publisher(topic, stall_s=1, heartbeat_s=0.5, page_bytes=8 << 20)
    async with producing(kafka_bootstrap) as producer:
        await write(producer, topic, events(EVENTS, padding=PADDING))
    async with SlowHttpReader.open(publisher.port, "since=0&limit=2000", PAGE) as slow:
        publisher.wait_that(slow.is_full, "its socket is full")
        if sys.platform == "linux":  # the kernel finds out
            publisher.wait_that(lambda: not slow.is_full(), "dropped", timeout_s=15)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a test make one")
async def test_a_peer_that_was_restarted_is_found_by_the_next_heartbeat(
    kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    """It has forgotten the connection (TCP_REPAIR closes in silence) and resets what comes."""
    publisher = start_publisher(kafka_topic(), heartbeat_s=0.3)
    repair = 19
    async with SlowHttpReader.open(publisher.port) as gone:
        publisher.wait_that(lambda: publisher.metric("subscribers_live") == 1, "it is live")
        try:
            gone.socket.setsockopt(socket.IPPROTO_TCP, repair, 1)
        except PermissionError:
            pytest.skip("needs CAP_NET_ADMIN")
    publisher.wait_that(lambda: publisher.status()["subscribers"]["total"] == 0, "found")
    assert publisher.metric("subscribers_left_total", reason="gone") == 1
    assert publisher.complaints() == []


async def test_clients_that_vanish_while_they_join_leave_nothing_behind(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    publisher = start_publisher(topic)
    async with producing(kafka_bootstrap) as producer:
        await write(producer, topic, events(500, padding=PADDING))
    for accept in (SSE, NDJSON, PAGE):
        for query in ("since=earliest", "since=-1h&until=now"):
            for _ in range(10):
                _, writer = await asyncio.open_connection("127.0.0.1", publisher.port)
                head = f"GET /events?{query} HTTP/1.1\r\nhost: x\r\naccept: {accept}\r\n\r\n"
                writer.write(head.encode())
                writer.close()  # gone while its start is looked up
    publisher.wait_that(lambda: publisher.status()["subscribers"]["total"] == 0, "all gone")
    assert publisher.complaints() == []
