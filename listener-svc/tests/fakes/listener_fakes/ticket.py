"""`Ticket`: remembers its one answer, and fails on a second."""

from __future__ import annotations

from contracts.problem import Problem


class FakeTicket:
    """One event's claim to an answer."""

    def __init__(self) -> None:
        self.answer: tuple[int, int] | Problem | None = None
        self.duplicate = False

    def stored(self, partition: int, offset: int, *, duplicate: bool = False) -> None:
        self.duplicate = duplicate
        self._settle((partition, offset))

    def failed(self, problem: Problem) -> None:
        self._settle(problem)

    def _settle(self, answer: tuple[int, int] | Problem) -> None:
        assert self.answer is None, f"answered twice: {self.answer}, then {answer}"
        self.answer = answer

    @property
    def problem(self) -> str | None:
        """The answer's problem type, if it is a problem."""
        return self.answer.type.value.name if isinstance(self.answer, Problem) else None
