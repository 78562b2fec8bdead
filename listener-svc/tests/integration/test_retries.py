"""Retries over every way in: one record, the first position; also while Kafka stands still."""

from __future__ import annotations

import asyncio
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
    until,
)

from local_kafka.broker import Broker
from local_kafka.pytest_plugin import TopicFactory
from local_kafka.topics import LOG_APPEND_TIME, create_topic

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(90)]

RunListener = Callable[..., RunningListener]

STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json"}


@pytest.fixture
def topic(kafka_topic: TopicFactory) -> str:
    return kafka_topic()


@pytest.fixture
async def listener(run_listener: RunListener, kafka_bootstrap: str, topic: str) -> RunningListener:
    running = run_listener(
        kafka_bootstrap, topic, users=f"{USER}:{PASSWORD} other:pwd", retry_window_s=300
    )
    await running.wait_ready()
    return running


@pytest.fixture
async def client(listener: RunningListener) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=listener.http, auth=(USER, PASSWORD), timeout=30
    ) as client:
        yield client


async def test_the_same_event_over_every_way_in_is_stored_once(
    listener: RunningListener, client: httpx.AsyncClient, kafka_bootstrap: str, topic: str
) -> None:
    async with listener.connect() as connection:
        answers = Answers(connection)
        await connection.send(event("e"))
        await connection.send(event("e"))
        await connection.send(f"[{event('e')},{event('f')}]")
        await answers.wait(4)
    posted = await client.post("/events", content=event("e"), headers=STRUCTURED)
    batch = await client.post("/events", content=f"[{event('e')},{event('e')}]", headers=BATCH)
    lines = await client.post(
        "/events", content=event("e"), headers={"content-type": "application/x-ndjson"}
    )
    first = {"type": "ack", "ref": 0, "id": "e", "partition": 0, "offset": 0}
    again = first | {"duplicate": True}
    assert answers.by_ref[0] == first
    assert answers.by_ref[1] == again | {"ref": 1}
    assert answers.by_ref[3]["offset"] == 1
    assert (posted.status_code, posted.json()) == (201, again)
    assert (batch.status_code, batch.json()["results"]) == (201, [again, again | {"ref": 1}])
    assert lines.text.splitlines()[0] == posted.text
    records = await read_topic(kafka_bootstrap, topic)
    assert [parsed(record)["id"] for record in records] == ["e", "f"]
    metrics = (await listener.get("/metrics")).text
    assert 'events_total{outcome="duplicate",transport="http"} 4.0' in metrics


async def test_another_source_or_another_producer_is_another_event(
    client: httpx.AsyncClient, kafka_bootstrap: str, topic: str
) -> None:
    await client.post("/events", content=event("e"), headers=STRUCTURED)
    await client.post("/events", content=event("e", source="/other"), headers=STRUCTURED)
    # else anybody could keep another one's events out by sending their ids first
    theirs = await client.post(
        "/events", content=event("e"), headers=STRUCTURED, auth=("other", "pwd")
    )
    assert "duplicate" not in theirs.json()
    assert len(await read_topic(kafka_bootstrap, topic)) == 3


async def test_what_was_refused_may_be_corrected_under_its_id(
    client: httpx.AsyncClient, kafka_bootstrap: str, topic: str
) -> None:
    wrong = await client.post("/events", content=event("e", text=""), headers=STRUCTURED)
    right = await client.post("/events", content=event("e"), headers=STRUCTURED)
    assert (wrong.status_code, right.status_code) == (400, 201)
    assert len(await read_topic(kafka_bootstrap, topic)) == 1


async def test_switched_off_everything_is_stored(
    run_listener: RunListener, kafka_bootstrap: str, topic: str
) -> None:
    listener = run_listener(kafka_bootstrap, topic, retry_window_s=0)
    await listener.wait_ready()
    async with httpx.AsyncClient(base_url=listener.http, auth=(USER, PASSWORD)) as client:
        for _ in range(2):
            await client.post("/events", content=event("e"), headers=STRUCTURED)
    assert len(await read_topic(kafka_bootstrap, topic)) == 2


async def test_while_kafka_stands_still_and_after_it(
    run_listener: RunListener, own_broker: Broker
) -> None:
    """In flight, then outcome-unknown, then known after all: stored once all the same."""
    await asyncio.to_thread(own_broker.start)
    await create_topic(own_broker.bootstrap, "retried", 1, LOG_APPEND_TIME)
    listener = run_listener(
        own_broker.bootstrap, "retried", delivery_timeout_s=2, queue_timeout_s=2
    )
    await listener.wait_ready()
    async with httpx.AsyncClient(
        base_url=listener.http, auth=(USER, PASSWORD), timeout=30
    ) as client:

        async def post() -> httpx.Response:
            return await client.post("/events", content=event("e"), headers=STRUCTURED)

        own_broker.pause()
        try:
            beside = await asyncio.gather(post(), post())
            assert {each.json()["type"] for each in beside} == {"outcome-unknown"}
            retry = await post()
            assert (retry.status_code, retry.json()["type"]) == (503, "outcome-unknown")
            assert "retry-after" in retry.headers
        finally:
            own_broker.resume()

        async def acked() -> bool:
            return (await post()).status_code == 201

        await until(acked, 30)
        last = await post()
    assert last.json()["duplicate"] is True
    records = await read_topic(own_broker.bootstrap, "retried")
    assert [(record.offset, parsed(record)["id"]) for record in records] == [(0, "e")]
    assert last.json()["offset"] == 0
