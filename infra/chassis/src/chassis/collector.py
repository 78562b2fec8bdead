"""Python's cyclic garbage collector, kept from stopping the loop for all that is held.

A full collection walks every object: with thousands of connections that is half a second in which
nobody is served, and Python's own rule has one each time a quarter more objects came, whether or
not they went again. Here only young objects are collected on their own. What outlived that is set
aside (`gc.freeze`), and all of it is walked once twice as much is held as the last walk left:
rarely while connections grow, never while they come and go, and in time if something leaks in
cycles.
"""

from __future__ import annotations

import asyncio
import gc

YOUNG = 10_000
"""New objects between two collections of the youngest: about 2 ms where all of them stay."""
YOUNG_TWICE = 5
"""Of these between two collections of what outlived one."""
LEAST = 500_000
"""Objects that are left without a walk until they are twice as many: some 50 MiB."""
LOOK_S = 60.0

_NEVER = 1 << 30


class Collector:
    """See the module. One a process; `start` when all is loaded.

    A process that ends need not `stop` it: to walk everything once more would only delay its end.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, young: int = YOUNG) -> None:
        self._loop = loop
        self._young = young
        self._before = gc.get_threshold()
        self._left = 0
        self._timer: asyncio.TimerHandle | None = None
        self.walks = 0
        """Of everything."""

    def start(self) -> None:
        """Set aside what there is, and look from time to time."""
        self._before = gc.get_threshold()
        gc.set_threshold(self._young, YOUNG_TWICE, _NEVER)
        self._walk()
        self._timer = self._loop.call_later(LOOK_S, self._tick)

    def stop(self) -> None:
        """Give Python's own rules back."""
        if self._timer is not None:
            self._timer.cancel()
        gc.unfreeze()
        gc.set_threshold(*self._before)

    def look(self) -> None:
        """Set aside what grew old, and walk all if it is twice what the last walk left."""
        if gc.get_count()[2] == 0:
            return  # nothing grew old
        gc.freeze()
        if gc.get_freeze_count() > 2 * max(self._left, LEAST):
            self._walk()

    def _walk(self) -> None:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._left = gc.get_freeze_count()
        self.walks += 1

    def _tick(self) -> None:
        self._timer = self._loop.call_later(LOOK_S, self._tick)
        self.look()
