"""Is the live consumer stuck: in some partition the log goes on and the tip stands still.

A verdict from successive looks; the caller brings the time. A look that failed, or a pause between
looks (this process was stopped), says nothing about the consumer and begins the patience anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto


class Verdict(Enum):
    """What a look says."""

    FINE = auto()
    WAITING = auto()
    """Behind, but not for long, or just started again."""
    STUCK = auto()
    """Start the consumer again."""
    HOPELESS = auto()
    """Starting it again did not help: let the process end."""


class Progress:
    """See the module. `patience_s`: how long it may stand; `attempts`: restarts before it ends."""

    def __init__(self, patience_s: float, attempts: int = 3) -> None:
        self._patience_s = patience_s
        self._attempts = attempts
        self._tips: list[int] = []
        self._since_s: list[float] = []
        """By partition: when it was last at the end, or moved."""
        self._looked_s = float("-inf")
        self._strikes = 0
        self._told: tuple[int, float] | None = None
        """How often it had been started when it was last found stuck, and when that was."""

    def look(
        self, tips: Sequence[int], ends: Sequence[int], now_s: float, restarts: int
    ) -> Verdict:
        """`ends`: up to where a committed read can get (the last stable offsets).

        `restarts`: how often the consumer was started again so far. Until one that was found stuck
        has been, it is not judged anew; one that never is, is hopeless.
        """
        if self._told is not None and self._told[0] == restarts:
            self.unknown(now_s)
            overdue = now_s - self._told[1] >= self._attempts * self._patience_s
            return Verdict.HOPELESS if overdue else Verdict.WAITING
        self._told = None
        if len(tips) != len(self._tips) or now_s - self._looked_s > self._patience_s / 2:
            self._tips = [-1] * len(tips)
            self.unknown(now_s)
        self._looked_s = now_s
        for partition, (tip, end) in enumerate(zip(tips, ends, strict=True)):
            if tip >= end or tip != self._tips[partition]:
                self._tips[partition], self._since_s[partition] = tip, now_s
        longest_s = now_s - min(self._since_s, default=now_s)
        if longest_s <= 0:
            self._strikes = 0
            return Verdict.FINE
        if longest_s < self._patience_s:
            return Verdict.WAITING
        self.unknown(now_s)
        self._told = (restarts, now_s)
        self._strikes += 1
        return Verdict.STUCK if self._strikes <= self._attempts else Verdict.HOPELESS

    def unknown(self, now_s: float) -> None:
        """The log's end could not be looked up, or the consumer begins anew."""
        self._since_s = [now_s] * len(self._tips)
        self._looked_s = now_s
