"""One bound for the memory of all request bodies that are here at once.

A request reserves what its body has grown to (not what it says that it will be, which costs a
client nothing) and gives it back when its events were answered. Invariant: `taken` is the sum of
all reservations and never above `max_bytes`. What does not fit is refused at once, never waited
for: bodies that wait for each other's memory would all stand still.
"""

from __future__ import annotations


class BodyBudget:
    """The process's."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.taken = 0
        self.refusals = 0

    def reserve(self) -> Reservation:
        """A request's part, of nothing yet."""
        return Reservation(self)


class Reservation:
    """One request's part of the budget."""

    __slots__ = ("_budget", "size_bytes")

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self.size_bytes = 0

    @property
    def max_bytes(self) -> int:
        """Of all bodies together."""
        return self._budget.max_bytes

    def resize(self, size_bytes: int) -> bool:
        """Whether there is memory for so much; False: there is not, and nothing has changed."""
        budget = self._budget
        taken = budget.taken - self.size_bytes + size_bytes
        if taken > budget.max_bytes and size_bytes > self.size_bytes:
            budget.refusals += 1
            return False
        budget.taken = taken
        self.size_bytes = size_bytes
        return True

    def release(self) -> None:
        """The body is gone. May be repeated."""
        self.resize(0)
