"""What an accepted event's producer is owed: exactly one answer."""

from __future__ import annotations

from typing import Protocol

from contracts.problem import Problem


class Ticket(Protocol):
    """Whoever waits for one event's outcome.

    Exactly one of the two is called, exactly once.
    """

    def stored(self, partition: int, offset: int, *, duplicate: bool = False) -> None:
        """The broker acknowledged the event; `duplicate`: at an earlier attempt, this is where."""

    def failed(self, problem: Problem) -> None:
        """The event was not stored, or it is not known whether it was; the problem says which."""
