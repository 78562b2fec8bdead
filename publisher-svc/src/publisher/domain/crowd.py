"""Where replaying subscribers stand in time: who will yet come to a page, and how soon.

A look at one moment, made anew when it has aged. It decides nothing and holds no subscriber back;
`publisher.app.gathering` does.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from publisher.domain.cache import block_of


class Standing(NamedTuple):
    """A subscriber that moves: the partition it reads next, and about when that was written."""

    time_ms: float
    partition: int
    positions: Sequence[int]


class Crowd:
    """See the module."""

    __slots__ = ("_standings", "_times_ms", "places")

    def __init__(self, standings: Iterable[Standing]) -> None:
        self._standings = sorted(standings, key=attrgetter("time_ms"))
        self._times_ms = [each.time_ms for each in self._standings]
        self.places = len({(p, block_of(positions[p])) for _, p, positions in self._standings})
        """Blocks that are being read: each takes the cache's room at the same pace."""

    def __len__(self) -> int:
        """How many there are."""
        return len(self._standings)

    def behind(self, partition: int, stop: int, time_ms: float, since_ms: float) -> float | None:
        """The time of the nearest one behind `time_ms` who has not read below `stop` there.

        None when nobody from `since_ms` on has.
        """
        for index in range(bisect_left(self._times_ms, time_ms) - 1, -1, -1):
            standing = self._standings[index]
            if standing.time_ms < since_ms:
                return None
            if standing.positions[partition] < stop:
                return standing.time_ms
        return None
