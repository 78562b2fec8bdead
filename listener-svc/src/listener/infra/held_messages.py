"""Messages of one WebSocket that were read and may not be taken yet, oldest first.

Where the producer is held to a rate it is decided here whether the oldest message's turn has come,
or it has waited for that as long as it may. Invariant: messages leave in the order in which they
came, each once. What is in them, and what is answered, is the connection's part.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from contracts.problem import Problem
from listener.app.pacing import Pace

_LEAST_PAUSE_S = 0.005
"""Messages that wait for their rate are taken several at once rather than one a millisecond."""


class HeldMessages:
    """One connection's."""

    __slots__ = ("_ahead", "_arrivals", "_clock", "_max_hold_s", "messages", "pace")

    def __init__(self, clock: Callable[[], float], max_hold_s: float) -> None:
        """`max_hold_s` is how long a message may wait for the rate."""
        self._clock = clock
        self._max_hold_s = max_hold_s
        self._ahead = False
        """Messages have been waiting for the rate, or waited too long, without a break."""
        self._arrivals: deque[float] = deque()
        """When each of them came; only where there is a pace."""
        self.messages: deque[str | bytes] = deque()
        """To be taken from directly where there is no pace."""
        self.pace: Pace | None = None

    def add(self, messages: list[str | bytes]) -> None:
        """These came."""
        self.messages.extend(messages)
        if self.pace is not None:
            self._arrivals.extend([self._clock()] * len(messages))

    def size(self) -> int:
        """Characters and bytes of them all."""
        return sum(map(len, self.messages))

    def refusal(self, pace: Pace) -> Problem | None:
        """Why the oldest message is not taken now; None: its turn has come."""
        problem = pace.refusal()
        if problem is not None and not self._ahead:
            self._ahead = True
            pace.held()
        return problem

    @property
    def may_wait(self) -> bool:
        """Whether the oldest message has not waited as long as it may."""
        return self._clock() - self._arrivals[0] < self._max_hold_s

    def pop(self) -> str | bytes:
        """Remove the oldest message."""
        self._arrivals.popleft()
        return self.messages.popleft()

    def caught_up(self) -> None:
        """The last of them was taken in its turn."""
        self._ahead = False

    def pause_s(self) -> float:
        """How long until the oldest message's turn comes, or it has waited enough; 0: now."""
        if self.pace is None or not self.messages:
            return 0.0
        wait_s = self.pace.wait_s()
        patience_s = self._arrivals[0] + self._max_hold_s - self._clock()
        return max(_LEAST_PAUSE_S, min(wait_s, patience_s)) if wait_s else 0.0
