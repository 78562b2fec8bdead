"""Gathering: whether a page is loaded now, or when those behind have come up to it.

With a cache smaller than what the replays of a moment cover, a page is gone before the next reader
comes to it, and is loaded again for each. Then it pays to wait: readers who stand behind reach the
one who asks, are given the page together, and go on together. Only somebody who moves is waited
for, and only where the cache could not keep the page for him; for how long at most, the page pool
sees to. Nobody is ever waited for while the cache has room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from publisher.domain.cache import BLOCK
from publisher.domain.crowd import Crowd, Standing
from publisher.domain.log import Log, Miss

FRESH_S = 0.015
"""How long a look at the readers serves; a little less than from one judgement to the next."""


class Gathering:
    """See the module. `standings` gives the readers that move, as they are now."""

    def __init__(
        self,
        log: Log,
        now_s: Callable[[], float],
        standings: Callable[[], Iterable[Standing]],
    ) -> None:
        self._log = log
        self._now_s = now_s
        self._standings = standings
        self._crowd = Crowd(())
        self._looked_s = float("-inf")
        self._partitions = 0

    def pays(self, miss: Miss) -> bool:
        """Somebody behind would share the page of `miss`, and would find it gone if it came now."""
        if self._log.cache_has_room or miss.revision != self._log.revision:
            return False
        at_ms = self._log.about_ms(miss.partition, miss.start)
        next_ms = self._log.about_ms(miss.partition, miss.start + BLOCK)
        if at_ms is None or next_ms is None or next_ms <= at_ms:
            return False  # nothing is known of who is before whom
        pages_a_ms = self._log.partitions / (next_ms - at_ms)
        room = self._log.cache_pages
        crowd = self._look()
        behind_ms = crowd.behind(miss.partition, miss.stop, at_ms, at_ms - room / pages_a_ms)
        if behind_ms is None:
            return False
        # While the one behind reads its way up to here, so many pages are loaded.
        return (at_ms - behind_ms) * pages_a_ms * crowd.places > room

    def _look(self) -> Crowd:
        now_s = self._now_s()
        partitions = self._log.partitions
        if now_s - self._looked_s >= FRESH_S or partitions != self._partitions:
            self._crowd = Crowd(self._standings())
            self._looked_s, self._partitions = now_s, partitions
        return self._crowd
