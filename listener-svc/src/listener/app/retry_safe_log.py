"""The event log as retries see it: an event that is known is not stored a second time.

Wraps an `EventLog`. The same event (`Record.identity`) within the window is answered with the
position of its first attempt, as a duplicate; while that is in flight, together with it. Of what
certainly was not stored the next attempt is a first one. Of an event that was answered as
``outcome-unknown`` a retry is told the same until Kafka has answered after all, and is stored only
when it is certain that nobody will ever know. Holds for this process alone.
"""

from __future__ import annotations

from contracts.problem import Problem, ProblemType
from listener.app.ports import EventLog
from listener.domain.record import Record
from listener.domain.retry_window import Fate, RetryWindow
from listener.domain.ticket import Ticket


class RetrySafeLog:
    """An `EventLog`."""

    def __init__(self, log: EventLog, window_s: float, max_events: int) -> None:
        self._log = log
        self.window: RetryWindow[_First] = RetryWindow(window_s, max_events)
        self._claim = self.window.claim
        self._append = log.append
        self.duplicates = 0
        """Events that were answered without being stored again."""

    def append(self, record: Record, ticket: Ticket) -> None:
        """Take an event to be stored, unless it is or is being stored already."""
        identity = record.identity
        if identity is None:
            self._append(record, ticket)
            return
        first = _First(self.window, identity, ticket)
        known = self._claim(identity, first)
        if known is None:
            self._append(record, first)
        else:
            self._answer(known, ticket)

    def _answer(self, known: _First | tuple[int, int] | Fate, ticket: Ticket) -> None:
        self.duplicates += 1
        if isinstance(known, _First):
            known.followers.append(ticket)
        elif isinstance(known, Fate):
            ticket.failed(STILL_UNKNOWN)
        else:
            ticket.stored(*known, duplicate=True)


class _First:
    """The ticket of an event's first attempt, in front of its producer's."""

    __slots__ = ("_followers", "_identity", "_ticket", "_window")

    def __init__(self, window: RetryWindow[_First], identity: str, ticket: Ticket) -> None:
        self._window = window
        self._identity = identity
        self._ticket = ticket
        self._followers: list[Ticket] | None = None

    @property
    def followers(self) -> list[Ticket]:
        """Retries that wait for this attempt's answer."""
        if self._followers is None:
            self._followers = []
        return self._followers

    def stored(self, partition: int, offset: int, *, duplicate: bool = False) -> None:
        """The broker acknowledged the event."""
        self._window.settle(self._identity, self, (partition, offset))
        self._ticket.stored(partition, offset, duplicate=duplicate)
        if self._followers is not None:
            for each in self._followers:
                each.stored(partition, offset, duplicate=True)

    def failed(self, problem: Problem) -> None:
        """The event was not stored, or it is not known whether it was."""
        unknown = problem.type is ProblemType.OUTCOME_UNKNOWN
        self._window.settle(self._identity, self, Fate.UNKNOWN if unknown else Fate.FREE)
        self._ticket.failed(problem)
        if self._followers is not None:
            for each in self._followers:
                each.failed(problem)

    def late(self, position: tuple[int, int] | None) -> None:
        """What became of an event that was answered as unknown."""
        self._window.clear_up(self._identity, Fate.FREE if position is None else position)


STILL_UNKNOWN = Problem(
    ProblemType.OUTCOME_UNKNOWN,
    "an earlier attempt of this event was handed to Kafka, which has not answered yet; it may yet "
    "be stored; retry with the same id",
)
