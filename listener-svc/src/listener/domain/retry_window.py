"""What became of the events of late, by their identity: so that a retry is known as one.

An identity is claimed by the first attempt and keeps its place from then on, for `window_s` and
for as long as it is among the `max_events` newest, whichever ends first. Invariants: bounded; of
one identity at most one claimant is in flight; what certainly was not stored may be claimed anew.
Time is given, in ticks: an entry may stay one tick longer. Not concerned with what the claimants
are, or with answers.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import Generic, TypeAlias, TypeVar

Claimant = TypeVar("Claimant")

Position: TypeAlias = tuple[int, int]
"""Partition and offset."""


class Fate(Enum):
    """What is known of an event that is neither in flight nor stored."""

    UNKNOWN = auto()
    """Handed to Kafka, and no answer yet."""
    FREE = auto()
    """Not stored: the next attempt is a first one."""


class RetryWindow(Generic[Claimant]):
    """Identity → its claimant while that is in flight, then its position, or its fate."""

    __slots__ = ("_ages", "_fates", "_max_events", "_order", "_taken", "_window_s")

    def __init__(self, window_s: float, max_events: int) -> None:
        self._window_s = window_s
        self._max_events = max_events
        self._fates: dict[str, Claimant | Position | Fate] = {}
        self._order: deque[str] = deque()
        self._taken = 0
        """Identities that ever left the window."""
        self._ages: deque[tuple[float, int]] = deque()
        """A time, and how many identities there had ever been by then."""

    def __len__(self) -> int:
        return len(self._fates)

    def claim(self, identity: str, claimant: Claimant) -> Claimant | Position | Fate | None:
        """Make `claimant` the first attempt: None. Else what there is of an earlier one."""
        fate = self._fates.setdefault(identity, claimant)
        if fate is claimant:
            order = self._order
            order.append(identity)
            if len(order) > self._max_events:
                self._take(1)
            return None
        if fate is Fate.FREE:
            self._fates[identity] = claimant
            return None
        return fate

    def settle(self, identity: str, claimant: Claimant, fate: Position | Fate) -> None:
        """What became of `claimant`, unless the window has passed it by."""
        if self._fates.get(identity) is claimant:
            self._fates[identity] = fate

    def clear_up(self, identity: str, fate: Position | Fate) -> None:
        """What became, after all, of an event whose fate was unknown."""
        if self._fates.get(identity) is Fate.UNKNOWN:
            self._fates[identity] = fate

    def tick(self, now: float) -> None:
        """Let go of what is older than the window; call it often, compared with the window."""
        ages = self._ages
        ages.append((now, self._taken + len(self._order)))
        old = 0
        while ages and ages[0][0] + self._window_s <= now:
            old = ages.popleft()[1] - self._taken
        self._take(old)

    def _take(self, count: int) -> None:
        for _ in range(count):
            del self._fates[self._order.popleft()]
            self._taken += 1
