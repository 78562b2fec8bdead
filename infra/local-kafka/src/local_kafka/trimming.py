"""Trimming: make Kafka forget a partition's oldest records (DeleteRecords).

Invariant: nothing is deleted beyond what was asked, and never past the end. What is forgotten is
gone for every reader; a test of "your position has expired" is what this is for.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from local_kafka.admin import administration
from local_kafka.errors import InvalidSetting
from local_kafka.topics import PartitionRange, partition_ranges


@dataclass(frozen=True, slots=True)
class Before:
    """Keep records from this offset on."""

    offset: int


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep so many of the newest offsets."""

    count: int


@dataclass(frozen=True, slots=True)
class All:
    """Keep nothing."""


Extent = Before | Keep | All


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What became of one partition's first offset."""

    partition: int
    old_start: int
    new_start: int


def extent_of(before: int | None, keep: int | None, everything: bool) -> Extent:
    """Exactly one of the three must be given. Raises `InvalidSetting`."""
    given: list[Extent] = []
    if before is not None:
        given.append(Before(before))
    if keep is not None:
        given.append(Keep(keep))
    if everything:
        given.append(All())
    if len(given) != 1:
        raise InvalidSetting("Say exactly one of --before OFFSET, --keep N and --all.")
    if (before or 0) < 0 or (keep or 0) < 0:
        raise InvalidSetting("An offset or a number of records cannot be negative.")
    return given[0]


def new_start(found: PartitionRange, extent: Extent) -> int:
    """The first offset that is to remain: never before the present one, never past the end."""
    match extent:
        case Before(offset):
            wanted = offset
        case Keep(count):
            wanted = found.end - count
        case All():
            wanted = found.end
    return min(max(wanted, found.start), found.end)


def chosen(ranges: Iterable[PartitionRange], partition: int | None) -> list[PartitionRange]:
    """One partition, or all of them. Raises `InvalidSetting` if there is no such one."""
    kept = [found for found in ranges if partition is None or found.partition == partition]
    if not kept:
        raise InvalidSetting(f"The topic has no partition {partition}.")
    return kept


async def trim(
    bootstrap: str, topic: str, extent: Extent, partition: int | None = None
) -> list[Trimmed]:
    """Trim one partition, or all. Raises `KafkaRefused`, `InvalidSetting`."""
    ranges = chosen(await partition_ranges(bootstrap, topic), partition)
    due = {
        TopicPartition(topic, r.partition): RecordsToDelete(first)
        for r in ranges
        if (first := new_start(r, extent)) > r.start
    }
    async with administration(bootstrap) as admin:
        answer = await admin.delete_records(due) if due else {}
    return [
        Trimmed(r.partition, r.start, answer.get(TopicPartition(topic, r.partition), r.start))
        for r in ranges
    ]
