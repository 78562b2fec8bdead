"""The use case of a request with events: admit them, append them, wait for all outcomes.

Outcomes are values, in the order of the events. Invariant: `Stored` only after the broker's own
acknowledgement. Bounded in time by the event log's promise; a caller that goes away does not take
the events back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from contracts.problem import Problem
from listener.app.admission import Admission, Admitted, Refused
from listener.app.ports import Clock, DeadLetters, EventLog, Observer

_new = tuple.__new__


class Stored(NamedTuple):
    """The event is durable. A tuple because one is made for every event."""

    id: str | None
    partition: int
    offset: int
    duplicate: bool = False
    """It was already: this is the position of an earlier attempt."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the events of a request come from."""

    principal: str
    source: str
    """The principal's own: the ``source`` of events that name none."""
    text: bytes
    """The JSON that they, or their data, were read from."""
    items: Sequence[object] | None = None
    """The array's, where it is one; the events are these."""

    def content(self, index: int) -> object:
        """What was sent in place of the event `index`."""
        return self.text if self.items is None else self.items[index]


class IngestEvents:
    """Call it with events; in place of one that there is none of, with why."""

    def __init__(
        self,
        admission: Admission,
        log: EventLog,
        observer: Observer,
        dead_letters: DeadLetters,
        clock: Clock,
    ) -> None:
        self._admission = admission
        self._log = log
        self._observer = observer
        self._dead_letters = dead_letters
        self._clock = clock

    async def __call__(
        self, events: Sequence[dict[str, Any] | Problem], origin: Origin
    ) -> list[Stored | Refused]:
        """The outcome of each."""
        pending = _Pending(len(events), self._observer, self._clock)
        for index, event in enumerate(events):
            if isinstance(event, Problem):
                self._refuse(pending, index, Refused(event, None), origin, origin.content(index))
                continue
            item = None if origin.items is None else index
            admitted = self._admission.admit(event, origin.source, origin.text, item)
            if isinstance(admitted, Admitted):
                self._log.append(admitted.record, _Ticket(pending, index, admitted.id))
            else:
                self._refuse(pending, index, admitted, origin, event)
        return await pending.all()

    def _refuse(
        self, pending: _Pending, index: int, refused: Refused, origin: Origin, content: object
    ) -> None:
        self._dead_letters.refused(refused.problem, origin.principal, content)
        pending.settle(index, refused)


class _Pending:
    """The outcomes of one request as they come in."""

    __slots__ = ("_all", "_clock", "_missing", "_outcomes", "began", "observer")

    def __init__(self, count: int, observer: Observer, clock: Clock) -> None:
        self._outcomes: list[Stored | Refused | None] = [None] * count
        self._missing = count
        self._all: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._clock = clock
        self.observer = observer
        self.began = clock()
        if not count:
            self._all.set_result(None)

    async def all(self) -> list[Stored | Refused]:
        """All of them, once they are there."""
        await self._all
        return [outcome for outcome in self._outcomes if outcome is not None]

    def settle(self, index: int, outcome: Stored | Refused) -> None:
        """One outcome."""
        if isinstance(outcome, Refused):
            self.observer.failed(outcome.problem.type.value.name)
        elif outcome.duplicate:
            self.observer.repeated()
        else:
            self.observer.stored(self._clock() - self.began)
        self._outcomes[index] = outcome
        self._missing -= 1
        if not self._missing and not self._all.done():  # done: the request was cancelled
            self._all.set_result(None)


class _Ticket:
    """One accepted event's claim to an outcome."""

    __slots__ = ("_id", "_index", "_pending")

    def __init__(self, pending: _Pending, index: int, id_: str | None) -> None:
        self._pending = pending
        self._index = index
        self._id = id_

    def stored(self, partition: int, offset: int, *, duplicate: bool = False) -> None:
        """The broker acknowledged the event."""
        outcome = _new(Stored, (self._id, partition, offset, duplicate))
        self._pending.settle(self._index, outcome)

    def failed(self, problem: Problem) -> None:
        """The event was not stored, or it is not known whether it was."""
        self._pending.settle(self._index, Refused(problem, self._id))
