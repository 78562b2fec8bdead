"""Keeps what was refused: an event for each, on a log of its own.

Invariant: never blocks, never raises, never holds up or fails what producers send; a dead letter
that cannot be kept is counted and let go. What it looks like is said in `contracts.dead_letter`,
who may read it is the publishers' part.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson

from contracts.dead_letter import dead_letter
from contracts.problem import Problem
from listener.app.ports import EventLog
from listener.domain.record import record_of


class KeepDeadLetters:
    """`DeadLetters` where a topic is set for them."""

    def __init__(
        self,
        log: EventLog,
        *,
        copy_bytes: int,
        new_id: Callable[[], str],
        now: Callable[[], str],
        say: Callable[..., None],
    ) -> None:
        """`copy_bytes` of what was refused are kept; `say` logs a line, bounded."""
        self._log = log
        self._copy_bytes = copy_bytes
        self._new_id = new_id
        self._now = now
        self._say = say
        self.kept = 0
        self.dropped = 0

    def refused(self, problem: Problem, principal: str, content: object) -> None:
        """Keep it, if it can be kept."""
        letter = dead_letter(
            problem,
            principal,
            content,
            id_=self._new_id(),
            time=self._now(),
            max_bytes=self._copy_bytes,
        )
        try:
            value = orjson.dumps(letter)
        except orjson.JSONEncodeError:  # the copy just keeps the bound of levels, the letter not
            self.failed(problem)
            return
        self._log.append(record_of(letter, value), self)

    # -- Ticket: all dead letters have the same one

    def stored(self, partition: int, offset: int, *, duplicate: bool = False) -> None:  # noqa: ARG002
        """One was kept."""
        self.kept += 1

    def failed(self, problem: Problem) -> None:
        """One could not be kept."""
        self.dropped += 1
        self._say("dead letter dropped", problem=problem.type.value.name)
