"""Delivering events to a listener, without the socket: what to send next, what an answer means.

Invariant: every event offered gets exactly one result, and an event is sent again only where that
cannot store it twice: when it was certainly not stored, or with the `id` that makes the repetition
recognisable. What may have been stored is never called "not stored".

Sans-IO: time is given, nothing sleeps. The shell is `broadcaster.publish`. Retries may overtake
other events; `window` = 1 keeps the order.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field
from random import Random

import orjson

from broadcaster.backoff import Backoff, planned_delay_s
from broadcaster.errors import ProtocolError
from broadcaster.outgoing import Outgoing
from broadcaster.refusal import Refusal, read_refusal, refusal_of_close
from broadcaster.steps import Refused, Resume
from contracts.close import CloseCode, Reconnect, reconnect_after
from contracts.problem import ProblemType


@dataclass(frozen=True, slots=True)
class Acked:
    """Stored, durably. `index` counts the events offered, from 0."""

    index: int
    id: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Nacked:
    """Not accepted, or its fate is unknown (`refusal.type` is ``outcome-unknown``)."""

    index: int
    id: str | None
    refusal: Refusal


@dataclass(slots=True, eq=False)
class _Pending:
    index: int
    outgoing: Outgoing
    offered_at: float
    attempts: int = 0
    maybe_stored: bool = False


@dataclass(slots=True)
class Delivery:
    """The events between a caller and a listener, over all connections."""

    random: Random
    window: int = 500
    max_attempts: int = 10
    max_age_s: float = 60.0
    backoff: Backoff = field(default_factory=Backoff)
    _fresh: deque[_Pending] = field(default_factory=deque)
    _later: list[tuple[float, int, _Pending]] = field(default_factory=list)
    _sent: dict[int, _Pending] = field(default_factory=dict)
    _offered: int = 0
    _next_ref: int = 0
    _failures: int = 0
    _refusal: Refusal | None = None

    @property
    def pending(self) -> int:
        """Events without a result."""
        return len(self._fresh) + len(self._later) + len(self._sent)

    @property
    def awaiting(self) -> int:
        """Events sent on this connection and not answered."""
        return len(self._sent)

    @property
    def has_room(self) -> bool:
        """Whether another event may be offered."""
        return self.pending < self.window

    def offer(self, outgoing: Outgoing, now: float) -> int:
        """Take one event; its result will carry the index returned."""
        index = self._offered
        self._offered += 1
        self._fresh.append(_Pending(index, outgoing, now))
        return index

    def opened(self) -> None:
        """A new connection: the listener counts from 0 again."""
        self._next_ref = 0
        self._refusal = None

    def next_frame(self, now: float) -> bytes | None:
        """The frame to send now, or None; what it returns counts as sent."""
        if self._later and self._later[0][0] <= now:
            pending = heapq.heappop(self._later)[2]
        elif self._fresh:
            pending = self._fresh.popleft()
        else:
            return None
        self._sent[self._next_ref] = pending
        self._next_ref += 1
        return pending.outgoing.frame

    def wake_at(self) -> float | None:
        """When the next retry is due."""
        return self._later[0][0] if self._later else None

    def answered(self, raw: bytes, now: float) -> Acked | Nacked | None:
        """Take one frame of the listener; None while there is no result (yet).

        Raises:
            ProtocolError: the frame is not JSON, or answers nothing that was asked.
        """
        try:
            answer = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise ProtocolError("the listener sent a frame that is not JSON") from error
        kind = answer.get("type") if isinstance(answer, dict) else None
        if kind == "error":
            self._refusal = read_refusal(answer.get("problem"))
        if kind not in {"ack", "nack"}:
            return None
        ref = answer.get("ref")
        pending = self._sent.pop(ref, None) if isinstance(ref, int) else None
        if pending is None:
            raise ProtocolError("the listener answered an event that was not sent, or twice")
        if kind == "nack":
            return self._nacked(pending, read_refusal(answer.get("problem")), now)
        self._failures = 0
        try:
            return Acked(
                pending.index, str(answer["id"]), int(answer["partition"]), int(answer["offset"])
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ProtocolError("the listener's ack lacks the event's place") from error

    def closed(self, code: int, reason: str, now: float) -> tuple[list[Nacked], Resume | Refused]:
        """The connection is gone: what has got its result by that, and what to do."""
        lost = [self._sent[ref] for ref in sorted(self._sent)]
        self._sent.clear()
        results: list[Nacked] = []
        if code == CloseCode.TOO_BIG and lost:
            # the culprit is above the listener's limit, so the largest is too: rightly refused
            largest = max(lost, key=lambda pending: len(pending.outgoing.frame))
            lost.remove(largest)
            results.append(_refused(largest, ProblemType.TOO_LARGE, reason or "closed with 1009"))
        again: list[_Pending] = []
        for pending in lost:
            pending.attempts += 1
            pending.maybe_stored = True
            if pending.outgoing.id is None:
                results.append(_unknown(pending, "it has no id to be sent again with"))
            elif self._spent(pending, now):
                results.append(_unknown(pending, f"given up after {pending.attempts} tries"))
            else:
                again.append(pending)
        self._fresh.extendleft(reversed(again))
        verdict = reconnect_after(code)
        if verdict is Reconnect.NOT_UNCHANGED and code != CloseCode.TOO_BIG:
            return results, Refused(self._refusal or refusal_of_close(code, reason))
        said = f"closed with {code}" + (f", {reason}" if reason else "")
        if verdict is Reconnect.PLANNED:
            return results, Resume(planned_delay_s(None, self.random), said)
        return results, self.failed(said)

    def failed(self, reason: str) -> Resume:
        """No connection could be made, or one was lost to trouble: back off further each time."""
        delay_s = self.backoff.delay_s(self._failures, self.random)
        self._failures += 1
        return Resume(delay_s, reason)

    def give_up(self, reason: str) -> list[Nacked]:
        """Results for all that is pending, told apart: never sent, or perhaps stored."""
        left = [*self._sent.values(), *(entry[2] for entry in self._later), *self._fresh]
        unanswered = {pending.index for pending in self._sent.values()}
        self._sent.clear()
        self._later.clear()
        self._fresh.clear()
        return [
            _unknown(pending, reason)
            if pending.maybe_stored or pending.index in unanswered
            else _refused(pending, ProblemType.UNAVAILABLE, reason)
            for pending in sorted(left, key=lambda pending: pending.index)
        ]

    def _nacked(self, pending: _Pending, refusal: Refusal, now: float) -> Nacked | None:
        unknown = refusal.type == ProblemType.OUTCOME_UNKNOWN.value.name
        pending.attempts += 1
        pending.maybe_stored = pending.maybe_stored or unknown
        if refusal.retriable:
            safe = pending.outgoing.id is not None or not pending.maybe_stored
            if safe and not self._spent(pending, now + refusal.retry_after_s):
                delay_s = self.backoff.delay_s(pending.attempts - 1, self.random)
                due = now + max(delay_s, refusal.retry_after_s)
                heapq.heappush(self._later, (due, pending.index, pending))
                return None
            if pending.maybe_stored and not unknown:
                return _unknown(pending, f"an earlier try may be stored; the last one: {refusal}")
        else:
            self._failures = 0
        return Nacked(pending.index, pending.outgoing.id, refusal)

    def _spent(self, pending: _Pending, now: float) -> bool:
        return pending.attempts >= self.max_attempts or now - pending.offered_at >= self.max_age_s


def _unknown(pending: _Pending, why: str) -> Nacked:
    return _refused(pending, ProblemType.OUTCOME_UNKNOWN, f"sent, but never answered; {why}")


def _refused(pending: _Pending, kind: ProblemType, detail: str) -> Nacked:
    entry = kind.value
    refusal = Refusal(entry.name, entry.title, detail, entry.status, entry.retriable)
    return Nacked(pending.index, pending.outgoing.id, refusal)
