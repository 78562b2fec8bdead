"""Kafka killed, paused, away at the start: nobody is sent away, nothing is lost or repeated."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from local_kafka.broker import Broker
from local_kafka.ports import free_ports
from local_kafka.topics import LOG_APPEND_TIME, create_topic, partition_ranges
from support.fixtures import StartPublisher
from support.records import event, events, producing, store
from support.stream import Stream, outcome, place, subscribed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(90)]


async def _new_topic(broker: Broker, name: str, partitions: int = 1) -> str:
    topic = f"{name}-{free_ports(1)[0]}"
    await create_topic(broker.bootstrap, topic, partitions, LOG_APPEND_TIME)
    return topic


class Collected:
    """All that one stream gets, read all the time."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.places: list[tuple[int, int]] = []
        self.beats = 0
        self.closed = False
        self._changed = asyncio.Event()

    async def run(self) -> None:
        try:
            while True:
                frame = await self._stream.next(timeout_s=60)
                if frame["type"] == "event":
                    self.places.append(place(frame))
                self.beats += frame["type"] == "heartbeat"
                self._changed.set()
        except ConnectionClosed:
            self.closed = True
            self._changed.set()

    async def until(self, count: int, *, beats: int = 0) -> None:
        """Wait for so many events, and heartbeats, in all."""
        async with asyncio.timeout(40):
            while (len(self.places) < count or self.beats < beats) and not self.closed:
                self._changed.clear()
                await self._changed.wait()
        assert not self.closed


@asynccontextmanager
async def collected(url: str, query: str = "") -> AsyncIterator[Collected]:
    """A stream that is live, being read."""
    async with subscribed(url, query) as stream:
        await stream.until("live")
        found = Collected(stream)
        task = asyncio.create_task(found.run())
        yield found
        task.cancel()


class Producing:
    """Sends evenly to all partitions until stopped; keeps what was acknowledged."""

    def __init__(self, bootstrap: str, topic: str, partitions: int) -> None:
        self._bootstrap, self._topic, self._partitions = bootstrap, topic, partitions
        self._stopping = False
        self.acked: dict[int, list[int]] = {number: [] for number in range(partitions)}

    async def run(self) -> None:
        """One batch after the other; the producer itself tries again while Kafka is away."""
        async with producing(self._bootstrap) as producer:
            while not self._stopping:
                batch = [
                    await producer.send(self._topic, event(n), partition=n % self._partitions)
                    for n in range(20)
                ]
                for record in await asyncio.gather(*batch):
                    self.acked[record.partition].append(record.offset)

    def stop(self) -> None:
        """No more batches."""
        self._stopping = True

    @property
    def count(self) -> int:
        """Acknowledged events."""
        return sum(map(len, self.acked.values()))


async def test_a_kafka_that_is_killed_while_broadcasting(
    mortal: Broker, start_publisher: StartPublisher
) -> None:
    topic = await _new_topic(mortal, "killed", partitions=2)
    publisher = start_publisher(topic, bootstrap=mortal.bootstrap)
    url = publisher.websocket_url
    generation = publisher.status()["generation"]
    producer = Producing(mortal.bootstrap, topic, 2)

    async with collected(url) as plain, collected(url, "type=message.*") as filtered:
        sending = asyncio.create_task(producer.run())
        await plain.until(500)
        await asyncio.to_thread(mortal.kill)
        killed_s = time.monotonic()
        beats = plain.beats
        async with subscribed(url, f"since=0:10,1:10@{generation}") as reconnected:
            hello = await reconnected.hello()
            from_memory = await reconnected.places(200)
        async with subscribed(url) as live_only:
            await live_only.until("live")
        cannot_tell = await outcome(url, "since=-1h")
        foreign = await outcome(url, "since=0:1@00000000")
        await plain.until(0, beats=beats + 4)
        await asyncio.sleep(max(0.0, killed_s + 4 - time.monotonic()))  # the outage's length
        before = len(plain.places)
        await asyncio.to_thread(mortal.start)
        await plain.until(before + 500)
        producer.stop()
        await asyncio.wait_for(sending, 30)
        await plain.until(producer.count)
        await filtered.until(producer.count)

    assert hello["cursor"] == f"0:10,1:10@{generation}"
    for partition in (0, 1):
        again = [offset for p, offset in from_memory if p == partition]
        assert again == list(range(10, 10 + len(again)))
    assert (cannot_tell.code, cannot_tell.problem["type"]) == (1013, "unavailable")
    assert cannot_tell.problem["retriable"] is True
    assert foreign.code == 4411
    for each in (plain, filtered):
        for partition in (0, 1):
            got = [offset for p, offset in each.places if p == partition]
            assert got == list(range(len(got))), "a gap, a repetition or another order"
            assert set(got) >= set(producer.acked[partition])
    assert publisher.readiness() == (200, [])
    assert publisher.complaints() == []


async def test_a_kafka_that_is_paused(mortal: Broker, start_publisher: StartPublisher) -> None:
    topic = await _new_topic(mortal, "paused")
    await store(mortal.bootstrap, topic, events(50))
    publisher = start_publisher(topic, bootstrap=mortal.bootstrap, kafka_timeout_s=1)
    url = publisher.websocket_url

    async with collected(url) as plain:
        mortal.pause()
        async with subscribed(url, "since=10") as reconnected:
            assert await reconnected.live() == [(0, offset) for offset in range(10, 50)]
        cannot_tell = await outcome(url, "since=earliest&until=now")
        ahead = await outcome(url, "since=51")
        mortal.resume()
        await store(mortal.bootstrap, topic, events(5))
        await plain.until(5)

    assert (cannot_tell.code, cannot_tell.problem["type"]) == (1013, "unavailable")
    assert (ahead.code, ahead.problem["type"]) == (1013, "unavailable")
    assert plain.places == [(0, offset) for offset in range(50, 55)]
    assert publisher.complaints() == []


async def test_a_replay_from_kafka_waits_for_it_to_come_back(
    mortal: Broker, start_publisher: StartPublisher
) -> None:
    topic = await _new_topic(mortal, "cold")
    await store(mortal.bootstrap, topic, events(5000))
    publisher = start_publisher(topic, bootstrap=mortal.bootstrap, prefill=0)

    await asyncio.to_thread(mortal.kill)
    async with subscribed(publisher.websocket_url, "since=100") as stream:
        await stream.hello()
        beats = [await stream.until("heartbeat"), await stream.until("heartbeat")]
        await asyncio.to_thread(mortal.start)
        replayed = await stream.live()

    assert [len(each) for each in beats] == [1, 1], "no events without Kafka"
    assert beats[1][0]["behind"] == 4900
    assert replayed == [(0, offset) for offset in range(100, 5000)]


async def test_a_start_without_kafka_and_without_the_topic(
    mortal: Broker, make_publisher: StartPublisher
) -> None:
    topic = f"later-{free_ports(1)[0]}"
    await asyncio.to_thread(mortal.kill)
    publisher = make_publisher(topic, bootstrap=mortal.bootstrap, kafka_timeout_s=2)
    publisher.launch()
    publisher.wait_reason("no-broker")
    assert publisher.answer("/healthz").status_code == 200
    assert publisher.status()["tip"] is None
    with pytest.raises(InvalidStatus) as program:
        await connect(publisher.websocket_url, proxy=None)
    browser = await outcome(publisher.websocket_url, origin=publisher.http_url)

    await asyncio.to_thread(mortal.start)
    publisher.wait_reason("no-topic", timeout_s=20)
    assert topic in publisher.answer("/readyz").json()["reasons"][0]["detail"]

    await asyncio.sleep(1)  # what must not happen has no moment to wait for
    present = {found.topic for found in await partition_ranges(mortal.bootstrap)}
    assert topic not in present, "asking for it must not create it"

    await create_topic(mortal.bootstrap, topic, 1, LOG_APPEND_TIME)
    await store(mortal.bootstrap, topic, events(3))
    publisher.wait_until_ready()
    ended = await outcome(publisher.websocket_url, "since=earliest&until=now")

    refused = program.value.response
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert b'"type":"unavailable"' in (refused.body or b"")
    assert (browser.code, browser.problem["type"]) == (1013, "unavailable")
    assert len(ended.events) == 3
    assert publisher.complaints() == []


@pytest.mark.parametrize("how", ["killed", "paused"])
async def test_a_publisher_that_is_told_to_stop_while_kafka_is_away_stops(
    mortal: Broker, start_publisher: StartPublisher, how: str
) -> None:
    topic = await _new_topic(mortal, "stopping")
    publisher = start_publisher(topic, bootstrap=mortal.bootstrap, instance=None, drain_s=4)

    async with AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(subscribed(publisher.websocket_url)) for _ in range(20)
        ]
        for stream in streams:
            await stream.until("live")
        await asyncio.to_thread(mortal.kill if how == "killed" else mortal.pause)
        publisher.terminate()
        begun_s = time.monotonic()
        ends = await asyncio.gather(*[stream.rest() for stream in streams])
        status = await asyncio.to_thread(publisher.wait, 15)
        took_s = time.monotonic() - begun_s

    assert took_s < 10
    assert {each.code for each in ends} == {4001}
    assert status == 0
    assert publisher.complaints() == []
