"""What the listener's use cases need from outside, named by role. Adapters live in `infra`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from contracts.judge import Accepted, Rejected
from contracts.problem import Problem
from listener.domain.record import Record
from listener.domain.ticket import Ticket


class EventLog(Protocol):
    """Where events are stored."""

    def append(self, record: Record, ticket: Ticket) -> None:
        """Take an event; `ticket` is answered exactly once, now or later, in bounded time.

        Events that one caller appends keep their order within a partition. Never blocks.
        """


class Room(Protocol):
    """Whether producers should be read from: back-pressure."""

    @property
    def has_room(self) -> bool:
        """Whether more events should be read from producers."""

    async def wait_for_room(self) -> None:
        """Until `has_room`."""


class EventJudge(Protocol):
    """Who says whether an event is what its contract says; `contracts.judge.Judge` is one."""

    def judge(self, event: Mapping[str, Any]) -> Accepted | Rejected:
        """The verdict on a complete event."""


class Observer(Protocol):
    """Who counts. Called for every event: implementations add to plain numbers and return."""

    def judged(self, seconds: float) -> None:
        """One event was judged, which took so long."""

    def accepted(self, size_bytes: int) -> None:
        """One event was accepted and goes to the log."""

    def stored(self, seconds: float) -> None:
        """One event was stored, so long after it was read."""

    def repeated(self) -> None:
        """One event was answered with the position of an earlier attempt."""

    def failed(self, problem: str) -> None:
        """One event was answered with a problem of this type."""


class DeadLetters(Protocol):
    """Who keeps refused events. Never blocks, never fails: what cannot be kept is counted."""

    def refused(self, problem: Problem, principal: str, content: object) -> None:
        """What `principal` sent was refused: a JSON value, or a text that holds no event."""


class Clock(Protocol):
    """Monotonic seconds."""

    def __call__(self) -> float:
        """Now."""
