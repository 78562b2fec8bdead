"""Both services, as they are run, for everything that is asked of what describes them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from local_kafka.topics import LOG_APPEND_TIME, create_topic
from local_kafka.waiting import run_apart
from support.records import events, producing, write
from support.services import ListenerProcess, PublisherProcess


@dataclass(frozen=True, slots=True)
class Filled:
    """A topic with events."""

    bootstrap: str
    topic: str


async def _write(bootstrap: str, topic: str) -> None:
    async with producing(bootstrap) as producer:
        for partition in range(2):
            await write(producer, topic, events(50), partition=partition)


@pytest.fixture(scope="module")
def filled(kafka_bootstrap: str) -> Filled:
    """A topic of two partitions with a hundred events."""
    topic = f"described-{uuid.uuid4().hex[:8]}"
    run_apart(create_topic(kafka_bootstrap, topic, 2, LOG_APPEND_TIME))
    run_apart(_write(kafka_bootstrap, topic))
    return Filled(kafka_bootstrap, topic)


@pytest.fixture(scope="module")
def listener(filled: Filled, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ListenerProcess]:
    """A listener that is ready."""
    logs = tmp_path_factory.mktemp("listener")
    with ListenerProcess(filled.bootstrap, filled.topic, logs).start() as process:
        yield process


@pytest.fixture(scope="module")
def publisher(
    filled: Filled, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PublisherProcess]:
    """A publisher that is ready."""
    logs = tmp_path_factory.mktemp("publisher")
    with PublisherProcess(filled.bootstrap, filled.topic, logs).start() as process:
        yield process
