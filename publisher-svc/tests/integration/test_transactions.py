"""Transactions: only what is committed is served, holes are passed, open ones are waited for.

Offsets: a transaction of n records takes n + 1; the last one is its control record.
"""

from __future__ import annotations

import asyncio

import pytest

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.records import event, events, producing, store, write
from support.stream import outcome, subscribed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]


async def _transact(
    bootstrap: str, topic: str, count: int, *, commit: bool, partition: int = 0
) -> None:
    async with producing(bootstrap, transactional_id=f"{topic}-{partition}-{commit}") as producer:
        await producer.begin_transaction()
        await write(producer, topic, events(count), partition=partition)
        await (producer.commit_transaction() if commit else producer.abort_transaction())


@pytest.mark.parametrize("prefill", [0, 1000], ids=["from Kafka", "from memory"])
async def test_committed_and_aborted_transactions_in_a_replay(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, prefill: int
) -> None:
    topic = kafka_topic()
    await _transact(kafka_bootstrap, topic, 3, commit=True)  # 0-2, control record 3
    await _transact(kafka_bootstrap, topic, 2, commit=False)  # 4-5, control record 6
    await store(kafka_bootstrap, topic, events(1))  # 7
    await _transact(kafka_bootstrap, topic, 1, commit=True)  # 8, control record 9
    publisher = start_publisher(topic, prefill=prefill)

    ended = await outcome(publisher.websocket_url, "since=earliest&until=now")
    beyond = await outcome(publisher.websocket_url, "since=3&until=7")

    assert ended.frames[-1]["cursor"].startswith("0:10@")
    assert ended.events == [(0, offset) for offset in (0, 1, 2, 7, 8)]
    assert (beyond.code, beyond.events) == (1000, [])


@pytest.mark.parametrize("commit", [True, False], ids=["committed", "aborted"])
async def test_a_stream_up_to_now_ends_at_a_control_record_even_if_another_partition_is_busy(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, commit: bool
) -> None:
    topic = kafka_topic(partitions=2)
    publisher = start_publisher(topic)
    stopping = asyncio.Event()

    async def keep_busy() -> None:
        async with producing(kafka_bootstrap) as producer:
            number = 0
            while not stopping.is_set():
                await producer.send_and_wait(topic, event(number), partition=0)
                number += 1

    async with subscribed(publisher.websocket_url) as live:
        await live.until("live")
        busy = asyncio.create_task(keep_busy())
        try:
            await live.events(20)
            await _transact(kafka_bootstrap, topic, 2, commit=commit, partition=1)
            ended = await outcome(publisher.websocket_url, "until=now&since=last:9999")
        finally:
            stopping.set()
            await busy

    assert ended.code == 1000
    assert [offset for partition, offset in ended.events if partition == 1] == (
        [0, 1] if commit else []
    )


async def test_an_open_transaction_is_waited_for_and_a_cursor_beyond_this_instances_tip_too(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, events(2))
    publisher = start_publisher(topic)
    url = publisher.websocket_url

    async with producing(kafka_bootstrap, transactional_id=topic) as producer:
        await producer.begin_transaction()
        await write(producer, topic, events(2))  # 2-3
        await store(kafka_bootstrap, topic, events(1))  # 4: acknowledged, and held back too
        async with (
            subscribed(url, "since=earliest") as live,
            subscribed(url, "since=0&until=now") as bounded,
            subscribed(url, "since=4") as ahead,
            subscribed(url, "since=5") as at_the_brokers_end,
            subscribed(url, "since=last:1") as last,
        ):
            assert await live.live() == [(0, 0), (0, 1)]
            hellos = [await each.hello() for each in (bounded, ahead, at_the_brokers_end, last)]
            beats = [(await each.until("heartbeat"))[-1] for each in (bounded, ahead, last)]
            refused = await outcome(url, "since=6")
            await producer.commit_transaction()  # control record 5
            await store(kafka_bootstrap, topic, events(1))  # 6
            rest = await bounded.rest()
            seen = [
                await live.places(4),
                await ahead.places(2),
                await at_the_brokers_end.places(1),
                await last.places(2),
            ]

    cursors = [each["cursor"].split("@")[0] for each in hellos]
    assert cursors == ["0:0", "0:4", "0:5", "0:4"]
    assert {each["tip"].split("@")[0] for each in hellos} == {"0:2"}
    assert [each["cursor"].split("@")[0] for each in beats] == ["0:2", "0:4", "0:4"]
    assert (refused.code, refused.problem["end"].split("@")[0]) == (4409, "0:5")
    assert (rest.code, rest.events) == (1000, [(0, 2), (0, 3), (0, 4)])
    assert seen == [
        [(0, 2), (0, 3), (0, 4), (0, 6)],
        [(0, 4), (0, 6)],
        [(0, 6)],
        [(0, 4), (0, 6)],
    ]


@pytest.mark.parametrize("prefill", [0, 1000], ids=["from Kafka", "from memory"])
async def test_a_publisher_that_starts_beside_an_open_transaction_serves(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, prefill: int
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, events(2))
    async with producing(kafka_bootstrap, transactional_id=topic) as producer:
        await producer.begin_transaction()
        await write(producer, topic, events(1))
        publisher = start_publisher(topic, prefill=prefill)
        url = publisher.websocket_url
        async with subscribed(url, "since=earliest") as stream, subscribed(url) as live:
            assert await stream.live() == [(0, 0), (0, 1)]
            assert await live.live() == []
            await producer.commit_transaction()
            assert await stream.places(1) == [(0, 2)]
            assert await live.places(1) == [(0, 2)]
