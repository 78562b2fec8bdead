"""Pages that are asked for and not being loaded yet: which is next.

The oldest in time goes first, over all partitions, so that laggards reach the others and then share
their pages (one elevator). What pays to wait for (`publisher.app.gathering`) is held back, for
`longest_s` at most. What has waited for twice as long goes before all others, in the order of
asking: nobody starves.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

from publisher.domain.log import Miss

MOST_LOOKED_AT = 256
"""Held pages that are judged anew at once; a look is to take less than a millisecond."""

_Key = tuple[int, int]
_Rank = tuple[float, int, int]


@dataclass(slots=True)
class _Asked:
    miss: Miss
    rank: _Rank
    asked_s: float
    held: bool


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

    def add(self, miss: Miss, about_ms: float | None) -> None:
        """A page is asked for; of one whose time is unknown it is found out first."""
        rank = (about_ms if about_ms is not None else float("-inf"), miss.start, miss.partition)
        held = self._longest_s > 0 and self._pays_to_wait(miss)
        self._asked[miss.partition, miss.start] = _Asked(miss, rank, self._now_s(), held)
        if held:
            self._held += 1
        else:
            heapq.heappush(self._ready, rank)

    def look(self) -> None:
        """Judge what is held anew, the oldest in time first."""
        held = [each for each in self._asked.values() if each.held]
        due_s = self._now_s() - self._longest_s
        for each in heapq.nsmallest(MOST_LOOKED_AT, held, key=lambda one: one.rank):
            if each.asked_s <= due_s or not self._pays_to_wait(each.miss):
                each.held = False
                self._held -= 1
                heapq.heappush(self._ready, each.rank)

    def take(self) -> Miss | None:
        """The page to load now, if there is one."""
        if not self._asked:
            return None
        first = next(iter(self._asked.values()))
        if self._now_s() - first.asked_s >= 2 * self._longest_s:
            if first.held:
                self._held -= 1
            else:
                self._ready.remove(first.rank)
                heapq.heapify(self._ready)
            return self._taken(first.rank)
        return self._taken(heapq.heappop(self._ready)) if self._ready else None

    def _taken(self, rank: _Rank) -> Miss:
        _, start, partition = rank
        return self._asked.pop((partition, start)).miss
