"""Instances: their groups as operators see them, twins, restarts, and how they leave."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from local_kafka.broker import Broker
from local_kafka.groups import Group, consumer_groups
from local_kafka.ports import free_ports
from local_kafka.pytest_plugin import TopicFactory
from local_kafka.topics import LOG_APPEND_TIME, create_topic
from local_kafka.waiting import run_apart
from support.fixtures import StartPublisher
from support.records import events, store
from support.stream import Stream, subscribed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]


def _groups(bootstrap: str, prefix: str) -> dict[str, Group]:
    return {group.name: group for group in run_apart(consumer_groups(bootstrap, prefix))}


async def test_members_commits_and_lag_are_visible_with_kafkas_own_means(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic(partitions=2)
    await store(kafka_bootstrap, topic, events(10))
    publisher = start_publisher(topic, instance="visible")
    await store(kafka_bootstrap, topic, events(5), partition=1)

    def committed() -> list[int | None]:
        return [
            at.committed
            for at in _groups(kafka_bootstrap, publisher.group)[publisher.group].positions
        ]

    publisher.wait_that(lambda: committed() == [10, 5], "commits", timeout_s=15)
    group = _groups(kafka_bootstrap, publisher.group)[publisher.group]

    assert publisher.group.endswith(".visible")
    (member,) = group.members
    assert "visible" in member.client_id
    assert [tp.partition for tp in member.partitions] == [0, 1]
    assert [at.lag for at in group.positions] == [0, 0]


@pytest.mark.parametrize("instance", [None, "stays"], ids=["ephemeral", "named"])
async def test_an_instance_that_leaves_deletes_its_group_only_if_it_is_ephemeral(
    kafka_bootstrap: str,
    kafka_topic: TopicFactory,
    start_publisher: StartPublisher,
    instance: str | None,
) -> None:
    topic = kafka_topic()
    publisher = start_publisher(topic, instance=instance)
    prefix = publisher.environment["PUBLISHER_GROUP_PREFIX"]

    def mine() -> list[str]:
        return list(_groups(kafka_bootstrap, prefix))

    while_running = mine()
    status = publisher.stop()

    assert status == 0
    assert len(while_running) == 1
    assert mine() == ([] if instance is None else while_running)
    assert publisher.complaints() == []


async def test_a_twin_gives_up_and_the_first_is_not_disturbed(
    own_broker: Broker,
    start_publisher: StartPublisher,
    make_publisher: StartPublisher,
) -> None:
    topic = f"twins-{free_ports(1)[0]}"
    await create_topic(own_broker.bootstrap, topic, 1, LOG_APPEND_TIME)
    quick: dict[str, Any] = {
        "bootstrap": own_broker.bootstrap,
        "instance": "double",
        "session_ms": 2000,
    }
    first = start_publisher(topic, **quick)

    async with subscribed(first.websocket_url) as stream:
        await stream.until("live")
        twin = make_publisher(topic, **quick)
        twin.launch()
        twin.wait_reason("twin-instance")
        with pytest.raises(InvalidStatus) as refused:
            await connect(twin.websocket_url, proxy=None)
        assert twin.wait(15) == 1
        await store(own_broker.bootstrap, topic, events(3))
        assert await stream.places(3) == [(0, 0), (0, 1), (0, 2)]

    assert refused.value.response.status_code == 503
    (said,) = [line for line in twin.log_lines() if line["level"] == "error"]
    assert said["code"] == "twin-instance"
    assert "double" in said["event"]
    assert "PUBLISHER_INSTANCE" in said["event"]
    assert first.readiness() == (200, [])
    assert first.status()["consumer_restarts"] == 0


async def test_an_instance_that_was_killed_is_back_under_its_name_soon(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, events(10))
    publisher = start_publisher(topic, instance="phoenix")

    publisher.kill()
    await store(kafka_bootstrap, topic, events(5))
    begun_s = time.monotonic()
    publisher.start(15)
    took_s = time.monotonic() - begun_s

    assert took_s < 13
    async with subscribed(publisher.websocket_url, "since=8") as stream:
        assert await stream.live() == [(0, offset) for offset in range(8, 15)]
    assert publisher.complaints() == []


async def _to_the_end(stream: Stream) -> tuple[list[str], int | None]:
    kinds: list[str] = []
    try:
        while True:
            kinds.append((await stream.next())["type"])
    except ConnectionClosed:
        return kinds, stream.connection.close_code


async def test_a_drain_fails_readiness_first_then_moves_everybody_and_exits_0(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, events(3))
    publisher = start_publisher(topic, drain_s=2, retry_after_ms=250)
    url = publisher.websocket_url
    generation = publisher.status()["generation"]

    streams = [subscribed(url) for _ in range(10)]
    opened = [await each.__aenter__() for each in streams]
    for stream in opened:
        await stream.until("live")
    begun_s = time.monotonic()
    publisher.terminate()
    publisher.wait_reason("draining", timeout_s=1.5)
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, proxy=None)
    ends = await asyncio.gather(*[_to_the_end(stream) for stream in opened])
    status = await asyncio.to_thread(publisher.wait, 10)
    took_s = time.monotonic() - begun_s
    for each in streams:
        await each.__aexit__(None, None, None)

    assert refused.value.response.status_code == 503
    assert status == 0
    assert took_s < 10
    assert {code for _, code in ends} == {4001}
    assert all(kinds[-1] == "moved" and kinds.count("moved") == 1 for kinds, _ in ends)
    moved = b'{"type":"moved","cursor":"0:3@%b","retry_after_ms":250}' % generation.encode()
    assert {stream.texts[-1] for stream in opened} == {moved}
    assert publisher.complaints() == []


async def test_a_stop_that_was_ordered_is_no_reason_to_warn(
    kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    publisher = start_publisher(kafka_topic(), drain_s=0, max_subscribers=100)
    reader, writer = await asyncio.open_connection("127.0.0.1", publisher.port)
    writer.write(
        b"GET /websocket HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    async with asyncio.timeout(10), subscribed(publisher.websocket_url) as stream:
        await reader.readuntil(b'"live"')
        await stream.until("live")
        publisher.terminate()
        assert (await stream.rest()).code == 4001
        await reader.readuntil(b'"moved"')  # and to the close that follows it says nothing
    assert await asyncio.to_thread(publisher.wait, 10) == 0
    writer.close()
    assert [line for line in publisher.log_lines() if line["level"] not in ("debug", "info")] == []
    assert publisher.log_lines("drained")
