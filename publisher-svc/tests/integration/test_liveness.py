"""An instance that cannot follow says why, heals by itself, or leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from local_kafka.broker import Broker
from local_kafka.ports import free_ports
from local_kafka.topics import LOG_APPEND_TIME, create_topic
from support.fixtures import StartPublisher
from support.proxy import Proxy
from support.publisher import Publisher, eventually
from support.records import events, store
from support.stream import subscribed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(90)]


async def _new_topic(broker: Broker, name: str, partitions: int = 1) -> str:
    topic = f"{name}-{free_ports(1)[0]}"
    await create_topic(broker.bootstrap, topic, partitions, LOG_APPEND_TIME)
    return topic


@pytest.mark.parametrize("partitions", [1, 3])
async def test_of_two_that_start_in_the_same_moment_the_later_leaves(
    own_broker: Broker, make_publisher: StartPublisher, partitions: int
) -> None:
    topic = await _new_topic(own_broker, "same-moment", partitions)
    await store(own_broker.bootstrap, topic, events(5))
    same: dict[str, Any] = {
        "bootstrap": own_broker.bootstrap,
        "instance": "double",
        "session_ms": 2000,
    }
    both: list[Publisher] = [make_publisher(topic, **same) for _ in range(2)]
    for each in both:
        each.launch()

    def one_left() -> bool:
        return any(each.returncode is not None for each in both)

    await asyncio.to_thread(eventually, one_left, "one of the two leaves", timeout_s=25)
    (left,) = [each for each in both if each.returncode is not None]
    (stays,) = [each for each in both if each is not left]
    await asyncio.to_thread(stays.wait_until_ready, 20)
    async with subscribed(stays.websocket_url, "since=earliest") as stream:
        assert len(await stream.live()) == 5

    assert left.returncode == 1
    said = [line for line in left.log_lines() if line.get("code") == "twin-instance"]
    assert len(said) == 1
    assert "PUBLISHER_INSTANCE" in said[0]["event"]


async def test_a_stranger_in_the_group_leaves_it_incomplete_and_closed_to_newcomers(
    own_broker: Broker, start_publisher: StartPublisher
) -> None:
    topic = await _new_topic(own_broker, "stranger", 2)
    publisher = start_publisher(topic, bootstrap=own_broker.bootstrap)
    stranger = AIOKafkaConsumer(
        topic, bootstrap_servers=own_broker.bootstrap, group_id=publisher.group
    )

    await stranger.start()
    try:
        await asyncio.to_thread(publisher.wait_reason, "incomplete-assignment", timeout_s=20)
        with pytest.raises(InvalidStatus) as refused:
            await connect(publisher.websocket_url, proxy=None)
    finally:
        await stranger.stop()
    await asyncio.to_thread(publisher.wait_until_ready, 20)

    assert refused.value.response.status_code == 503
    assert publisher.returncode is None


@pytest.fixture
async def through_proxy(tmp_path: Path) -> AsyncIterator[tuple[Broker, Proxy]]:
    """A broker that sends everybody who comes through the proxy back to it."""
    port, controller, inner = free_ports(3)
    proxy = await Proxy(inner).start()
    local = "127.0.0.1"
    properties = {
        "listeners": f"PLAINTEXT://{local}:{port},CONTROLLER://{local}:{controller},"
        f"PROXIED://{local}:{inner}",
        "advertised.listeners": f"PLAINTEXT://{local}:{port},PROXIED://{local}:{proxy.port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
        "PROXIED:PLAINTEXT",
    }
    broker = Broker(tmp_path / "proxied", port, controller, properties=properties)
    await asyncio.to_thread(broker.start)
    yield broker, proxy
    await asyncio.to_thread(broker.kill)
    await proxy.close()


async def test_a_consumer_that_stands_still_is_started_again(
    through_proxy: tuple[Broker, Proxy], start_publisher: StartPublisher
) -> None:
    """Its connections lead nowhere and no reset comes; new ones work."""
    broker, proxy = through_proxy
    topic = await _new_topic(broker, "stuck")
    publisher = await asyncio.to_thread(
        start_publisher,
        topic,
        bootstrap=f"127.0.0.1:{proxy.port}",
        stuck_s=2,
        bounds_s=0.3,
        kafka_timeout_s=0.5,
    )

    async with subscribed(publisher.websocket_url) as stream:
        await stream.until("live")
        for link in list(proxy.links):
            link.swallow()
        await store(broker.bootstrap, topic, events(3))
        got = [frame["offset"] for frame in await stream.events(3, timeout_s=30)]
    await asyncio.to_thread(publisher.wait_until_ready, 10)

    assert got == [0, 1, 2]
    assert publisher.status()["consumer_restarts"] >= 1
    assert [line["event"] for line in publisher.log_lines() if line["level"] == "error"] == [
        "the live consumer is stuck"
    ]


async def test_a_kafka_that_does_not_answer_is_a_reason_and_nobody_is_sent_away(
    through_proxy: tuple[Broker, Proxy], start_publisher: StartPublisher
) -> None:
    broker, proxy = through_proxy
    topic = await _new_topic(broker, "silent")
    publisher = await asyncio.to_thread(
        start_publisher,
        topic,
        bootstrap=f"127.0.0.1:{proxy.port}",
        bounds_s=0.3,
        kafka_timeout_s=0.5,
    )

    async with subscribed(publisher.websocket_url) as stream:
        await stream.until("live")
        proxy.swallow()
        await asyncio.to_thread(publisher.wait_reason, "no-broker")
        proxy.heal()
        await asyncio.to_thread(publisher.wait_until_ready, 20)
        await store(broker.bootstrap, topic, events(1))
        await stream.events(1)

    assert publisher.status()["consumer_restarts"] == 0


async def test_a_session_that_the_brokers_do_not_allow_ends_the_process_and_says_so(
    own_broker: Broker, make_publisher: StartPublisher
) -> None:
    topic = await _new_topic(own_broker, "session")
    publisher = make_publisher(topic, bootstrap=own_broker.bootstrap, session_ms=10_000_000)
    publisher.launch()
    status = await asyncio.to_thread(publisher.wait, 20)

    assert status == 1
    assert "PUBLISHER_SESSION_MS" in publisher.complaints()[-1]
