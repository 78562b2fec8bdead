"""`DeadLetters` where no topic is set for them."""

from __future__ import annotations

from contracts.problem import Problem


class NoDeadLetters:
    """Keeps nothing."""

    def refused(self, problem: Problem, principal: str, content: object) -> None:
        """What was refused is told to its producer, and that is all."""
