"""Rates per user on a real listener: what plain clients and the Python client see."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

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
)

from broadcaster.connection import BasicAuth
from broadcaster.delivery import Acked
from broadcaster.outgoing import Outgoing
from broadcaster.producer import Producer
from local_kafka.pytest_plugin import TopicFactory

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(90)]

RunListener = Callable[..., RunningListener]
BATCH = {"content-type": "application/cloudevents-batch+json"}


@pytest.fixture
def topic(kafka_topic: TopicFactory) -> str:
    return kafka_topic()


@pytest.fixture
async def listener(run_listener: RunListener, kafka_bootstrap: str, topic: str) -> RunningListener:
    running = run_listener(
        *(kafka_bootstrap, topic),
        users=f"{USER}:{PASSWORD} other:pwd",
        rate_events=100,
        rate_burst_s=0.5,
        rate_hold_s=1,
    )
    await running.wait_ready()
    return running


@pytest.fixture
async def client(listener: RunningListener) -> AsyncIterator[httpx.AsyncClient]:
    auth = (USER, PASSWORD)
    async with httpx.AsyncClient(base_url=listener.http, auth=auth, timeout=30) as client:
        yield client


async def test_a_client_with_a_window_is_slowed_to_its_rate_and_nothing_is_nacked(
    listener: RunningListener, kafka_bootstrap: str, topic: str
) -> None:
    url = f"ws://127.0.0.1:{listener.port}/websocket"
    names = [str(number) for number in range(250)]
    begun_s = time.monotonic()
    async with Producer(url, auth=BasicAuth(USER, PASSWORD), in_flight=40) as producer:
        waiting = [await producer.submit(Outgoing(event(n).encode(), n)) for n in names]
        results = await asyncio.gather(*waiting)
    assert time.monotonic() - begun_s >= (250 - 50) / 100 - 0.1
    assert all(isinstance(each, Acked) for each in results)
    stored = [parsed(record)["id"] for record in await read_topic(kafka_bootstrap, topic)]
    assert stored == names
    metrics = (await listener.get("/metrics")).text
    assert 'rate_holds_total{transport="websocket"}' in metrics
    assert "rate-exceeded" not in metrics


async def test_the_python_client_sends_again_what_was_nacked_for_its_rate(
    listener: RunningListener, kafka_bootstrap: str, topic: str
) -> None:
    url = f"ws://127.0.0.1:{listener.port}/websocket"
    names = [str(number) for number in range(300)]
    async with Producer(url, auth=BasicAuth(USER, PASSWORD), in_flight=300) as producer:
        waiting = [await producer.submit(Outgoing(event(n).encode(), n)) for n in names]
        results = await asyncio.gather(*waiting)
    assert all(isinstance(each, Acked) for each in results)
    stored = sorted(parsed(record)["id"] for record in await read_topic(kafka_bootstrap, topic))
    assert stored == sorted(names)
    metrics = (await listener.get("/metrics")).text
    assert 'outcome="rate-exceeded"' in metrics


async def test_a_plain_client_hears_pongs_and_an_answer_to_everything(
    listener: RunningListener,
) -> None:
    async with listener.connect() as connection:
        answers = Answers(connection)
        for number in range(400):
            await connection.send(event(str(number)))
        pong = await connection.ping()
        await asyncio.wait_for(pong, 1)
        await answers.wait(400)
        outcomes = answers.outcomes()
    assert set(outcomes) == {"ack", "rate-exceeded"}
    assert 100 <= len(outcomes["ack"]) <= 300


async def test_a_request_is_told_when_to_come_again_and_then_taken(
    listener: RunningListener, client: httpx.AsyncClient
) -> None:
    batch = f"[{','.join(event(str(number)) for number in range(200))}]"
    assert (await client.post("/events", content=batch, headers=BATCH)).status_code == 201
    refused = await client.post("/events", content=f"[{event('a')}]", headers=BATCH)
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "2"
    other = await client.post(
        "/events", content=f"[{event('b')}]", headers=BATCH, auth=("other", "pwd")
    )
    assert other.status_code == 201
    await asyncio.sleep(int(refused.headers["retry-after"]))
    again = await client.post("/events", content=f"[{event('a')}]", headers=BATCH)
    assert again.status_code == 201
    assert "producer held to its rate" in listener.log()
