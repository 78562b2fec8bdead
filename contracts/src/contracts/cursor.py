"""Cursors: one position per partition, and the generation of the topic they were taken from.

A position is the offset of the *next* event to read (docs/protocol.md, "Words"). The text form is
``0:42,1:17@3f9c21aa``: partitions 0…k without holes, then the topic's generation, which cursors
given by a server always carry and hand-written ones may omit. This module does not know what a
topic holds; whether a cursor can be served is the publisher's decision.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from contracts.errors import InvalidCursorError

MAX_OFFSET = 2**63 - 1
"""Kafka's offsets are signed 64-bit integers."""

MAX_PARTITIONS = 10_000
"""More positions than this in one cursor are refused before they are parsed."""

GENERATION_LENGTH = 8
"""Hexadecimal digits: the first 32 bits of the Kafka topic id."""

_POSITION = re.compile(r"([0-9]{1,10}):([0-9]{1,19})")
_GENERATION = re.compile(rf"[0-9a-f]{{{GENERATION_LENGTH}}}")
_EXPECTED = (
    "a cursor is partition:offset pairs from partition 0 on, like 0:42 or 0:42,1:17@3f9c21aa"
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a subscriber stands: ``positions[p]`` is the next offset to read in partition ``p``."""

    positions: tuple[int, ...]
    generation: str | None = None

    def __str__(self) -> str:
        text = ",".join([f"{p}:{at}" for p, at in enumerate(self.positions)])
        return f"{text}@{self.generation}" if self.generation else text

    def after(self, partition: int, offset: int) -> Cursor:
        """The cursor after the event at `offset` of `partition` (the protocol's rule for clients).

        A partition that the cursor does not know yet is newer than it; those between start at 0.
        """
        grown = list(self.positions) + [0] * (partition + 1 - len(self.positions))
        grown[partition] = offset + 1
        return Cursor(tuple(grown), self.generation)


def parse_cursor(text: str) -> Cursor:
    """Read the text form.

    Raises:
        InvalidCursorError: what is wrong and where, in one sentence; the text itself is not echoed.
    """
    pairs, at, generation = text.partition("@")
    if at and not _GENERATION.fullmatch(generation):
        raise InvalidCursorError(
            f"after @ stands the topic's generation: {GENERATION_LENGTH} digits of 0-9 and a-f"
        )
    parts = pairs.split(",", MAX_PARTITIONS)
    if len(parts) > MAX_PARTITIONS:
        raise InvalidCursorError(f"a cursor has at most {MAX_PARTITIONS} positions")
    return Cursor(
        tuple(_position(part, index) for index, part in enumerate(parts)), generation or None
    )


def _position(part: str, expected_partition: int) -> int:
    match = _POSITION.fullmatch(part)
    if match is None:
        raise InvalidCursorError(
            f"pair {expected_partition + 1} is not partition:offset; {_EXPECTED}"
        )
    partition, offset = int(match[1]), int(match[2])
    if partition != expected_partition:
        raise InvalidCursorError(
            f"pair {expected_partition + 1} names partition {partition} where {expected_partition} "
            f"belongs; {_EXPECTED}"
        )
    if offset > MAX_OFFSET:
        raise InvalidCursorError(f"the offset of partition {partition} is above 2^63-1")
    return offset
