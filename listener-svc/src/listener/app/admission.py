"""From an interpreted event to a record that may be stored: complete, judge, serialise.

Invariant: what is stored is the serialisation of what was judged, of the same object, with
nothing in between. Refusals are values. Does not parse, store or answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from contracts.judge import TOO_DEEP, Rejected
from contracts.problem import Problem, ProblemType
from listener.app.ports import Clock, EventJudge, Observer
from listener.domain.completion import answered_id, complete
from listener.domain.exactness import is_inexact, may_be_inexact
from listener.domain.record import Record, record_of

_new = tuple.__new__


class Admitted(NamedTuple):
    """The event may be stored."""

    record: Record
    id: str | None
    """As answers repeat it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The event is answered with this problem; `id` is the event's, where it can be told."""

    problem: Problem
    id: str | None


class Admission:
    """The same rules for every transport."""

    def __init__(
        self,
        judge: EventJudge,
        observer: Observer,
        *,
        max_event_bytes: int,
        new_id: Callable[[], str],
        now: Callable[[], str],
        clock: Clock,
    ) -> None:
        """`now` gives RFC 3339; `max_event_bytes` is what the topic takes."""
        self._judge = judge.judge
        self._observer = observer
        self._max_event_bytes = max_event_bytes
        self._new_id = new_id
        self._now = now
        self._clock = clock

    def judge_by(self, judge: EventJudge) -> None:
        """Judge by another judge from the next event on."""
        self._judge = judge.judge

    def admit(
        self, event: dict[str, Any], source: str, text: str | bytes, item: int | None = None
    ) -> Admitted | Refused:
        """Fill in what is absent, judge, serialise. `event` is changed.

        `source` is the principal's own. `text` is the JSON that the event, or its data, was read
        from: all of it, or the `item` of that index.
        """
        named = complete(event, source, self._new_id, self._now)
        began = self._clock()
        verdict = self._judge(event)
        self._observer.judged(self._clock() - began)
        if verdict.__class__ is Rejected:
            return Refused(verdict.problem, answered_id(event))
        try:
            value = orjson.dumps(event)
        except orjson.JSONEncodeError:
            return Refused(TOO_DEEP, answered_id(event))
        if may_be_inexact(event, value) and is_inexact(text, item):
            return Refused(INEXACT, answered_id(event))
        identity = f"{source}\n{event['source']}\n{event['id']}" if named else None
        record = record_of(event, value, identity)
        if record.size_bytes > self._max_event_bytes:
            return Refused(self._too_large(record.size_bytes), answered_id(event))
        self._observer.accepted(len(value))
        return _new(Admitted, (record, answered_id(event)))

    def _too_large(self, size_bytes: int) -> Problem:
        return Problem(
            ProblemType.TOO_LARGE,
            f"the event takes {size_bytes} bytes, the topic {self._max_event_bytes} at most; it "
            "was not stored; send less, or a reference to where the rest is",
            {"limit_bytes": self._max_event_bytes},
        )


INEXACT = Problem(
    ProblemType.INVALID_JSON,
    "the event has an integer of more than 64 bits, which would be rounded; it was not stored; "
    "send such numbers as strings, or with an exponent if a double will do",
)
