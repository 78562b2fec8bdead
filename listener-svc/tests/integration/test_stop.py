"""SIGTERM: what was accepted is flushed and answered, then the clients are told."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import orjson
import pytest
from listener_fakes.running import Answers, RunningListener, event, parsed, read_topic
from websockets.exceptions import ConnectionClosed

from local_kafka.broker import Broker
from local_kafka.pytest_plugin import TopicFactory
from local_kafka.topics import LOG_APPEND_TIME, create_topic

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]

RunListener = Callable[..., RunningListener]


async def test_accepted_events_are_answered_before_the_close(
    run_listener: RunListener, kafka_bootstrap: str, kafka_topic: TopicFactory
) -> None:
    topic = kafka_topic()
    listener = run_listener(kafka_bootstrap, topic)
    await listener.wait_ready()
    async with listener.connect() as connection:
        answers = Answers(connection)

        async def produce() -> None:
            with contextlib.suppress(ConnectionClosed):
                for number in range(10**9):
                    await connection.send(event(str(number)))
                    if number % 20 == 0:
                        await asyncio.sleep(0)  # send alone never lets the answers be read

        producing = asyncio.create_task(produce())
        await answers.wait(1000)
        began = time.monotonic()
        listener.terminate()
        assert await answers.ended() == 1012
        assert await listener.exit_status() == 0
        assert time.monotonic() - began < 10
        await producing
    outcomes = answers.outcomes()
    stored = [parsed(record)["id"] for record in await read_topic(kafka_bootstrap, topic)]
    assert set(outcomes) == {"ack"}
    assert sorted(stored) == sorted(outcomes["ack"])
    assert sorted(answers.by_ref) == list(range(len(answers.by_ref))), "none without an answer"


async def test_a_stop_that_was_ordered_is_no_reason_to_warn(
    run_listener: RunListener, kafka_bootstrap: str, kafka_topic: TopicFactory
) -> None:
    listener = run_listener(kafka_bootstrap, kafka_topic())
    await listener.wait_ready()
    async with listener.connect() as connection:
        answers = Answers(connection)
        await connection.send(event("last"))
        await answers.wait(1)
        listener.terminate()
        assert await answers.ended() == 1012
    assert await listener.exit_status() == 0
    said = [orjson.loads(line) for line in listener.log().splitlines()]
    assert [line for line in said if line["level"] not in ("debug", "info")] == []
    assert "Kafka is ready" in {line["event"] for line in said}


async def test_it_stops_in_time_also_while_kafka_is_paused(
    run_listener: RunListener, own_broker: Broker
) -> None:
    await asyncio.to_thread(own_broker.start)
    await create_topic(own_broker.bootstrap, "stop", 1, LOG_APPEND_TIME)
    listener = run_listener(own_broker.bootstrap, "stop", drain_timeout_s=2, batch_bytes=1024)
    await listener.wait_ready()
    async with listener.connect() as connection:
        answers = Answers(connection)
        await connection.send(event("first"))
        await answers.wait(1)
        own_broker.pause()
        try:
            for number in range(100):
                await connection.send(event(str(number)))
            await connection.ping()
            began = time.monotonic()
            listener.terminate()
            assert await answers.ended() == 1012
            assert await listener.exit_status() == 0
            assert time.monotonic() - began < 10
        finally:
            own_broker.resume()
    outcomes = answers.outcomes()
    assert outcomes["outcome-unknown"]
    assert outcomes["unavailable"]
    assert sum(len(ids) for ids in outcomes.values()) == len(answers.by_ref)
    stored = [parsed(record)["id"] for record in await read_topic(own_broker.bootstrap, "stop")]
    assert not outcomes["unavailable"] & set(stored)
