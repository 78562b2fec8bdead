"""How a proof came to its places, so that a gap is told by the shortest way there.

A proof goes deep first and visits each place once, so the way that it took may be hundreds of steps
long where a recursive schema has one of three.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from itertools import count
from typing import TypeAlias

Steps: TypeAlias = tuple[str, ...]


class Ways:
    """Every step that was taken from one place to another."""

    def __init__(self) -> None:
        """Begin at no place."""
        self._taken: dict[Hashable, dict[tuple[Hashable, Steps], None]] = {}
        self._stack: list[tuple[Hashable, int]] = []
        self._root: Hashable = None

    @property
    def here(self) -> Hashable:
        """The place that is being looked at."""
        return self._stack[-1][0] if self._stack else None

    def go(self, to: Hashable, path: Steps) -> None:
        """Note that from here one comes to the place `to`, which this time lies at `path`."""
        if not self._stack:
            self._root = to
            return
        at, depth = self._stack[-1]
        self._taken.setdefault(at, {})[(to, path[depth:])] = None

    @contextmanager
    def at(self, place: Hashable, path: Steps) -> Iterator[None]:
        """Look at `place` for a while."""
        self._stack.append((place, len(path)))
        try:
            yield
        finally:
            self._stack.pop()

    def shortest(self) -> dict[Hashable, Steps]:
        """To each place the way with the fewest steps."""
        found: dict[Hashable, Steps] = {}
        pending: list[tuple[int, int, Hashable, Steps]] = [(0, 0, self._root, ())]
        told_apart = count(1)
        while pending:
            _, _, at, way = heappop(pending)
            if at in found:
                continue
            found[at] = way
            for to, steps in self._taken.get(at, ()):
                longer = way + steps
                heappush(pending, (len(longer), next(told_apart), to, longer))
        return found
