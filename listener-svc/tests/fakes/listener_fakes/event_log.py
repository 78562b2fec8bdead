"""`EventLog`: keeps what is appended, and answers when the test says so."""

from __future__ import annotations

from contracts.problem import Problem
from listener.domain.record import Record
from listener.domain.ticket import Ticket


class FakeEventLog:
    """One partition, offsets from 0."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Record, Ticket]] = []
        self.records: list[Record] = []
        """What was stored, in order."""
        self.refuse_at_once: Problem | None = None
        self.has_room = True

    def append(self, record: Record, ticket: Ticket) -> None:
        if self.refuse_at_once is not None:
            ticket.failed(self.refuse_at_once)
        else:
            self.waiting.append((record, ticket))

    async def wait_for_room(self) -> None:
        self.has_room = True

    def store(self, count: int | None = None) -> None:
        """Store the oldest `count` events that wait, or all."""
        count = len(self.waiting) if count is None else count
        for record, ticket in self.waiting[:count]:
            self.records.append(record)
            ticket.stored(0, len(self.records) - 1)
        del self.waiting[:count]

    def fail(self, problem: Problem) -> None:
        """Answer all that wait with `problem`."""
        for _, ticket in self.waiting:
            ticket.failed(problem)
        self.waiting.clear()
