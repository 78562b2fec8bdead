"""One producer's connection or stream, without its transport: texts in, answers out.

Invariant: every event is counted once (`ref`, from 0; a text that is not JSON, an empty array or
one that is too long counts as one) and answered exactly once. The caller reads on only while `owed`
is below its limit, collects answers when told, and owns the socket.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from contracts.problem import Problem, ProblemType
from listener.app.admission import Admission, Admitted
from listener.app.answers import ack, ack_again, nack
from listener.app.ports import Clock, DeadLetters, EventLog, Observer
from listener.domain.completion import answered_id
from listener.domain.interpretation import interpret, interpret_plain
from listener.domain.reading import fault_of, not_json


@dataclass(frozen=True, slots=True)
class Terms:
    """What one connection's events are taken as."""

    principal: str
    source: str
    """The principal's own: the ``source`` of events that name none."""
    default_type: str | None
    """The type of what is no event; None: such texts are refused."""
    max_array_events: int


class IngestSession:
    """State of one connection. `on_answers` is called when answers begin to wait."""

    def __init__(
        self,
        admission: Admission,
        log: EventLog,
        observer: Observer,
        dead_letters: DeadLetters,
        terms: Terms,
        *,
        clock: Clock,
        on_answers: Callable[[], None],
    ) -> None:
        self._admit_event = admission.admit
        self._append = log.append
        self._observer = observer
        self._dead_letters = dead_letters
        self._terms = terms
        self._source = terms.source
        self._default_type = terms.default_type
        self._clock = clock
        self._on_answers = on_answers
        self._answers: list[bytes] = []
        self.events = 0
        """How many there have been; the next one's `ref`."""
        self.nacked = 0
        """How many of them were answered with a problem."""
        self.in_flight = 0
        """Events that have no answer yet."""
        self.in_flight_bytes = 0
        """Of their records."""

    @property
    def owed(self) -> int:
        """Events without an answer, and answers that were not collected."""
        return self.in_flight + len(self._answers)

    def take_text(self, text: str) -> None:
        """One text frame: an event, or an array of events."""
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            self._submit(interpret_plain(text, self._default_type, fault_of(error)), text)
            return
        if type(value) is dict and "specversion" in value:  # the usual case, without a detour
            self._admit(value, text)
        elif type(value) is list:
            self._take_array(value, text)
        else:
            self._submit(interpret(value, text, self._default_type), text)

    def take_line(self, line: bytes) -> None:
        """One line of a stream of JSON values: an event, or data where there is a default type."""
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            self._submit(not_json("the line", error), line)
            return
        if type(value) is dict and "specversion" in value:
            self._admit(value, line)
        else:
            self._submit(interpret(value, line.decode(), self._default_type), line)

    def refuse_frame(self, problem: Problem) -> None:
        """A frame or line that cannot be taken at all: it counts as one event."""
        self._refuse(self._count(), None, problem)

    def refuse_text(self, text: str, problem: Problem) -> None:
        """One text frame that is not taken now: each of its events is answered with `problem`."""
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            value = None
        usable = isinstance(value, list) and 0 < len(value) <= self._terms.max_array_events
        for item in value if usable else (value,):
            id_ = answered_id(item) if isinstance(item, dict) else None
            self._refuse(self._count(), id_, problem)

    def collect(self) -> list[bytes]:
        """The answers that wait, oldest first; they are the caller's now."""
        answers, self._answers = self._answers, []
        return answers

    def abandon(self) -> None:
        """Nobody collects answers any more; events that are in flight come to their end unheard."""
        self._on_answers = _nobody

    def _take_array(self, values: list[object], text: str) -> None:
        if not values:
            self.refuse_frame(_EMPTY)
        elif len(values) > self._terms.max_array_events:
            self.refuse_frame(too_many_events(len(values), self._terms.max_array_events))
        else:
            for item, value in enumerate(values):
                if type(value) is dict and "specversion" in value:
                    self._admit(value, text, item)
                    continue
                # a scalar's own text; the frame's would be that of the whole array
                scalar = not isinstance(value, dict | list)
                own = orjson.dumps(value).decode() if scalar else ""
                self._submit(interpret(value, own, self._default_type), text, item, value)

    def _submit(
        self,
        event: dict[str, Any] | Problem,
        text: str | bytes,
        item: int | None = None,
        value: object = None,
    ) -> None:
        """`text` holds the event; `value` is what stands there at `item`."""
        if isinstance(event, Problem):
            content = text if item is None else value
            self._dead_letters.refused(event, self._terms.principal, content)
            self._refuse(self._count(), None, event)
        else:
            self._admit(event, text, item)

    def _admit(self, event: dict[str, Any], text: str | bytes, item: int | None = None) -> None:
        ref = self.events
        self.events = ref + 1
        admitted = self._admit_event(event, self._source, text, item)
        if isinstance(admitted, Admitted):
            record, id_ = admitted
            size_bytes = record.size_bytes
            self.in_flight += 1
            self.in_flight_bytes += size_bytes
            self._append(record, _Ticket(self, ref, id_, self._clock(), size_bytes))
        else:
            self._dead_letters.refused(admitted.problem, self._terms.principal, event)
            self._refuse(ref, admitted.id, admitted.problem)

    def _count(self) -> int:
        ref = self.events
        self.events = ref + 1
        return ref

    def _refuse(self, ref: int, id_: str | None, problem: Problem) -> None:
        self.nacked += 1
        self._observer.failed(problem.type.value.name)
        self._answer(nack(ref, id_, problem))

    def _answer(self, answer: bytes) -> None:
        if not self._answers:
            self._on_answers()
        self._answers.append(answer)


def _nobody() -> None:
    """Where answers of those who left wait: the caller and the session would else hold each other
    until Python's cyclic garbage collector comes by.
    """


class _Ticket:
    """One accepted event's claim to an answer."""

    __slots__ = ("_began", "_id", "_ref", "_session", "_size_bytes")

    def __init__(
        self, session: IngestSession, ref: int, id_: str | None, began: float, size_bytes: int
    ) -> None:
        self._session = session
        self._ref = ref
        self._id = id_
        self._began = began
        self._size_bytes = size_bytes

    def stored(self, partition: int, offset: int, *, duplicate: bool = False) -> None:
        """The broker acknowledged the event."""
        session = self._session
        session.in_flight -= 1
        session.in_flight_bytes -= self._size_bytes
        if duplicate:
            session._observer.repeated()
            session._answer(ack_again(self._ref, orjson.dumps(self._id), partition, offset))
            return
        session._observer.stored(session._clock() - self._began)
        session._answer(ack(self._ref, orjson.dumps(self._id), partition, offset))

    def failed(self, problem: Problem) -> None:
        """The event was not stored, or it is not known whether it was."""
        session = self._session
        session.in_flight -= 1
        session.in_flight_bytes -= self._size_bytes
        session._refuse(self._ref, self._id, problem)


def too_many_events(count: int, limit: int) -> Problem:
    """The answer to an array of `count` events where `limit` are taken."""
    return Problem(
        ProblemType.TOO_LARGE,
        f"the array has {count} events, {limit} are taken at once; none of them was stored; send "
        "them in several arrays",
        {"limit_events": limit},
    )


_EMPTY = Problem(
    ProblemType.NOT_AN_EVENT, "the array is empty; send an event, or an array of events"
)
