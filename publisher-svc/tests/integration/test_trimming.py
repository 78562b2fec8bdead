"""DeleteRecords: what Kafka no longer retains is told, never skipped, and soon not served."""

from __future__ import annotations

import pytest

from local_kafka.pytest_plugin import TopicFactory
from local_kafka.trimming import All, Before, trim
from support.fixtures import StartPublisher
from support.records import events, store
from support.slow import SlowReader
from support.stream import outcome

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]


@pytest.mark.parametrize("prefill", [0, 1000], ids=["from Kafka", "from memory"])
async def test_trimmed_records_are_refused_at_once_and_go_from_memory_soon(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, prefill: int
) -> None:
    topic = kafka_topic(partitions=2)
    await store(kafka_bootstrap, topic, events(100))
    await store(kafka_bootstrap, topic, events(50), partition=1)
    publisher = start_publisher(topic, prefill=prefill, bounds_s=0.2)
    url = publisher.websocket_url
    before = await outcome(url, "since=0:10,1:0&until=now")

    await trim(kafka_bootstrap, topic, Before(40), 0)
    refused = await outcome(url, "since=0:39,1:50")
    partial = await outcome(url, "since=0:10&on_expired=earliest&until=now")
    edge = await outcome(url, "since=0:40,1:50&until=now")
    whole = await outcome(url, "since=earliest&until=now")
    publisher.wait_that(lambda: publisher.status()["earliest"].startswith("0:40,"), "told")
    await trim(kafka_bootstrap, topic, All())
    publisher.wait_that(lambda: publisher.status()["earliest"].startswith("0:100,1:50@"), "told")
    after = await outcome(url, "since=0:99,1:50")
    nothing = await outcome(url, "since=earliest&until=now")
    reached = await outcome(url, "since=-1h&until=now")

    generation = publisher.status()["generation"]
    assert len(before.events) == 140
    assert (refused.code, refused.problem["earliest"]) == (4410, f"0:40,1:0@{generation}")
    assert partial.frames[0]["expired"] == {"0": 10}
    assert sorted(partial.events) == sorted(whole.events)
    assert [offset for p, offset in whole.events if p == 0] == list(range(40, 100))
    assert edge.events == [(0, offset) for offset in range(40, 100)]
    assert (after.code, after.problem["earliest"]) == (4410, f"0:100,1:50@{generation}")
    assert (nothing.code, nothing.events) == (1000, [])
    assert (reached.frames[0]["truncated"], reached.events) == (True, [])


@pytest.mark.parametrize("prefill", [0, 10_000], ids=["from Kafka", "from memory"])
async def test_retention_that_overtakes_a_slow_replay_is_told(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, prefill: int
) -> None:
    topic = kafka_topic()
    padding = "x" * 4000
    await store(kafka_bootstrap, topic, events(5000, padding=padding))
    publisher = start_publisher(topic, prefill=prefill, bounds_s=0.2)

    async with SlowReader.open(publisher.port, "since=0") as slow:
        publisher.wait_that(slow.is_full, "the reader's socket is full")
        await trim(kafka_bootstrap, topic, Before(4990))
        publisher.wait_that(
            lambda: publisher.status()["earliest"].startswith("0:4990@"), "trimmed here too"
        )
        offsets, code, last = await slow.drain()

    assert offsets == list(range(len(offsets)))
    assert 0 < len(offsets) < 4990
    assert last["problem"]["type"] == "cursor-expired"
    assert last["problem"]["earliest"] == f"0:4990@{publisher.status()['generation']}"
    assert code == 4410
    assert publisher.complaints() == []
