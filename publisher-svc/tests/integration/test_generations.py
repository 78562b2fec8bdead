"""A topic that is deleted and created again is another topic: told to all, served anew."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus

from local_kafka.pytest_plugin import TopicFactory
from local_kafka.topics import LOG_APPEND_TIME, create_topic, delete_topic
from support.fixtures import StartPublisher
from support.publisher import Publisher
from support.records import event, events, producing, store, write
from support.stream import Ended, outcome, subscribed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]


async def _recreate(
    bootstrap: str, topic: str, values: list[bytes], *, partitions: int = 1
) -> None:
    """Delete, create again as soon as Kafka allows, and fill."""
    await delete_topic(bootstrap, topic)
    await create_topic(bootstrap, topic, partitions, LOG_APPEND_TIME)
    async with producing(bootstrap) as producer:
        for partition in range(partitions):
            await write(producer, topic, values, partition=partition)


def _wait_for_another(publisher: Publisher, generation: str) -> str:
    def is_served() -> bool:
        status = publisher.status()
        return bool(status["ready"]) and status["generation"] != generation

    publisher.wait_that(is_served, "the new topic is served", timeout_s=20)
    found: str = publisher.status()["generation"]
    return found


async def _first_answer(url: str, query: str) -> Ended:
    """What a client gets that tries again while the instance is not ready."""
    while True:
        try:
            return await outcome(url, query)
        except InvalidStatus as refused:
            assert refused.response.status_code == 503  # noqa: PT017 - any other status fails


@pytest.mark.parametrize(
    ("before", "after"), [(20, 3), (3, 20), (5, 5)], ids=["shorter", "longer", "equal"]
)
async def test_a_recreated_topic_is_told_and_served_without_a_restart(
    kafka_bootstrap: str,
    kafka_topic: TopicFactory,
    start_publisher: StartPublisher,
    before: int,
    after: int,
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, events(before))
    publisher = start_publisher(topic, bounds_s=0.3)
    url = publisher.websocket_url
    old = publisher.status()["generation"]

    async with subscribed(url, "since=earliest") as live, subscribed(url, "type=x.y") as filtered:
        await live.until("live")
        await filtered.until("live")
        values = [event(f"new {number}") for number in range(after)]
        await _recreate(kafka_bootstrap, topic, values)
        told = [await live.rest(timeout_s=20), await filtered.rest(timeout_s=20)]
        at_once = await _first_answer(url, "since=earliest&until=now")
    new = _wait_for_another(publisher, old)
    stale = await outcome(url, f"since=0:1@{old}")
    again = await outcome(url, "since=earliest&until=now")

    for ended in told:
        assert (ended.code, ended.reason) == (4411, "cursor-foreign")
        assert ended.problem["type"] == "cursor-foreign"
    for ended in (at_once, again):
        assert ended.code == 1000
        assert ended.frames[0]["cursor"] == f"0:0@{new}"
        ids = [frame["event"]["id"] for frame in ended.frames if frame["type"] == "event"]
        assert ids == [f"new {number}" for number in range(after)]
    assert (stale.code, stale.problem["generation"]) == (4411, new)
    async with subscribed(url, "since=earliest") as stream:
        await stream.until("live")
        await store(kafka_bootstrap, topic, events(2))
        assert await stream.places(2) == [(0, after), (0, after + 1)]


async def test_an_end_below_the_tip_of_another_topic_is_not_taken_for_a_lost_end(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, events(20))
    publisher = start_publisher(topic, bounds_s=600)  # the live consumer sees it first

    async with subscribed(publisher.websocket_url) as live:
        await live.until("live")
        await _recreate(kafka_bootstrap, topic, events(3))
        ended = await live.rest(timeout_s=20)

    assert (ended.code, ended.reason) == (4411, "cursor-foreign")


async def test_a_recreated_topic_may_have_fewer_partitions(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic(partitions=3)
    await store(kafka_bootstrap, topic, events(3), partition=2)
    publisher = start_publisher(topic, bounds_s=0.3)
    old = publisher.status()["generation"]

    await _recreate(kafka_bootstrap, topic, events(4))
    _wait_for_another(publisher, old)
    ended = await outcome(publisher.websocket_url, "since=earliest&until=now")

    assert ended.events == [(0, offset) for offset in range(4)]
    assert publisher.returncode is None


async def test_nothing_of_the_old_topic_is_served_from_what_a_reader_had_fetched(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, [event(f"old {number}") for number in range(5000)])
    publisher = start_publisher(topic, prefill=0, bounds_s=3)
    url = publisher.websocket_url
    old = publisher.status()["generation"]
    first = await outcome(url, "since=0&until=500")  # what was fetched for it reaches further

    await _recreate(kafka_bootstrap, topic, [event(f"new {number}") for number in range(5000)])
    _wait_for_another(publisher, old)
    ended = await outcome(url, "since=1024&until=now")  # a block's beginning: where it goes on

    assert len(first.events) == 500
    ids = [frame["event"]["id"] for frame in ended.frames if frame["type"] == "event"]
    assert ids == [f"new {number}" for number in range(1024, 5000)]


async def test_a_deleted_topic_is_named_as_the_reason(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    publisher = start_publisher(topic, bounds_s=0.3)

    await delete_topic(kafka_bootstrap, topic)

    publisher.wait_reason("no-topic", timeout_s=20)
    assert topic in publisher.answer("/readyz").json()["reasons"][0]["detail"]
    await create_topic(kafka_bootstrap, topic, 1, LOG_APPEND_TIME)
    publisher.wait_that(lambda: publisher.readiness() == (200, []), "ready again", timeout_s=20)
    assert publisher.returncode is None
