"""Subscribers that do not read: they get everything later or are given up; nobody else notices."""

from __future__ import annotations

import asyncio

import pytest

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.records import events, producing, write
from support.slow import SlowReader
from support.stream import place, subscribed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]

EVENTS, PADDING = 3000, "x" * 4000


@pytest.mark.parametrize("tail_bytes", [1 << 20, 64 << 20], ids=["from Kafka", "from memory"])
async def test_a_reader_that_stops_and_goes_on_gets_everything_in_order(
    kafka_bootstrap: str,
    kafka_topic: TopicFactory,
    start_publisher: StartPublisher,
    tail_bytes: int,
) -> None:
    topic = kafka_topic()
    publisher = start_publisher(topic, tail_bytes=tail_bytes, cache_bytes=tail_bytes)

    async with (
        SlowReader.open(publisher.port) as slow,
        subscribed(publisher.websocket_url) as quick,
        producing(kafka_bootstrap) as producer,
    ):
        await quick.until("live")
        publisher.wait_that(lambda: publisher.metric("subscribers_live") == 2, "both are live")
        await write(producer, topic, events(EVENTS, padding=PADDING))
        quick_got = [offset for _, offset in await quick.places(EVENTS)]
        publisher.wait_that(lambda: publisher.metric("fell_behind_total") >= 1, "one is behind")
        slow_got = await slow.read(until_offset=EVENTS - 1)
        publisher.wait_that(lambda: publisher.metric("subscribers_live") == 2, "live again")
        await write(producer, topic, events(1))
        slow_got += await slow.read(until_offset=EVENTS)

    assert quick_got == list(range(EVENTS))
    assert slow_got == list(range(EVENTS + 1))
    kinds = [text for text in slow.texts if not text.startswith(b'{"type":"event"')]
    assert [b"live" in text for text in kinds].count(True) == 1
    assert publisher.complaints() == []


async def test_a_stalled_reader_is_dropped_and_the_others_are_not_disturbed(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    publisher = start_publisher(topic, stall_s=1)

    async with (
        SlowReader.open(publisher.port) as stalled,
        subscribed(publisher.websocket_url) as quick,
        producing(kafka_bootstrap) as producer,
    ):
        await quick.until("live")
        await write(producer, topic, events(EVENTS, padding=PADDING))
        await quick.events(EVENTS)
        publisher.wait_that(
            lambda: publisher.metric("subscribers_left_total", reason="stalled") == 1, "dropped"
        )
        assert publisher.status()["subscribers"]["total"] == 1
        offsets, code, _ = await stalled.drain()
        await write(producer, topic, events(1))
        assert place((await quick.events(1))[0]) == (0, EVENTS)

    assert code == 1006
    assert offsets == list(range(len(offsets)))
    assert publisher.complaints() == []


async def test_a_slow_reader_that_makes_progress_is_kept(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    publisher = start_publisher(topic, stall_s=1)
    async with producing(kafka_bootstrap) as producer:
        await write(producer, topic, events(EVENTS, padding=PADDING))

    async with SlowReader.open(publisher.port, "since=0") as slow:
        publisher.wait_that(slow.is_full, "its socket is full")
        begun_s = asyncio.get_running_loop().time()
        offsets: list[int] = []
        while not offsets or offsets[-1] < EVENTS - 1:
            offsets += await slow.read_some() or []
            await asyncio.sleep(0.2)  # slow on purpose: this is what is tested
        took_s = asyncio.get_running_loop().time() - begun_s

    assert took_s > 1.2, "too quick to tell"
    assert offsets == list(range(EVENTS))


async def test_a_half_open_connection_is_noticed(
    kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    publisher = start_publisher(kafka_topic(), ping_interval_s=0.5, ping_timeout_s=0.5)

    async with SlowReader.open(publisher.port), subscribed(publisher.websocket_url) as healthy:
        await healthy.until("live")
        async with asyncio.timeout(10):
            while publisher.status()["subscribers"]["total"] > 1:
                await healthy.next()  # answers pings meanwhile, which the other never does

    assert publisher.complaints() == []


async def test_clients_that_vanish_while_they_join_leave_nothing_behind(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    publisher = start_publisher(topic)
    async with producing(kafka_bootstrap) as producer:
        await write(producer, topic, events(500, padding=PADDING))

    for _ in range(30):
        async with SlowReader.open(publisher.port, "since=earliest"):
            pass  # gone, with a reset, while its start is looked up
        async with SlowReader.open(publisher.port, "since=-1h&until=now"):
            pass
    publisher.wait_that(lambda: publisher.status()["subscribers"]["total"] == 0, "all gone")
    assert publisher.complaints() == []
