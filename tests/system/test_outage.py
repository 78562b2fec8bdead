"""Kafka killed with -9 for five seconds while events are produced and broadcast."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_kafka.broker import Broker
from local_kafka.ports import free_ports
from local_kafka.topics import LOG_APPEND_TIME, create_topic
from support.oracle import judge, read_topic
from support.producer import SteadyProducer
from support.services import ListenerProcess, PublisherProcess, System
from support.subscriber import CheckingSubscriber

pytestmark = [pytest.mark.kafka, pytest.mark.system, pytest.mark.timeout(180)]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker that may be killed."""
    port, controller_port = free_ports(2)
    with Broker(tmp_path / "kafka", port, controller_port) as broker:
        yield broker


@pytest.fixture
def own_system(broker: Broker, tmp_path: Path) -> Iterator[System]:
    """Both services on that broker."""
    topic = "outage"
    asyncio.run(create_topic(broker.bootstrap, topic, 1, LOG_APPEND_TIME))
    listener = ListenerProcess(broker.bootstrap, topic, tmp_path)
    publisher = PublisherProcess(broker.bootstrap, topic, tmp_path)
    with listener.launch(), publisher.launch():
        listener.wait_until_ready()
        publisher.wait_until_ready()
        yield System(broker.bootstrap, topic, listener, publisher)


async def test_both_recover_and_every_acked_event_is_delivered_once(
    broker: Broker, own_system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    system = own_system
    subscribers = [CheckingSubscriber(system.publisher.websocket_url, "since=0") for _ in range(20)]
    for subscriber in subscribers:
        await subscriber.open()
    producer = SteadyProducer(system.listener.websocket_url, rate=500)
    producing = asyncio.ensure_future(producer.run())
    await _until(lambda: len(producer.answers.acked) > 1000, 20)
    broker.kill()
    await asyncio.sleep(5)  # the outage itself, not a wait for something
    await asyncio.to_thread(broker.start)
    acked_before = len(producer.answers.acked)
    await _until(lambda: len(producer.answers.acked) > acked_before + 1000, 40)
    producer.stop()
    answers = await producing
    await asyncio.to_thread(system.listener.wait_until_ready, 20)
    await asyncio.to_thread(system.publisher.wait_until_ready, 20)
    oracle = await read_topic(system.bootstrap, system.topic)
    await _until(lambda: all(each.notes.reached(oracle.ends) for each in subscribers), 30)
    for subscriber in subscribers:
        await subscriber.close()
    twice = oracle.stored_more_than_once()
    stored = set(oracle.ids.values())
    unavailable = {name for name, why in answers.nacked.items() if why == "unavailable"}
    with capsys.disabled():
        print(
            f"\noutage: {len(answers.sent)} sent, {len(answers.acked)} acked, {len(unavailable)} "
            f"unavailable, {len(answers.unknown)} unknown, {len(stored)} stored, "
            f"{len(twice)} stored twice"
        )
    assert [name for name, where in answers.acked.items() if oracle.ids.get(where) != name] == []
    assert unavailable & stored == set()
    assert set(twice) <= answers.unknown
    for each in subscribers:
        verdict = judge(oracle, each.notes.got, each.notes.start(), oracle.ends)
        assert verdict.is_clean, verdict
        assert len(each.notes.codes) == 1, "nobody was sent away"


async def _until(holds: object, timeout_s: float) -> None:
    assert callable(holds)
    async with asyncio.timeout(timeout_s):
        while not holds():
            await asyncio.sleep(0.05)
