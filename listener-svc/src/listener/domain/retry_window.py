"""What became of the events of late, by their identity: so that a retry is known as one.

A retry of a stored event is answered with the position of the first attempt; one of an event in
flight, together with it; one of an event that was answered as ``outcome-unknown`` is told the same
until Kafka has answered after all. What certainly was not stored, or nobody will ever know of, is
stored by the next attempt.

Two generations are kept. When the newer is `window_s` old or holds half of `max_events` it becomes
the older, and what was older is let go as a whole, which costs less than to look after each. So an
event is known for `window_s` at least and twice that at most, unless too many came after it: the
newest half of `max_events` always are. Invariants: bounded; an event that is known to be stored or
to be in flight is not taken again; each ticket that is kept here is answered once. This is on the
listener's hot path: a few dictionary accesses an event, nothing created but what is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto

from contracts.problem import Problem, ProblemType
from listener.domain.delivery import STILL_UNKNOWN
from listener.domain.ticket import Ticket

_PARTITIONS = 1 << 20
"""More than Kafka can have. A position is kept as one number, a third of a tuple's memory."""


class _Fate(Enum):
    """What is known of an event that is not stored."""

    IN_FLIGHT = auto()
    UNKNOWN = auto()
    FREE = auto()


class RetryWindow:
    """One process's memory."""

    def __init__(self, window_s: float, max_events: int, now: float) -> None:
        """Nothing is known."""
        self._window_s = window_s
        self._half = max(1, max_events // 2)
        self._newer: dict[str, int | _Fate] = {}
        self._older: dict[str, int | _Fate] = {}
        self._followers: dict[str, list[Ticket]] = {}
        """Of events in flight: retries that wait for the same answer."""
        self._turned_s = now

    def __len__(self) -> int:
        return len(self._newer) + len(self._older)

    def take(self, identity: str, ticket: Ticket) -> bool:
        """Whether this is a first attempt, to be stored; if not, `ticket` is answered from here."""
        newer = self._newer
        known = self._older.get(identity)
        if known is None:
            known = newer.get(identity)
            if known is None:
                newer[identity] = _Fate.IN_FLIGHT
                if len(newer) >= self._half:
                    self._turn()
                return True
        if known is _Fate.FREE:
            self._older.pop(identity, None)
            newer[identity] = _Fate.IN_FLIGHT
            return True
        if known is _Fate.IN_FLIGHT:
            self._followers.setdefault(identity, []).append(ticket)
        elif known is _Fate.UNKNOWN:
            ticket.failed(STILL_UNKNOWN)
        else:
            offset, partition = divmod(int(known), _PARTITIONS)
            ticket.stored(partition, offset, duplicate=True)
        return False

    def stored(self, identities: Sequence[str | None], partition: int, offset: int) -> None:
        """First attempts were stored in `partition`, from `offset` on, in this order."""
        newer, older = self._newer, self._older
        position = offset * _PARTITIONS + partition
        for identity in identities:
            if identity is not None:
                if identity in newer:
                    newer[identity] = position
                elif identity in older:  # else the window has passed it by
                    older[identity] = position
            position += _PARTITIONS
        if self._followers:
            for at, identity in enumerate(identities):
                for ticket in self._followers_of(identity):
                    ticket.stored(partition, offset + at, duplicate=True)

    def failed(self, identities: Sequence[str | None], problem: Problem) -> None:
        """First attempts were answered with `problem`."""
        unknown = problem.type is ProblemType.OUTCOME_UNKNOWN
        self._note(identities, _Fate.UNKNOWN if unknown else _Fate.FREE)
        for identity in identities:
            for ticket in self._followers_of(identity):
                ticket.failed(problem)

    def never_known(self, identities: Sequence[str | None]) -> None:
        """Nobody will ever know what became of these, which were answered as unknown."""
        self._note(identities, _Fate.FREE)

    def tick(self, now: float) -> None:
        """Let go of what is older than the window; call it often, compared with the window."""
        if now - self._turned_s >= self._window_s:
            self._turned_s = now
            self._turn()

    def _note(self, identities: Sequence[str | None], fate: _Fate) -> None:
        for identity in identities:
            for generation in (self._newer, self._older):
                if identity is not None and identity in generation:
                    generation[identity] = fate

    def _followers_of(self, identity: str | None) -> Sequence[Ticket]:
        return () if identity is None else self._followers.pop(identity, ())

    def _turn(self) -> None:
        self._older, self._newer = self._newer, {}
