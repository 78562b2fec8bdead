"""Records written to Kafka behind the listener's back: events, foreign ones, transactions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer


def event(name: object, *, kind: str = "message.posted", **data: Any) -> bytes:
    """A CloudEvent as the listener would store it: compact, one line."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": str(name),
            "source": "/producers/test",
            "type": kind,
            "time": "2026-11-22T10:00:00Z",
            "data": {"text": str(name), **data},
        }
    )


def events(count: int, start: int = 0, **data: Any) -> list[bytes]:
    """So many events; their ids are numbers from `start` on."""
    return [event(number, **data) for number in range(start, start + count)]


@asynccontextmanager
async def producing(
    bootstrap: str, *, transactional_id: str | None = None
) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that waits for all replicas and stores nothing twice."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        transactional_id=transactional_id,
        max_request_size=16 << 20,
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def write(
    producer: AIOKafkaProducer,
    topic: str,
    values: Iterable[bytes | None],
    *,
    partition: int = 0,
    key: bytes | None = None,
) -> list[int]:
    """Send all, then wait for all; gives their offsets. A tombstone gets a key if it has none."""
    sent = [
        await producer.send(
            topic, value, key=b"gone" if value is None and key is None else key, partition=partition
        )
        for value in values
    ]
    return [(await future).offset for future in sent]


async def store(
    bootstrap: str,
    topic: str,
    values: Iterable[bytes | None],
    *,
    partition: int = 0,
    key: bytes | None = None,
) -> list[int]:
    """`write` with a producer of its own."""
    async with producing(bootstrap) as producer:
        return await write(producer, topic, values, partition=partition, key=key)
