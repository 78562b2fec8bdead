"""Kafka killed, paused, absent: what was answered is true."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import httpx
import pytest
from listener_fakes.running import (
    PASSWORD,
    USER,
    Answers,
    RunningListener,
    event,
    parsed,
    read_topic,
    until,
)

from local_kafka.broker import Broker
from local_kafka.topics import LOG_APPEND_TIME, create_topic

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

RunListener = Callable[..., RunningListener]

TOPIC = "away"


async def start(broker: Broker) -> str:
    await asyncio.to_thread(broker.start)
    await create_topic(broker.bootstrap, TOPIC, 1, LOG_APPEND_TIME)
    return broker.bootstrap


async def stored_ids(bootstrap: str) -> Counter[str]:
    records = await read_topic(bootstrap, TOPIC)
    return Counter(parsed(record)["id"] for record in records)


async def test_killed_for_seconds_under_load(run_listener: RunListener, own_broker: Broker) -> None:
    bootstrap = await start(own_broker)
    listener = run_listener(bootstrap, TOPIC, queue_timeout_s=3, max_in_flight=500)
    await listener.wait_ready()
    sent = 0
    stop = asyncio.Event()
    async with listener.connect() as connection:
        answers = Answers(connection)

        async def produce() -> None:
            nonlocal sent
            while not stop.is_set():
                await connection.send(event(str(sent)))
                sent += 1
                if sent % 20 == 0:
                    await asyncio.sleep(0.005)

        producing = asyncio.create_task(produce())
        await answers.wait(500)
        await asyncio.to_thread(own_broker.kill)
        await until(listener.reasons, 15)
        await asyncio.sleep(5)  # the length of the outage is what is tested
        await asyncio.to_thread(own_broker.start)
        await listener.wait_ready(30)
        acked = len(answers.outcomes()["ack"])
        await until(lambda: len(answers.outcomes()["ack"]) > acked + 500, 30)
        stop.set()
        await producing
        await answers.wait(sent, 40)
    outcomes = answers.outcomes()
    unknown = outcomes.get("outcome-unknown", set())
    unavailable = outcomes.get("unavailable", set())
    assert set(outcomes) <= {"ack", "unavailable", "outcome-unknown"}
    assert unavailable, "the outage was longer than the queue timeout"
    stored = await stored_ids(bootstrap)
    assert not outcomes["ack"] - set(stored), "an acked event is missing"
    assert not unavailable & set(stored), "an unavailable event was stored"
    twice = {id_ for id_, count in stored.items() if count > 1}
    assert not twice - unknown
    assert len(outcomes["ack"] | unavailable | unknown) == sent


async def test_paused_for_longer_than_a_delivery_may_take(
    run_listener: RunListener, own_broker: Broker
) -> None:
    """Also back-pressure: a producer that sends on meanwhile is not read beyond its window."""
    bootstrap = await start(own_broker)
    listener = run_listener(
        bootstrap,
        TOPIC,
        queue_timeout_s=2,
        delivery_timeout_s=3,
        request_timeout_s=2,
        max_in_flight=50,
        batch_bytes=4096,
    )
    await listener.wait_ready()
    async with listener.connect() as connection:
        answers = Answers(connection)
        await connection.send(event("first"))
        await answers.wait(1)
        own_broker.pause()
        try:
            flood = asyncio.create_task(_send_all(connection.send, 20_000))
            await until(lambda: len(answers.by_ref) > 50, 15)
            status = (await listener.get("/status")).json()
            assert status["connections"]["in_flight"] <= 50
            assert not flood.done(), "the socket was read although nothing was stored"
            await until(listener.reasons, 15)
        finally:
            own_broker.resume()
        await asyncio.wait_for(flood, 40)
        await answers.wait(20_001, 40)
        await listener.wait_ready()
    outcomes = answers.outcomes()
    assert outcomes["outcome-unknown"], "what was in Kafka's hands"
    assert outcomes["unavailable"], "what waited behind it"
    stored = await stored_ids(bootstrap)
    assert not outcomes["ack"] - set(stored)
    assert not outcomes["unavailable"] & set(stored)
    assert max(stored.values()) == 1
    metrics = (await listener.get("/metrics")).text
    assert 'broadcaster_listener_late_batches_total{outcome="stored"} ' in metrics


async def _send_all(send: Callable[[str], object], count: int) -> None:
    for number in range(count):
        await send(event(str(number), text="z" * 200))  # type: ignore[misc]


async def test_started_before_kafka_and_before_the_topic(
    run_listener: RunListener, own_broker: Broker
) -> None:
    listener = run_listener(own_broker.bootstrap, TOPIC)
    await until(lambda: _because(listener, "kafka-unreachable"))
    async with listener.connect() as connection:
        answers = Answers(connection)
        await connection.send(event("early"))
        await answers.wait(1)
        assert answers.outcomes() == {"unavailable": {"early"}}
        async with httpx.AsyncClient(auth=(USER, PASSWORD)) as client:
            posted = await client.post(f"{listener.http}/events", json={"text": "x"})
        assert posted.status_code == 503
        assert int(posted.headers["retry-after"]) > 0

        await asyncio.to_thread(own_broker.start)
        await until(lambda: _because(listener, "topic-missing"), 20)
        await connection.send(event("still early"))
        await answers.wait(2)
        assert answers.by_ref[1]["problem"]["type"] == "unavailable"
        assert "topic-missing" in answers.by_ref[1]["problem"]["detail"]

        await create_topic(own_broker.bootstrap, TOPIC, 1, LOG_APPEND_TIME)
        await listener.wait_ready()
        await connection.send(event("in time"))
        await answers.wait(3)
    assert answers.by_ref[2]["type"] == "ack"
    assert set(await stored_ids(own_broker.bootstrap)) == {"in time"}


async def _because(listener: RunningListener, reason: str) -> bool:
    return await listener.reasons() == [reason]
