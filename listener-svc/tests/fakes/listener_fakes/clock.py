"""`Clock`: stands still until told."""

from __future__ import annotations


class FakeClock:
    """Seconds that the test sets."""

    def __init__(self, now: float = 100.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
