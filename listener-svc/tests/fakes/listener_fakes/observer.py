"""`Observer`: remembers what it was told."""

from __future__ import annotations


class FakeObserver:
    """Counts and durations."""

    def __init__(self) -> None:
        self.judge_seconds: list[float] = []
        self.accepted_bytes: list[int] = []
        self.stored_seconds: list[float] = []
        self.failures: list[str] = []
        self.duplicates = 0

    def judged(self, seconds: float) -> None:
        self.judge_seconds.append(seconds)

    def accepted(self, size_bytes: int) -> None:
        self.accepted_bytes.append(size_bytes)

    def stored(self, seconds: float) -> None:
        self.stored_seconds.append(seconds)

    def repeated(self) -> None:
        self.duplicates += 1

    def failed(self, problem: str) -> None:
        self.failures.append(problem)
