"""Events through the real listener into real Kafka, read back with a plain consumer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest
from listener_fakes.running import (
    PASSWORD,
    USER,
    Answers,
    RunningListener,
    codecs_of,
    event,
    parsed,
    read_topic,
)
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from local_kafka.pytest_plugin import TopicFactory

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]

RunListener = Callable[..., RunningListener]


@pytest.fixture
def topic(kafka_topic: TopicFactory) -> str:
    return kafka_topic()


@pytest.fixture
async def listener(run_listener: RunListener, kafka_bootstrap: str, topic: str) -> RunningListener:
    running = run_listener(kafka_bootstrap, topic)
    await running.wait_ready()
    return running


async def ask(listener: RunningListener, *texts: str, query: str = "") -> dict[int, dict[str, Any]]:
    async with listener.connect(query) as connection:
        answers = Answers(connection)
        for text in texts:
            await connection.send(text)
        await answers.wait(len(texts))
        return answers.by_ref


async def test_the_walk_through(
    listener: RunningListener, kafka_bootstrap: str, topic: str
) -> None:
    answers = await ask(listener, "hello\n", "42", '{"a":1}')
    assert [answers[ref]["type"] for ref in range(3)] == ["ack", "ack", "nack"]
    assert [error["pointer"] for error in answers[2]["problem"]["errors"]] == ["/data"]
    records = await read_topic(kafka_bootstrap, topic)
    stored = [parsed(record) for record in records]
    assert [each["data"] for each in stored] == [{"text": "hello"}, {"text": "42"}]
    for ref, (record, each) in enumerate(zip(records, stored, strict=True)):
        assert answers[ref]["offset"] == record.offset
        assert answers[ref]["id"] == each["id"]
        assert each["source"] == "/producers/user"
        assert each["time"].endswith("Z")
        assert record.timestamp_type == 1  # LogAppendTime
        assert dict(record.headers) == {
            "content-type": b"application/cloudevents+json",
            "ce_type": b"message.posted",
            "ce_id": each["id"].encode(),
        }


async def test_three_violations_give_three_pointers_and_nothing_in_the_topic(
    listener: RunningListener, kafka_bootstrap: str, topic: str
) -> None:
    wrong = event(
        "w",
        type="order.placed",
        data={
            "id": 7,
            "customer": "c-1",
            "lines": [{"sku": "s", "quantity": 0, "price": "1.00"}],
            "currency": "euro",
            "placed_at": "2026-11-22T10:00:00Z",
        },
    )
    answers = await ask(listener, wrong)
    pointers = {error["pointer"] for error in answers[0]["problem"]["errors"]}
    assert {"/data/id", "/data/lines/0/quantity", "/data/currency"} <= pointers
    assert await read_topic(kafka_bootstrap, topic) == []


async def test_an_array_is_answered_event_by_event(
    listener: RunningListener, kafka_bootstrap: str, topic: str
) -> None:
    async with listener.connect() as connection:
        answers = Answers(connection)
        await connection.send(f"[{event('a')}, 7, {event('b', type='nope')}, {event('c')}]")
        await connection.send("[]")
        await answers.wait(5)
    kinds = [answers.by_ref[ref]["type"] for ref in range(5)]
    assert kinds == ["ack", "ack", "nack", "ack", "nack"]
    assert answers.by_ref[2]["problem"]["type"] == "unknown-type"
    assert answers.by_ref[4]["problem"]["type"] == "not-an-event"
    records = await read_topic(kafka_bootstrap, topic)
    assert [parsed(record)["data"]["text"] for record in records] == ["x", "7", "x"]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_batches_are_stored_in_the_codec_that_is_set(
    run_listener: RunListener, kafka_bootstrap: str, topic: str, codec: str
) -> None:
    listener = run_listener(kafka_bootstrap, topic, compression=codec)
    await listener.wait_ready()
    async with listener.connect() as connection:
        answers = Answers(connection)
        await connection.send("[" + ",".join(event(str(number)) for number in range(500)) + "]")
        await answers.wait(500)
    assert {answer["type"] for answer in answers.by_ref.values()} == {"ack"}
    records = await read_topic(kafka_bootstrap, topic)
    assert [parsed(record)["id"] for record in records] == [str(at) for at in range(500)]
    assert await codecs_of(kafka_bootstrap, topic) == {codec}


async def test_a_connection_keeps_its_order_within_each_partition(
    run_listener: RunListener, kafka_bootstrap: str, kafka_topic: TopicFactory
) -> None:
    topic = kafka_topic(partitions=3)
    listener = run_listener(kafka_bootstrap, topic, batch_bytes=4096)
    await listener.wait_ready()
    async with listener.connect() as connection:
        answers = Answers(connection)
        for number in range(3000):
            key = {"partitionkey": f"k{number % 7}"} if number % 2 else {}
            await connection.send(event(str(number), **key))
        await answers.wait(3000)
    records = await read_topic(kafka_bootstrap, topic)
    assert len(records) == 3000
    partitions_of_keys: dict[bytes, set[int]] = {}
    newest = {0: -1, 1: -1, 2: -1}
    for record in records:
        number = int(parsed(record)["id"])
        assert number > newest[record.partition]
        newest[record.partition] = number
        answer = answers.by_ref[number]
        assert (answer["partition"], answer["offset"]) == (record.partition, record.offset)
        if record.key is not None:
            partitions_of_keys.setdefault(record.key, set()).add(record.partition)
    assert all(at >= 0 for at in newest.values())
    assert len(partitions_of_keys) == 7
    assert all(len(found) == 1 for found in partitions_of_keys.values())


async def test_http_takes_one_event_a_request(
    listener: RunningListener, kafka_bootstrap: str, topic: str
) -> None:
    async with httpx.AsyncClient(base_url=listener.http, auth=(USER, PASSWORD)) as client:
        structured = {"content-type": "application/cloudevents+json"}
        posted = await client.post("/events", content=event("a"), headers=structured)
        assert posted.status_code == 201
        assert posted.json() == {"type": "ack", "ref": 0, "id": "a", "partition": 0, "offset": 0}
        data = await client.post("/events", params={"as": "message.posted"}, json={"text": "b"})
        assert data.status_code == 201
        binary = {"ce-specversion": "1.0", "ce-id": "c", "ce-type": "message.posted"}
        assert (await client.post("/events", json={"text": "c"}, headers=binary)).status_code == 201
        wrong = await client.post("/events", content=event("d", text=""), headers=structured)
        plain = await client.post("/events", content="x", headers={"content-type": "text/plain"})
        typo = await client.post("/events", params={"az": "x"}, json={"text": "b"})
        stranger = await client.post("/events", json={"text": "b"}, auth=("user", "wrong"))
        foreign = await client.post("/events", json={}, headers={"origin": "https://evil.example"})
    refusals = [wrong, plain, typo, stranger, foreign]
    assert [each.status_code for each in refusals] == [400, 415, 400, 401, 403]
    assert all(each.headers["content-type"] == "application/problem+json" for each in refusals)
    assert stranger.headers["www-authenticate"].startswith("Basic")
    records = await read_topic(kafka_bootstrap, topic)
    assert len(records) == 3
    assert parsed(records[2])["id"] == "c"


async def test_an_event_beyond_the_topics_limit_is_refused_alone(
    run_listener: RunListener, kafka_bootstrap: str, kafka_topic: TopicFactory
) -> None:
    """The setting allows more than the topic: the batch is split until only that event is left."""
    topic = kafka_topic(max_message_bytes=10_000)
    listener = run_listener(kafka_bootstrap, topic)
    await listener.wait_ready()
    texts = [event(str(number), text="y" * 400) for number in range(60)]
    texts[30] = event("30", type="order.placed", data={"x": "y" * 20_000})  # refused by contract
    texts[31] = event("31", subject="s" * 12_000)
    async with listener.connect() as connection:
        answers = Answers(connection)
        await connection.send("[" + ",".join(texts) + "]")
        await answers.wait(60, 30)
    outcomes = answers.outcomes()
    assert outcomes["too-large"] == {"31"}
    assert outcomes["contract-violation"] == {"30"}
    assert len(outcomes["ack"]) == 58
    records = await read_topic(kafka_bootstrap, topic)
    assert sorted(parsed(record)["id"] for record in records) == sorted(outcomes["ack"])


async def test_operators_pages(listener: RunningListener) -> None:
    await ask(listener, event("a"), "no")
    metrics = (await listener.get("/metrics")).text
    assert (
        'broadcaster_listener_events_total{outcome="stored",transport="websocket"} 2.0' in metrics
    )
    assert (await listener.get("/status")).json()["kafka"]["state"] == "ready"
    assert (await listener.get("/healthz")).status_code == 200
    contracts = (await listener.get("/contracts")).json()["contracts"]
    assert "message.posted" in {each["type"] for each in contracts}
    schema = await listener.get("/contracts/message.posted/1")
    assert schema.json()["type"] == "object"
    assert (await listener.get("/contracts/message.posted/9")).status_code == 404
    assert (await listener.get("/asyncapi.json")).json()["asyncapi"].startswith("3.")
    assert (await listener.get("/nothing")).json()["type"] == "not-found"
    await asyncio.sleep(0)
    assert "hello" not in listener.log()


async def test_where_there_is_no_websocket_and_where_one_is_needed(
    listener: RunningListener,
) -> None:
    with pytest.raises(InvalidStatus) as elsewhere:
        await connect(f"ws://127.0.0.1:{listener.port}/nothing", proxy=None)
    refused = elsewhere.value.response
    assert refused.status_code == 404
    assert refused.headers["content-type"] == "application/problem+json"
    assert orjson.loads(refused.body or b"")["type"] == "not-found"
    plain = await listener.get("/websocket")
    assert (plain.status_code, plain.headers["upgrade"]) == (426, "websocket")
    assert plain.json()["type"] == "upgrade-required"
    assert "ws://" in plain.json()["detail"]
    assert '"error"' not in listener.log()
