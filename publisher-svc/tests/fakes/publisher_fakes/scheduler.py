"""`Scheduler` with a clock that stands still unless it is told, or ticks when it is looked at."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable


class FakeScheduler:
    """`soon` keeps its order, `later` goes by time: what asyncio promises, and no more."""

    def __init__(self) -> None:
        self.time_s = 1000.0
        self.tick_s = 0.0
        """How much time passes between two looks at the clock."""
        self._soon: deque[Callable[[], None]] = deque()
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def now_s(self) -> float:
        """See `publisher.app.ports.Scheduler`."""
        self.time_s += self.tick_s
        return self.time_s

    def soon(self, call: Callable[[], None]) -> None:
        """See `publisher.app.ports.Scheduler`."""
        self._soon.append(call)

    def later(self, delay_s: float, call: Callable[[], None]) -> None:
        """See `publisher.app.ports.Scheduler`."""
        self._count += 1
        heapq.heappush(self._later, (self.time_s + delay_s, self._count, call))

    @property
    def due_soon(self) -> int:
        """How many calls wait for the next turn."""
        return len(self._soon)

    @property
    def due_later(self) -> list[float]:
        """In how many seconds each delayed call is due."""
        return sorted(at - self.time_s for at, _, _ in self._later)

    def run_soon(self) -> bool:
        """Run the next call that is due at once."""
        if not self._soon:
            return False
        self._soon.popleft()()
        return True

    def advance(self, delay_s: float) -> None:
        """Let time pass and run what is due by then, and what that asks for at once."""
        until_s = self.time_s + delay_s
        while self._later and self._later[0][0] <= until_s:
            at, _, call = heapq.heappop(self._later)
            self.time_s = max(self.time_s, at)
            call()
            self.settle()
        self.time_s = max(self.time_s, until_s)

    def settle(self, limit: int = 10_000) -> None:
        """Run everything that is due at once."""
        for _ in range(limit):
            if not self.run_soon():
                return
        raise AssertionError(f"still busy after {limit} turns")
