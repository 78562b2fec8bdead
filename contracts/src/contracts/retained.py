"""The events that Kafka retains, partition by partition, between two points.

Reads without a consumer group, so it commits nothing and disturbs nobody. The ends are taken once,
at the beginning: a busy topic does not make it run for ever. Needs the extra ``contracts[kafka]``.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contracts.cursor import Cursor
from contracts.errors import ContractsError
from contracts.since import Earliest, Instant, Last, Now, Offset, Point

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, TopicPartition

_BATCH = 1000
_POLL_MS = 500
_STALL_S = 30.0
"""Without a record or a step forward for so long, what is left is taken as unreadable."""


class RetainedError(ContractsError):
    """Kafka or the topic cannot be read as asked; the message says what to do."""

    code = "retained"


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `value` is None for a tombstone."""

    partition: int
    offset: int
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Span:
    """From where to where each partition is read; ends are exclusive."""

    begin: Mapping[int, int]
    end: Mapping[int, int]

    @property
    def offsets(self) -> int:
        """At most so many records lie in it."""
        return sum(max(0, self.end[p] - self.begin[p]) for p in self.end)


class Retained:
    """One reading of one topic."""

    def __init__(self, consumer: AIOKafkaConsumer, topic: str, span: Span) -> None:
        """Read `span` of `topic`."""
        self.span = span
        self._consumer = consumer
        self._topic = topic

    async def batches(self) -> AsyncIterator[list[Record]]:
        """Records in batches, in offset order within each partition.

        Raises:
            RetainedError: nothing came for too long.
        """
        from aiokafka import TopicPartition

        end = {TopicPartition(self._topic, p): at for p, at in self.span.end.items()}
        begin = {TopicPartition(self._topic, p): at for p, at in self.span.begin.items()}
        left = {one for one, at in end.items() if begin[one] < at}
        self._consumer.assign(sorted(left))
        for one in left:
            self._consumer.seek(one, begin[one])
        moved, stood = time.monotonic(), dict(begin)
        while left:
            found = await self._consumer.getmany(*left, timeout_ms=_POLL_MS, max_records=_BATCH)
            records = [
                Record(one.partition, record.offset, record.value)
                for one, listed in found.items()
                for record in listed
                if record.offset < end[one]
            ]
            if records:
                yield records
            for one in tuple(left):
                at = await self._consumer.position(one)
                if at != stood[one]:
                    moved, stood[one] = time.monotonic(), at
                if at >= end[one]:
                    left.discard(one)
            if left and time.monotonic() - moved > _STALL_S:
                places = ", ".join(f"{one.partition}:{stood[one]}" for one in sorted(left))
                raise RetainedError(
                    f"Kafka gave nothing for {_STALL_S:.0f} s at {places}: a transaction may be "
                    "open there, or a broker away; try again"
                )
            if found or left:
                self._consumer.pause(*(self._consumer.assignment() - left))


@asynccontextmanager
async def retained(
    bootstrap: str, topic: str, since: Point, until: Point, now_ms: int, **security: Any
) -> AsyncIterator[Retained]:
    """What `topic` holds from `since` to `until`.

    Raises:
        RetainedError: Kafka does not answer, has no such topic, or a point is not on it.
    """
    try:
        from aiokafka import AIOKafkaConsumer, TopicPartition
        from aiokafka.errors import KafkaError
    except ImportError as error:
        raise RetainedError(
            "reading Kafka needs aiokafka: install broadcaster-contracts[kafka]"
        ) from error
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        **security,
    )
    try:
        await consumer.start()
        if topic not in await consumer.topics():
            raise RetainedError(f"there is no topic {topic} at {bootstrap}")
        partitions = await _partitions(bootstrap, topic, security)
        places = [TopicPartition(topic, number) for number in partitions]
        span = await _span(consumer, places, since, until, now_ms)
        yield Retained(consumer, topic, span)
    except KafkaError as error:
        raise RetainedError(f"Kafka at {bootstrap} cannot be read: {error}") from error
    finally:
        await consumer.stop()


async def _partitions(bootstrap: str, topic: str, security: dict[str, Any]) -> list[int]:
    """Of a topic that exists; a consumer tells them only after it has subscribed."""
    from aiokafka.admin import AIOKafkaAdminClient

    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **security)
    try:
        await admin.start()
        (described,) = await admin.describe_topics([topic])
    finally:
        await admin.close()
    return sorted(partition["partition"] for partition in described["partitions"])


async def _span(
    consumer: AIOKafkaConsumer,
    places: list[TopicPartition],
    since: Point,
    until: Point,
    now_ms: int,
) -> Span:
    earliest = {p.partition: at for p, at in (await consumer.beginning_offsets(places)).items()}
    latest = {p.partition: at for p, at in (await consumer.end_offsets(places)).items()}
    begin = await _resolved(consumer, places, since, (earliest, latest), now_ms)
    end = await _resolved(consumer, places, until, (earliest, latest), now_ms)
    ahead = [f"{p}:{begin[p]}" for p in sorted(begin) if begin[p] > latest[p]]
    if ahead:
        ends = ",".join(f"{p}:{latest[p]}" for p in sorted(latest))
        raise RetainedError(
            f"{', '.join(ahead)} is beyond the topic's end ({ends}), so nothing is there to judge"
        )
    return Span(
        {p: min(max(begin[p], earliest[p]), latest[p]) for p in begin},
        {p: min(end[p], latest[p]) for p in end},
    )


async def _resolved(
    consumer: AIOKafkaConsumer,
    places: list[TopicPartition],
    point: Point,
    bounds: tuple[dict[int, int], dict[int, int]],
    now_ms: int,
) -> dict[int, int]:
    earliest, latest = bounds
    match point:
        case Now():
            return latest
        case Earliest():
            return earliest
        case Offset(offset):
            if len(places) != 1:
                raise RetainedError(
                    f"a bare offset is for topics with one partition, and this one has "
                    f"{len(places)}: give a cursor like 0:{offset},1:0"
                )
            return {places[0].partition: offset}
        case Last(last):
            return {p: latest[p] - last for p in latest}
        case Cursor(positions):
            if len(positions) > len(places):
                raise RetainedError(f"the cursor names more than the {len(places)} partitions")
            return {p: positions[p] if p < len(positions) else earliest[p] for p in latest}
        case _:
            moment = point.ms if isinstance(point, Instant) else now_ms - point.ms
            found = await consumer.offsets_for_times(dict.fromkeys(places, moment))
            return {
                p.partition: latest[p.partition] if at is None else at.offset
                for p, at in found.items()
            }
