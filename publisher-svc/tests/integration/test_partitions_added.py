"""Partitions added to a running topic: everybody gets them from their beginning, unless bounded."""

from __future__ import annotations

import pytest

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.growth import add_partitions
from support.records import events, producing, store, write
from support.slow import SlowReader
from support.stream import place, subscribed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]


async def test_live_catching_up_waiting_and_later_subscribers(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, events(2000, padding="x" * 4000))
    publisher = start_publisher(topic)
    url = publisher.websocket_url

    async with (
        subscribed(url) as live,
        subscribed(url, "type=message.*") as filtered,
        SlowReader.open(publisher.port, "since=0") as slow,
        producing(kafka_bootstrap, transactional_id=topic) as holding,
    ):
        await live.until("live")
        await filtered.until("live")
        publisher.wait_that(slow.is_full, "the slow reader's socket is full")
        await holding.begin_transaction()
        await write(holding, topic, events(1))  # 2000; holds the bounded stream open
        async with subscribed(url, "since=1999&until=now") as bounded:
            await bounded.events(1)
            await add_partitions(kafka_bootstrap, topic, 3)
            async with producing(kafka_bootstrap) as producer:
                for partition in (1, 2):
                    await write(producer, topic, events(3), partition=partition)
            seen = [
                {place(f) for f in await stream.events(6, timeout_s=20)}
                for stream in (live, filtered)
            ]
            beat = (await live.until("heartbeat"))[-1]
            await holding.commit_transaction()
            ended = await bounded.rest()
        old_cursor = beat["cursor"].replace(",1:3,2:3", "").replace("0:2000", "0:1990")
        async with subscribed(url, f"since={old_cursor}") as later:
            replayed = await later.live()
        await store(kafka_bootstrap, topic, events(1), partition=2)
        while not any(b'"partition":2,"offset":3' in text for text in slow.texts[-100:]):
            await slow.read_some()
    new = {(partition, offset) for partition in (1, 2) for offset in range(3)}

    assert seen == [new, new]
    assert beat["cursor"].startswith("0:2000,1:3,2:3@")
    assert (ended.code, ended.events) == (1000, [(0, 2000)])
    assert ended.frames[-1]["cursor"].startswith("0:2001")
    assert {p for p in replayed if p[0] > 0} == new
    assert [p for p in replayed if p[0] == 0] == [(0, at) for at in range(1990, 2001)]
    assert (
        len({text.partition(b',"event"')[0] for text in slow.texts if b'"type":"event"' in text})
        == 2008
    )
    assert publisher.complaints() == []
