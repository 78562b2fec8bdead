"""Whether a subscriber gets what it is due: the verdict on each event, in Python.

The C client (c/verify.c) does the same, faster; both are held to the same tests. Invariant: an
event counts only if every byte of it is what the template makes of its partition and number, and
its number is the next one that this subscriber is due. Pure: no I/O.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bench.load.events import KINDS

_MARK = re.compile(rb"%([PONKT])")
_SAMPLES = 6


@dataclass(frozen=True, slots=True)
class Event:
    """What an event's bytes say of it."""

    partition: int
    number: int
    stamp_ns: int


class Pattern:
    """A template, to verify by."""

    def __init__(self, template: bytes) -> None:
        forms = {
            b"P": rb"(?P<P>\d+)", b"O": rb"(?P<O>\d+)", b"N": rb"(?P<N>\d{12})",
            b"K": rb"(?P<K>\d\d)", b"T": rb"(?P<T>\d{19})",
        }  # fmt: skip
        seen: set[bytes] = set()
        pieces: list[bytes] = []
        for index, piece in enumerate(_MARK.split(template)):
            if index % 2 == 0:
                pieces.append(re.escape(piece))
            else:
                pieces.append(b"(?P=" + piece + b")" if piece in seen else forms[piece])
                seen.add(piece)
        self.beginning = _MARK.split(template)[0]
        self._regex = re.compile(b"".join(pieces))
        self._marks = {mark.decode() for mark in seen}

    def match(self, payload: bytes) -> Event | None:
        """The event, if these are exactly its bytes."""
        found = self._regex.fullmatch(payload)
        return None if found is None else self._read(found)

    def find(self, data: bytes, at: int) -> tuple[Event | None, int] | None:
        """An event that begins exactly at `at`: it, or None for other bytes, and its end."""
        found = self._regex.match(data, at)
        if found is not None:
            return self._read(found), found.end()
        return None

    def _read(self, found: re.Match[bytes]) -> Event | None:
        value = {mark: int(found[mark]) for mark in self._marks}
        number = value.get("O", value.get("N", -1))
        agrees = value.get("N", number) == number and value.get("K", number % KINDS) == (
            number % KINDS
        )
        return Event(value.get("P", 0), number, value.get("T", 0)) if agrees else None


@dataclass(frozen=True, slots=True)
class Share:
    """The numbers that a filter takes: in each `step`, `width` from `phase` on."""

    step: int = 1
    phase: int = 0
    width: int = 1

    def due(self, at: int) -> int:
        """The first number at or after `at` that it takes."""
        place = (at - self.phase) % self.step
        return at if place < self.width else at + self.step - place

    def count(self, start: int, stop: int) -> int:
        """How many it takes of [start, stop)."""
        return sum(1 for number in range(start, stop) if self.due(number) == number)


@dataclass(slots=True)
class Breaks:
    """What was wrong, over all subscribers of a group; `samples` tell the first cases."""

    gaps: int = 0
    repeats: int = 0
    wrong: int = 0
    samples: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        """Keep one of the first cases."""
        if len(self.samples) < _SAMPLES:
            self.samples.append(text)


class Sequence:
    """One subscriber's due events; `start` and `stop` per partition."""

    __slots__ = ("_breaks", "_next", "_share", "_stop", "events", "left")

    def __init__(
        self, start: tuple[int, ...], stop: tuple[int, ...], share: Share, breaks: Breaks
    ) -> None:
        self._next = list(start)
        self._stop = stop
        self._share = share
        self._breaks = breaks
        self.events = 0
        self.left = self.missing

    @property
    def missing(self) -> int:
        """Partitions of which something due has not come."""
        pairs = zip(self._next, self._stop, strict=True)
        return sum(1 for at, stop in pairs if self._share.due(at) < stop)

    def take(self, event: Event) -> bool:
        """Judge the next event; True if it counts."""
        partition, number = event.partition, event.number
        if partition >= len(self._next) or self._share.due(number) != number:
            self._breaks.wrong += 1
            self._breaks.tell(f"partition {partition} number {number} is not for this subscriber")
            return False
        want = self._share.due(self._next[partition])
        if number < want:
            self._breaks.repeats += 1
            self._breaks.tell(f"partition {partition}: want {want}, got {number} again")
            return False
        if number > want:
            self._breaks.gaps += 1
            self._breaks.tell(f"partition {partition}: want {want}, got {number}")
        stop = self._stop[partition]
        self._next[partition] = number + 1
        self.events += 1
        if want < stop <= self._share.due(number + 1):
            self.left -= 1
        return True
