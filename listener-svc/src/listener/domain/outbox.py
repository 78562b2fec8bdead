"""Events of one partition that wait to be handed to Kafka, oldest first.

Invariant: what is in here certainly is not in Kafka, so refusing it as ``unavailable`` is true.
Order is kept: what is put back goes to the front. Sizes and deadlines are given; there is no
clock here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from listener.domain.record import Record
from listener.domain.ticket import Ticket


class Waiting(NamedTuple):
    """One event: what to store, who to tell, and until when it may wait."""

    record: Record
    ticket: Ticket
    deadline: float


class Outbox:
    """A FIFO with a byte count."""

    __slots__ = ("_waiting", "size_bytes")

    def __init__(self) -> None:
        self._waiting: deque[Waiting] = deque()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, waiting: Waiting) -> None:
        """Add the newest event."""
        self._waiting.append(waiting)
        self.size_bytes += waiting.record.size_bytes

    def put_back(self, batch: Iterable[Waiting]) -> None:
        """Return a batch, in its order, to the front: it certainly was not stored."""
        returned = list(batch)
        self._waiting.extendleft(reversed(returned))
        self.size_bytes += sum(each.record.size_bytes for each in returned)

    def take(self, limit_bytes: int) -> list[Waiting]:
        """Remove the oldest events, up to `limit_bytes` in all but at least one if there is any."""
        taken: list[Waiting] = []
        size = 0
        waiting = self._waiting
        while waiting:
            size += waiting[0].record.size_bytes
            if taken and size > limit_bytes:
                size -= waiting[0].record.size_bytes
                break
            taken.append(waiting.popleft())
        self.size_bytes -= size
        return taken

    def expire(self, now: float) -> list[Waiting]:
        """Remove the events at the front whose deadline has passed.

        Deadlines grow along the queue, since every event may wait equally long; one that was put
        back is older than those behind it.
        """
        expired: list[Waiting] = []
        while self._waiting and self._waiting[0].deadline <= now:
            expired.append(self._waiting.popleft())
        self.size_bytes -= sum(each.record.size_bytes for each in expired)
        return expired

    def clear(self) -> list[Waiting]:
        """Remove everything."""
        everything = list(self._waiting)
        self._waiting.clear()
        self.size_bytes = 0
        return everything
