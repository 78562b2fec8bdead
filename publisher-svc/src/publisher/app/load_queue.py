"""Pages that are asked for and not being loaded yet: which is next.

The oldest in time goes first, over all partitions, so that laggards reach the others and then share
their pages (one elevator). What pays to wait for (`publisher.app.gathering`) is held back, for
`longest_s` at most, and no longer than those who ask have `Patience`: a reader that is behind does
not set another's pace. What has waited for twice as long goes before all others, in the order of
asking: nobody starves.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from publisher.domain.log import Miss

MOST_LOOKED_AT = 256
"""Held pages that are judged anew at once; a look is to take less than a millisecond."""

PATIENCE = 4
"""Times the longest wait for one page: what a reader may have been held back for lately."""

_Key = tuple[int, int]
_Rank = tuple[float, int, int]


class Patience:
    """How long one reader has been held back lately; it is forgotten as quickly as it came.

    So of any span of time a reader is held back for half, and `PATIENCE` times the longest wait
    for a page, at most.
    """

    __slots__ = ("_at_s", "_spent_s")

    def __init__(self) -> None:
        self._spent_s = 0.0
        self._at_s = 0.0

    def spent_s(self, now_s: float) -> float:
        """What is not forgotten yet."""
        return max(0.0, self._spent_s - (now_s - self._at_s))

    def spend(self, since_s: float, until_s: float) -> None:
        """It was held back in between."""
        self._spent_s = self.spent_s(since_s) + until_s - since_s
        self._at_s = until_s


@dataclass(slots=True)
class _Asked:
    miss: Miss
    rank: _Rank
    asked_s: float
    held_until_s: float
    """At the latest, if it is held."""
    held: bool = False
    waiting: list[tuple[Patience, float]] = field(default_factory=list)
    """Who is held back, and since when."""


class LoadQueue:
    """See the module. A page is in it once, however many ask."""

    def __init__(
        self,
        pays_to_wait: Callable[[Miss], bool],
        now_s: Callable[[], float],
        longest_s: float,
        look_s: float = 0.02,
    ) -> None:
        self._pays_to_wait = pays_to_wait
        self._now_s = now_s
        self._longest_s = longest_s
        self.look_s = look_s
        """How often what is held back is to be judged anew."""
        self._asked: dict[_Key, _Asked] = {}
        """In the order of asking."""
        self._ready: list[_Rank] = []
        self._held = 0

    def __len__(self) -> int:
        """How many wait, held or not."""
        return len(self._asked)

    @property
    def held(self) -> int:
        """How many are held back: `look` must come again."""
        return self._held

    def is_worth_it(self, miss: Miss) -> bool:
        """Whether a page that nobody asked for yet could be loaded now."""
        return not self._asked and not self._pays_to_wait(miss)

    def add(self, miss: Miss, about_ms: float | None, patience: Patience | None) -> None:
        """A page is asked for; of one whose time is unknown it is found out first.

        `patience` is that of who asks; without it the page is not held back.
        """
        now_s = self._now_s()
        rank = (about_ms if about_ms is not None else float("-inf"), miss.start, miss.partition)
        asked = _Asked(miss, rank, now_s, now_s + self._longest_s)
        self._asked[miss.partition, miss.start] = asked
        if patience is not None and self._longest_s > 0 and self._pays_to_wait(miss):
            asked.held = True
            self._held += 1
            self._wait(asked, patience)
        else:
            heapq.heappush(self._ready, rank)

    def join(self, miss: Miss, patience: Patience | None) -> None:
        """Another one asks for a page that was asked for; it may be loading already."""
        asked = self._asked.get((miss.partition, miss.start))
        if asked is None or not asked.held:
            return
        if patience is None:
            self._release(asked)
        else:
            self._wait(asked, patience)

    def _wait(self, asked: _Asked, patience: Patience) -> None:
        now_s = self._now_s()
        asked.waiting.append((patience, now_s))
        left_s = PATIENCE * self._longest_s - patience.spent_s(now_s)
        asked.held_until_s = min(asked.held_until_s, now_s + left_s)
        if left_s <= 0:
            self._release(asked)

    def _release(self, asked: _Asked) -> None:
        now_s = self._now_s()
        asked.held = False
        self._held -= 1
        for patience, since_s in asked.waiting:
            patience.spend(since_s, now_s)
        asked.waiting.clear()
        heapq.heappush(self._ready, asked.rank)

    def look(self) -> None:
        """Judge what is held anew, the oldest in time first."""
        held = [each for each in self._asked.values() if each.held]
        now_s = self._now_s()
        for each in heapq.nsmallest(MOST_LOOKED_AT, held, key=lambda one: one.rank):
            if each.held_until_s <= now_s or not self._pays_to_wait(each.miss):
                self._release(each)

    def take(self) -> Miss | None:
        """The page to load now, if there is one."""
        if not self._asked:
            return None
        first = next(iter(self._asked.values()))
        if self._now_s() - first.asked_s >= 2 * self._longest_s:
            if first.held:
                self._release(first)
            self._ready.remove(first.rank)
            heapq.heapify(self._ready)
            return self._taken(first.rank)
        return self._taken(heapq.heappop(self._ready)) if self._ready else None

    def _taken(self, rank: _Rank) -> Miss:
        _, start, partition = rank
        return self._asked.pop((partition, start)).miss
