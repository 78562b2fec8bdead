"""What faults do to the topic itself, beside the services: settings, partitions, records, files."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from local_kafka.admin import administration
from local_kafka.topics import LOG_APPEND_TIME, create_topic, delete_topic, partition_ranges

FOREIGN: tuple[bytes | None, ...] = (
    None,
    b"",
    b"plain text",
    b"\xff\xfe\x00 not UTF-8",
    b'{\n  "pretty": "printed"\n}',
    b"[1, 2, 3]",
    b'{"half": ',
    b"x" * 900_000,
)
"""Records that are no event."""


async def configure(bootstrap: str, topic: str, config: Mapping[str, str]) -> None:
    """Set the topic's settings; those not named go back to their defaults."""
    settings = {**LOG_APPEND_TIME, **config}
    async with administration(bootstrap) as admin:
        answer: Any
        (answer,) = await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic, configs=settings)]
        )
        (refused,) = [each[:2] for each in answer.resources]
        assert refused[0] == 0, refused


async def recreate(bootstrap: str, topic: str, partitions: int) -> None:
    """Delete the topic and create it anew as soon as Kafka allows."""
    await delete_topic(bootstrap, topic)
    async with asyncio.timeout(20):
        while any(each.topic == topic for each in await partition_ranges(bootstrap)):
            await asyncio.sleep(0.1)
    await create_topic(bootstrap, topic, partitions, LOG_APPEND_TIME)


async def expire_all(bootstrap: str, topic: str) -> None:
    """Let retention remove all that is there now; then retain everything again."""
    await configure(bootstrap, topic, {"retention.ms": "1", "segment.ms": "10"})
    async with asyncio.timeout(30):
        while any(each.start < each.end for each in await partition_ranges(bootstrap, topic)):
            await asyncio.sleep(0.2)
    await configure(bootstrap, topic, {})


def transactional(bootstrap: str, name: str, *, timeout_ms: int = 60_000) -> AIOKafkaProducer:
    """A producer of transactions, not started."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap, transactional_id=name, transaction_timeout_ms=timeout_ms
    )


def lose_the_end(log_dir: Path, topic: str, partition: int) -> int:
    """Cut a stopped broker's log in the middle, as a disk that lost writes; gives its new end.

    Record batches begin with their first offset and their length (Kafka's "Record Batch" format).
    """
    directory = log_dir / f"{topic}-{partition}"
    newest = max(directory.glob("*.log"))
    data = newest.read_bytes()
    bounds: list[tuple[int, int]] = []
    at = 0
    while at + 12 <= len(data):
        bounds.append((at, int.from_bytes(data[at : at + 8], "big")))
        at += 12 + int.from_bytes(data[at + 8 : at + 12], "big")
    cut_at, end = bounds[len(bounds) // 2]
    newest.write_bytes(data[:cut_at])
    for other in directory.iterdir():
        if other.suffix in {".index", ".timeindex", ".snapshot", ".txnindex"}:
            other.unlink()
    (log_dir / ".kafka_cleanshutdown").unlink(missing_ok=True)
    return end
