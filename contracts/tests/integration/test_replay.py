"""`contracts replay` before a real Kafka."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from typer.testing import CliRunner

from contracts import cli
from local_kafka.pytest_plugin import TopicFactory

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]

Replay = Callable[..., tuple[int, list[str]]]


def event(text: Any, **members: Any) -> bytes:
    whole = {"specversion": "1.0", "id": "i", "source": "/s", "type": "message.posted"}
    return json.dumps({**whole, "data": {"text": text}, **members}).encode()


async def produce(bootstrap: str, topic: str, *records: tuple[int, bytes | None]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        for partition, value in records:
            await producer.send_and_wait(topic, value, key=b"k", partition=partition)


@pytest.fixture
def replay(kafka_bootstrap: str) -> Replay:
    def run(topic: str, *arguments: str) -> tuple[int, list[str]]:
        place = ["--bootstrap", kafka_bootstrap, "--topic", topic]
        result = CliRunner().invoke(cli.app, ["replay", "message.posted", *place, *arguments])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output.splitlines()

    return run


@pytest.fixture
def candidate(tmp_path: Path) -> str:
    schema = {
        "type": "object",
        "required": ["text"],
        "properties": {"text": {"type": "string", "maxLength": 5}},
        "additionalProperties": False,
    }
    file = tmp_path / "next.json"
    file.write_text(json.dumps(schema), encoding="utf-8")
    return str(file)


def test_the_first_offenders_by_partition_and_offset(
    kafka_bootstrap: str, kafka_topic: TopicFactory, replay: Replay, candidate: str
) -> None:
    topic = kafka_topic(partitions=2)
    records = [
        (0, event("short")),
        (0, event("a longer secret", dataschema="https://x/message.posted/1")),
        (0, None),
        (0, b"no event"),
        (1, event("ok", type="other")),
        (1, event(5)),
        (1, event("ok", data={"text": "ok", "unknown": 1})),
    ]
    asyncio.run(produce(kafka_bootstrap, topic, *records))
    status, lines = replay(topic, "--since", "earliest", "--schema", candidate)
    assert status == 1
    assert "0:1 refused" in lines
    assert "  /data/text: must have at most 5 character(s) (maxLength)" in lines
    assert "1:1 refused" in lines
    assert "refused, of https://x/message.posted/1: 1" in lines
    said = "7 records: 4 of type message.posted, 2 understood, 2 refused; 1 of other types, "
    assert lines[-1] == f"{said}2 no events"
    assert not any("secret" in line for line in lines)
    strict = replay(topic, "--since", "earliest", "--schema", candidate, "--strict")
    assert "1:2 refused" in strict[1]


def test_only_what_lies_between_the_points_is_judged(
    kafka_bootstrap: str, kafka_topic: TopicFactory, replay: Replay, candidate: str
) -> None:
    topic = kafka_topic()
    texts = ["too long", "a", "b", "c", "too long"]
    asyncio.run(produce(kafka_bootstrap, topic, *[(0, event(text)) for text in texts]))
    expected = "3 records: 3 of type message.posted, 3 understood, 0 refused; "
    for arguments in (["--since", "1", "--until", "4"], ["--since", "0:1", "--until", "0:4"]):
        status, lines = replay(topic, *arguments, "--schema", candidate)
        assert (status, lines[-1]) == (0, f"{expected}0 of other types, 0 no events")
    status, lines = replay(topic, "--since", "last:2", "--schema", candidate)
    assert (status, lines[-1][:9]) == (1, "2 records")
    status, lines = replay(topic, "--since", "-1h", "--schema", candidate)
    assert (status, lines[-1][:9]) == (1, "5 records")
    status, lines = replay(topic, "--since", "2999-01-01T00:00:00Z")
    assert (status, lines[-1][:9]) == (0, "0 records")


def test_what_retention_took_is_not_waited_for(
    kafka_bootstrap: str, kafka_topic: TopicFactory, replay: Replay
) -> None:
    topic = kafka_topic()

    async def prepare() -> None:
        await produce(kafka_bootstrap, topic, *[(0, event("a")) for _ in range(5)])
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
        await admin.start()
        await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=3)})
        await admin.close()

    asyncio.run(prepare())
    status, lines = replay(topic, "--since", "0")
    assert (status, lines[-1][:9]) == (0, "2 records")


def test_aborted_records_and_markers_are_passed_over(
    kafka_bootstrap: str, kafka_topic: TopicFactory, replay: Replay
) -> None:
    topic = kafka_topic()

    async def prepare() -> None:
        async with AIOKafkaProducer(
            bootstrap_servers=kafka_bootstrap, transactional_id=f"tx-{topic}"
        ) as producer:
            await producer.begin_transaction()
            await producer.send_and_wait(topic, event("kept"), partition=0)
            await producer.commit_transaction()
            await producer.begin_transaction()
            await producer.send_and_wait(topic, event(5), partition=0)
            await producer.abort_transaction()

    asyncio.run(prepare())
    status, lines = replay(topic, "--since", "earliest")
    assert (status, lines[-1][:9]) == (0, "1 record:")


def test_thousands_of_events(
    kafka_bootstrap: str, kafka_topic: TopicFactory, replay: Replay
) -> None:
    topic = kafka_topic(partitions=3)

    async def prepare() -> None:
        async with AIOKafkaProducer(bootstrap_servers=kafka_bootstrap) as producer:
            for number in range(5000):
                await producer.send(topic, event(f"text {number}"), partition=number % 3)

    asyncio.run(prepare())
    status, lines = replay(topic, "--since", "earliest")
    assert (status, lines[-1][:12]) == (0, "5000 records")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "soon"], "not a place in the log"),
        (["--since", "5"], "a bare offset is for topics with one partition"),
        (["--since", "0:1,1:1,2:1"], "names more than the 2 partitions"),
        (["--since", "0:0,1:99"], "1:99 is beyond the topic's end (0:0,1:0)"),
    ],
)
def test_a_point_that_is_not_on_the_topic_is_refused(
    kafka_topic: TopicFactory, replay: Replay, arguments: list[str], said: str
) -> None:
    status, lines = replay(kafka_topic(partitions=2), *arguments)
    assert status == 2
    assert said in "".join(lines)


def test_a_topic_that_is_not_there(replay: Replay) -> None:
    status, lines = replay("none-such", "--since", "earliest")
    assert status == 2
    assert "there is no topic none-such" in "".join(lines)
