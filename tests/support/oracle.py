"""The oracle: the topic read back with a plain consumer, so that holes are known, not guessed."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import orjson
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition


@dataclass(slots=True)
class Oracle:
    """What the topic holds: per partition the offsets of events, and each event's id."""

    offsets: dict[int, list[int]] = field(default_factory=dict)
    ids: dict[tuple[int, int], str] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)

    def stored_more_than_once(self) -> dict[str, int]:
        """Ids that stand in more than one record, with how often."""
        counts: dict[str, int] = {}
        for name in self.ids.values():
            counts[name] = counts.get(name, 0) + 1
        return {name: count for name, count in counts.items() if count > 1}


async def read_topic(bootstrap: str, topic: str) -> Oracle:
    """Read the whole topic, committed records only, up to the ends at the call."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    oracle = Oracle()
    try:
        await consumer._client.add_topic(topic)
        partitions = sorted(consumer.partitions_for_topic(topic) or ())
        assert partitions, f"no topic {topic}"
        assigned = [TopicPartition(topic, partition) for partition in partitions]
        consumer.assign(assigned)
        ends = await consumer.end_offsets(assigned)
        oracle.ends = {tp.partition: end for tp, end in ends.items()}
        oracle.offsets = {tp.partition: [] for tp in assigned}
        await consumer.seek_to_beginning(*assigned)
        while any([await consumer.position(tp) < ends[tp] for tp in assigned]):
            for records in (await consumer.getmany(timeout_ms=500, max_records=5000)).values():
                for record in records:
                    _note(oracle, record.partition, record.offset, record.value)
    finally:
        await consumer.stop()
    return oracle


def _note(oracle: Oracle, partition: int, offset: int, value: bytes | None) -> None:
    if value is None or b"\n" in value or b"\r" in value:
        return
    try:
        event = orjson.loads(value)
    except orjson.JSONDecodeError:
        return
    if isinstance(event, dict):
        oracle.offsets[partition].append(offset)
        oracle.ids[partition, offset] = str(event.get("id"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """How what one subscriber got compares with what there was for it."""

    expected: int
    got: int
    gaps: int
    duplicates: int
    reorderings: int

    @property
    def is_clean(self) -> bool:
        """Everything, once, in order."""
        return not (self.gaps or self.duplicates or self.reorderings) and self.got == self.expected


def judge(
    oracle: Oracle, got: dict[int, list[int]], start: dict[int, int], stop: dict[int, int]
) -> Verdict:
    """Compare, from the *requested* start: counting alone would not show a cut at the beginning."""
    expected = gaps = duplicates = reorderings = total = 0
    for partition, offsets in oracle.offsets.items():
        due = {
            each
            for each in offsets
            if start.get(partition, 0) <= each < stop.get(partition, oracle.ends[partition])
        }
        seen = got.get(partition, [])
        expected += len(due)
        total += len(seen)
        gaps += len(due - set(seen))
        duplicates += len(seen) - len(set(seen))
        reorderings += sum(1 for before, after in pairwise(seen) if after < before)
    return Verdict(expected, total, gaps, duplicates, reorderings)
