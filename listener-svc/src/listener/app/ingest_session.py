"""One producer's connection, without its transport: texts in, answers out.

Invariant: every event of the connection is counted once (`ref`, from 0; a text that is not JSON,
an empty array or one that is too long counts as one) and answered exactly once. The caller reads
on only while `in_flight` is below its limit, collects answers when told, and owns the socket.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from contracts.problem import Problem, ProblemType
from listener.app.admission import Admission, Admitted
from listener.app.answers import ack, nack
from listener.app.ports import Clock, EventLog, Observer
from listener.domain.interpretation import interpret, interpret_plain


@dataclass(frozen=True, slots=True)
class Terms:
    """What one connection's events are taken as."""

    source: str
    """The ``source`` of events that name none."""
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
        terms: Terms,
        *,
        clock: Clock,
        on_answers: Callable[[], None],
    ) -> None:
        self._admit_event = admission.admit
        self._log = log
        self._observer = observer
        self._source = terms.source
        self._default_type = terms.default_type
        self._max_array_events = terms.max_array_events
        self._clock = clock
        self._on_answers = on_answers
        self._answers: list[bytes] = []
        self._next_ref = 0
        self.in_flight = 0
        """Events that have no answer yet."""

    def take_text(self, text: str) -> None:
        """One text frame: an event, or an array of events."""
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            fault = f"{error.msg} at line {error.lineno} column {error.colno}"
            self._submit(interpret_plain(text, self._default_type, fault))
            return
        if type(value) is dict and "specversion" in value:  # the usual case, without a detour
            self._admit(value)
        elif type(value) is list:
            self._take_array(value)
        else:
            self._submit(interpret(value, text, self._default_type))

    def refuse_frame(self, problem: Problem) -> None:
        """A frame that cannot be taken at all: it counts as one event."""
        self._refuse(self._count(), None, problem)

    def collect(self) -> list[bytes]:
        """The answers that wait, oldest first; they are the caller's now."""
        answers, self._answers = self._answers, []
        return answers

    def _take_array(self, values: list[object]) -> None:
        if not values:
            self.refuse_frame(_EMPTY)
        elif len(values) > self._max_array_events:
            self.refuse_frame(
                Problem(
                    ProblemType.TOO_LARGE,
                    f"the array has {len(values)} events, {self._max_array_events} are taken at "
                    "once; none of them was stored; send them in several frames",
                    {"limit_events": self._max_array_events},
                )
            )
        else:
            for value in values:
                # a scalar's own text; the frame's would be that of the whole array
                scalar = not isinstance(value, dict | list)
                text = orjson.dumps(value).decode() if scalar else ""
                self._submit(interpret(value, text, self._default_type))

    def _submit(self, event: dict[str, object] | Problem) -> None:
        if isinstance(event, Problem):
            self._refuse(self._count(), None, event)
        else:
            self._admit(event)

    def _admit(self, event: dict[str, object]) -> None:
        ref = self._next_ref
        self._next_ref = ref + 1
        admitted = self._admit_event(event, self._source)
        if isinstance(admitted, Admitted):
            self.in_flight += 1
            self._log.append(admitted.record, _Ticket(self, ref, admitted.id, self._clock()))
        else:
            self._refuse(ref, admitted.id, admitted.problem)

    def _count(self) -> int:
        ref = self._next_ref
        self._next_ref = ref + 1
        return ref

    def _refuse(self, ref: int, id_: str | None, problem: Problem) -> None:
        self._observer.failed(problem.type.value.name)
        self._answer(nack(ref, id_, problem))

    def _answer(self, answer: bytes) -> None:
        if not self._answers:
            self._on_answers()
        self._answers.append(answer)


class _Ticket:
    """One accepted event's claim to an answer."""

    __slots__ = ("_began", "_id", "_ref", "_session")

    def __init__(self, session: IngestSession, ref: int, id_: str | None, began: float) -> None:
        self._session = session
        self._ref = ref
        self._id = id_
        self._began = began

    def stored(self, partition: int, offset: int) -> None:
        """The broker acknowledged the event."""
        session = self._session
        session.in_flight -= 1
        session._observer.stored(session._clock() - self._began)
        session._answer(ack(self._ref, orjson.dumps(self._id), partition, offset))

    def failed(self, problem: Problem) -> None:
        """The event was not stored, or it is not known whether it was."""
        session = self._session
        session.in_flight -= 1
        session._refuse(self._ref, self._id, problem)


_EMPTY = Problem(
    ProblemType.NOT_AN_EVENT, "the array is empty; send an event, or an array of events"
)
