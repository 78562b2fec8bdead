"""The use case of a request with one event: admit it, append it, wait for its outcome.

The outcome is a value. Invariant: `Stored` only after the broker's own acknowledgement. Bounded in
time by the event log's promise; a caller that goes away does not take the event back.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from contracts.problem import Problem
from listener.app.admission import Admission, Admitted, Refused
from listener.app.ports import Clock, EventLog, Observer


@dataclass(frozen=True, slots=True)
class Stored:
    """The event is durable."""

    id: str | None
    partition: int
    offset: int


class IngestEvent:
    """Call it with an event, or with why there is none."""

    def __init__(
        self, admission: Admission, log: EventLog, observer: Observer, clock: Clock
    ) -> None:
        self._admission = admission
        self._log = log
        self._observer = observer
        self._clock = clock

    async def __call__(self, event: dict[str, Any] | Problem, source: str) -> Stored | Refused:
        """The outcome of one event from `source`."""
        outcome = await self._outcome(event, source)
        if isinstance(outcome, Refused):
            self._observer.failed(outcome.problem.type.value.name)
        return outcome

    async def _outcome(self, event: dict[str, Any] | Problem, source: str) -> Stored | Refused:
        if isinstance(event, Problem):
            return Refused(event, None)
        admitted = self._admission.admit(event, source)
        if not isinstance(admitted, Admitted):
            return admitted
        began = self._clock()
        ticket = _Ticket()
        self._log.append(admitted.record, ticket)
        outcome = await ticket.outcome
        if isinstance(outcome, Problem):
            return Refused(outcome, admitted.id)
        self._observer.stored(self._clock() - began)
        partition, offset = outcome
        return Stored(admitted.id, partition, offset)


class _Ticket:
    __slots__ = ("outcome",)

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.outcome: asyncio.Future[tuple[int, int] | Problem] = loop.create_future()

    def stored(self, partition: int, offset: int) -> None:
        """The broker acknowledged the event."""
        if not self.outcome.done():  # the request was cancelled
            self.outcome.set_result((partition, offset))

    def failed(self, problem: Problem) -> None:
        """The event was not stored, or it is not known whether it was."""
        if not self.outcome.done():
            self.outcome.set_result(problem)
