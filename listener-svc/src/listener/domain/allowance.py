"""How much a producer may send: so many events and bytes a second, with some saved up.

What was sent is paid for afterwards: whoever owes nothing may go on, with whatever comes next, and
then owes for all of it. So a batch larger than what can be saved up is possible, an event is never
split, and over time nobody sends more than the rate allows. Sans-IO: time is given, in seconds of
one clock. Says how long to wait; who waits and who is refused is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rates:
    """A second's worth; 0: as much as comes."""

    events: float = 0.0
    size_bytes: float = 0.0
    burst_s: float = 0.0
    """So many seconds' worth can be saved up by a producer that sends less."""

    @property
    def limited(self) -> bool:
        """Whether there is a limit at all."""
        return self.events > 0 or self.size_bytes > 0


class Allowance:
    """One producer's, whichever connections and requests it sends by."""

    __slots__ = ("_byte_s", "_event_s", "_events_paid_at", "_rates", "_size_paid_at")

    def __init__(self, rates: Rates, now: float) -> None:
        """All that can be saved up is there."""
        self._rates = rates
        self._event_s = 1 / rates.events if rates.events > 0 else 0.0
        self._byte_s = 1 / rates.size_bytes if rates.size_bytes > 0 else 0.0
        self._events_paid_at = self._size_paid_at = now - rates.burst_s
        """When all that was sent will have been paid for, or was."""

    def wait_s(self, now: float) -> float:
        """How long until more may be sent; 0: it may be now."""
        return max(0.0, self._events_paid_at - now, self._size_paid_at - now)

    def spend(self, events: int, size_bytes: int, now: float) -> None:
        """So much was sent."""
        saved_from = now - self._rates.burst_s
        self._events_paid_at = max(self._events_paid_at, saved_from) + events * self._event_s
        self._size_paid_at = max(self._size_paid_at, saved_from) + size_bytes * self._byte_s
