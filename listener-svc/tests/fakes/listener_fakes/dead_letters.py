"""`DeadLetters`: remembers what was refused."""

from __future__ import annotations

from contracts.problem import Problem


class FakeDeadLetters:
    """Problem type, principal and content, in order."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str, object]] = []

    def refused(self, problem: Problem, principal: str, content: object) -> None:
        self.kept.append((problem.type.value.name, principal, content))
