"""A topic as the broker has it: the truth that subscribers' bytes are measured against.

Records keep their offsets for ever here, also those that retention has taken, so that a reader who
skips one silently is found out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from publisher.domain.filter import Filter
from publisher.domain.page import Page, Record, build_page


def event_type(value: bytes | None) -> str | None:
    """The judge of records: an object with a type is an event, anything else is foreign."""
    try:
        event = json.loads(value or b"")
    except ValueError:
        return None
    return str(event.get("type", "")) if isinstance(event, dict) else None


def event(offset: int, type_: str = "a", *, size: int = 0, epoch: int = 0) -> bytes:
    """An event's bytes; `epoch` tells apart what stood at one offset before and after a cut."""
    members = {"id": f"{epoch}.{offset}", "type": type_} | ({"pad": "x" * size} if size else {})
    return json.dumps(members, separators=(",", ":")).encode()


@dataclass
class FakePartition:
    """One partition. Offsets without a record are holes."""

    start: int = 0
    end: int = 0
    epoch: int = 0
    records: dict[int, Record] = field(default_factory=dict)

    def append(
        self, type_: str = "a", key: bytes | None = None, *, size: int = 0, at_ms: int | None = None
    ) -> int:
        """An event; gives its offset."""
        value = event(self.end, type_, size=size, epoch=self.epoch)
        return self.append_raw(value, key, at_ms=at_ms)

    def append_raw(
        self, value: bytes | None, key: bytes | None = None, *, at_ms: int | None = None
    ) -> int:
        """A record of any value."""
        ms = 1_000_000 + self.end if at_ms is None else at_ms
        self.records[self.end] = Record(self.end, ms, key, value)
        self.end += 1
        return self.end - 1

    def hole(self, width: int = 1) -> None:
        """Offsets without records: transaction markers, compaction."""
        self.end += width

    def cut_end(self, end: int) -> None:
        """The broker loses what is from `end` on."""
        self.records = {at: record for at, record in self.records.items() if at < end}
        self.end = end
        self.start = min(self.start, end)
        self.epoch += 1


class FakeBrokerLog:
    """The topic."""

    def __init__(self, partitions: int = 1, *, start: int = 0) -> None:
        self.partitions = [FakePartition(start, start) for _ in range(partitions)]

    def __getitem__(self, partition: int) -> FakePartition:
        """One partition."""
        return self.partitions[partition]

    def page(self, partition: int, first: int, next_offset: int) -> Page:
        """The page [first, next_offset) as the broker has it now: nothing below its start."""
        part = self.partitions[partition]
        taken = range(max(first, part.start), next_offset)
        records = [part.records[at] for at in taken if at in part.records]
        return build_page(partition, first, next_offset, records, event_type)

    def offsets(self, partition: int, low: int, high: int, wanted: Filter) -> Iterable[int]:
        """The offsets in [low, high) whose events pass the filter."""
        records = self.partitions[partition].records
        for at in range(low, high):
            record = records.get(at)
            if record is not None and self.passes(record, wanted):
                yield at

    @staticmethod
    def passes(record: Record, wanted: Filter) -> bool:
        """Whether a subscriber with that filter gets the record; written from the protocol."""
        name = event_type(record.value)
        if name is None:
            return False
        by_prefix = any(name.startswith(prefix) for prefix in wanted.prefixes)
        if (wanted.types or wanted.prefixes) and not (name in wanted.types or by_prefix):
            return False
        return not wanted.keys or record.key in wanted.keys
