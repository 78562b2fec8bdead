"""Topics as the wire vectors describe them, and a publisher on each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contracts.vectors import vectors
from local_kafka.topics import LOG_APPEND_TIME, create_topic
from local_kafka.trimming import Before, trim
from local_kafka.waiting import run_apart
from support.publisher import Publisher
from support.records import event, producing, write


@dataclass(frozen=True, slots=True)
class Served:
    """A publisher over a topic."""

    bootstrap: str
    topic: str
    publisher: Publisher
    generation: str


async def _write(bootstrap: str, topic: str, described: dict[str, Any]) -> None:
    types, keys = described["types"], described["keys"]
    async with producing(bootstrap) as producer:
        for partition, each in enumerate(described["partitions"]):
            for offset in range(each["events"]):
                value = event(offset, kind=types[offset % len(types)])
                key = keys[offset % len(keys)].encode()
                assert await write(producer, topic, [value], partition=partition, key=key) == [
                    offset
                ]


@contextmanager
def served(bootstrap: str, described: dict[str, Any], directory: Path) -> Iterator[Served]:
    """A publisher over a new topic of this description."""
    topic = f"vectors-{uuid.uuid4().hex[:8]}"
    partitions = described["partitions"]
    run_apart(create_topic(bootstrap, topic, len(partitions), LOG_APPEND_TIME))
    run_apart(_write(bootstrap, topic, described))
    begins = {partition: each["begins"] for partition, each in enumerate(partitions)}
    for partition, begin in begins.items():
        if begin:
            run_apart(trim(bootstrap, topic, Before(begin), partition))
    publisher = Publisher(bootstrap, topic, directory)
    try:
        publisher.start()
        yield Served(bootstrap, topic, publisher, publisher.status()["generation"])
    finally:
        publisher.close()


@pytest.fixture(scope="module")
def still(kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The topic of replays.json and refusals.json, which nobody writes to."""
    described = vectors("replays")["topic"]
    assert described == vectors("refusals")["topic"]
    with served(kafka_bootstrap, described, tmp_path_factory.mktemp("vectors")) as made:
        yield made
