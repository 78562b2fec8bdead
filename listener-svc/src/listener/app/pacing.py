"""Holding producers to their rate: who must wait, and that it is told.

An allowance belongs to a principal, not to a connection, so that opening more connections gains
nothing. Where there is no limit there is no pace, and nothing is counted. Invariant: nothing is
dropped in silence: a connection or stream is left unread meanwhile (TCP's back-pressure); a request
is refused before its body is read, and what came over a connection and cannot be held for so long
is nacked; both are told when to come again.
"""

from __future__ import annotations

import math
from typing import Protocol

from contracts.problem import Problem, ProblemType
from listener.app.ports import Clock
from listener.domain.allowance import Allowance, Rates


class PaceObserver(Protocol):
    """Who counts."""

    def held(self, transport: str, principal: str, wait_s: float) -> None:
        """A connection or stream is left unread for so long, or a request was refused."""


class Pace:
    """One principal's, over one transport."""

    __slots__ = ("_allowance", "_clock", "_observer", "_principal", "_transport")

    def __init__(
        self,
        allowance: Allowance,
        clock: Clock,
        observer: PaceObserver,
        transport: str,
        principal: str,
    ) -> None:
        self._allowance = allowance
        self._clock = clock
        self._observer = observer
        self._transport = transport
        self._principal = principal

    def wait_s(self) -> float:
        """How long until more may be taken; 0: it may be now."""
        return self._allowance.wait_s(self._clock())

    def spend(self, events: int, size_bytes: int) -> None:
        """So much was taken."""
        self._allowance.spend(events, size_bytes, self._clock())

    def held(self) -> None:
        """The producer is made to wait."""
        self._observer.held(self._transport, self._principal, self.wait_s())

    def refusal(self) -> Problem | None:
        """Why nothing is taken now; None: it is."""
        wait_s = self.wait_s()
        if not wait_s:
            return None
        seconds = math.ceil(wait_s)
        return Problem(
            ProblemType.RATE_EXCEEDED,
            "this producer sends more than its rate allows; this was not stored; send it again in "
            f"{seconds} s, and less at once",
            {"retry_after_s": seconds},
        )


class Pacing:
    """The paces of all principals."""

    def __init__(self, rates: Rates, clock: Clock, observer: PaceObserver) -> None:
        self._rates = rates
        self._clock = clock
        self._observer = observer
        self._allowances: dict[str, Allowance] = {}
        """As many as there are users; who is none does not come this far."""

    def of(self, principal: str, transport: str) -> Pace | None:
        """The pace of `principal`; None: it may send as it likes."""
        if not self._rates.limited:
            return None
        allowance = self._allowances.get(principal)
        if allowance is None:
            allowance = self._allowances[principal] = Allowance(self._rates, self._clock())
        return Pace(allowance, self._clock, self._observer, transport, principal)
