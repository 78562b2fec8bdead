"""What an accepted event's producer is owed: exactly one answer."""

from __future__ import annotations

from typing import Protocol

from contracts.problem import Problem


class Ticket(Protocol):
    """Whoever waits for one event's outcome.

    Exactly one of `stored` and `failed` is called, exactly once. An event that failed as
    ``outcome-unknown`` may be followed up by `late`, once.
    """

    def stored(self, partition: int, offset: int, *, duplicate: bool = False) -> None:
        """The broker acknowledged the event; `duplicate`: at an earlier attempt, this is where."""

    def failed(self, problem: Problem) -> None:
        """The event was not stored, or it is not known whether it was; the problem says which."""

    def late(self, position: tuple[int, int] | None) -> None:
        """After all, the event is stored there (partition, offset); None: nobody will ever know."""
