"""A publisher over a topic whose records are known: two halves, the second one later in time."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from local_kafka.topics import LOG_APPEND_TIME, create_topic
from local_kafka.trimming import Before, trim
from local_kafka.waiting import run_apart
from support.publisher import Publisher, eventually
from support.records import event, events, producing, write


@dataclass(frozen=True, slots=True)
class Served:
    """A publisher, and what its topic holds."""

    publisher: Publisher
    bootstrap: str
    topic: str
    generation: str
    second_ms: int
    """Timestamp of the first event of the second half; all before it are older."""

    @property
    def websocket(self) -> str:
        return self.publisher.websocket_url

    def cursor(self, *positions: int) -> str:
        return ",".join(f"{p}:{at}" for p, at in enumerate(positions)) + f"@{self.generation}"

    @property
    def second_half(self) -> str:
        """`second_ms` as RFC 3339."""
        moment = datetime.fromtimestamp(self.second_ms // 1000, UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{self.second_ms % 1000:03d}Z"


async def _write_halves(bootstrap: str, topic: str, halves: list[dict[int, int]]) -> int:
    """Per half, so many events a partition; gives the timestamp of the last half's first event."""
    first_ms = 0
    async with producing(bootstrap) as producer:
        for half in halves:
            begun_ms = time.time() * 1000
            eventually(lambda: time.time() * 1000 > begun_ms + 2, "a later millisecond")  # noqa: B023
            opening = await producer.send_and_wait(topic, event("first"), partition=min(half))
            first_ms = opening.timestamp
            for partition, count in half.items():
                rest = count - 1 if partition == opening.partition else count
                await write(producer, topic, events(rest), partition=partition)
    return first_ms


@contextmanager
def served(
    bootstrap: str,
    directory: Path,
    halves: list[dict[int, int]],
    *,
    partitions: int = 1,
    trimmed: int = 0,
) -> Iterator[Served]:
    """A publisher on a new topic; `halves` say how many events each partition gets in each."""
    topic = f"{directory.name}-{uuid.uuid4().hex[:8]}"
    run_apart(create_topic(bootstrap, topic, partitions, LOG_APPEND_TIME))
    second_ms = run_apart(_write_halves(bootstrap, topic, halves))
    if trimmed:
        run_apart(trim(bootstrap, topic, Before(trimmed)))
    publisher = Publisher(bootstrap, topic, directory)
    try:
        publisher.start()
        generation = publisher.status()["generation"]
        yield Served(publisher, bootstrap, topic, generation, second_ms)
    finally:
        publisher.close()
