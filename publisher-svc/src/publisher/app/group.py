"""A group of the live lane: members with one filter and encoding, who get the same blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from publisher.app.ports import BlockWriter, Row
from publisher.app.subscription import Subscription


class Line(NamedTuple):
    """The members as they stood when a round was planned, and how they are written to."""

    members: list[Subscription]
    row: Row


class Group:
    """See the module. Rounds touch no member while none comes or goes: the line is kept."""

    __slots__ = ("_line", "_members", "_writer")

    def __init__(self, writer: BlockWriter) -> None:
        self._writer = writer
        self._members: dict[Subscription, None] = {}
        self._line: Line | None = None

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Subscription]:
        return iter(self._members)

    def add(self, subscription: Subscription) -> None:
        """One more, who comes last."""
        self._members[subscription] = self._line = None
        self._writer.joined(subscription.outlet)

    def remove(self, subscription: Subscription) -> bool:
        """One less; False if it was not here."""
        if subscription not in self._members:
            return False
        del self._members[subscription]
        self._line = None
        self._writer.left(subscription.outlet)
        return True

    @property
    def line(self) -> Line:
        """All, in the order of their coming."""
        if self._line is None:
            members = list(self._members)
            self._line = Line(members, self._writer.row([each.outlet for each in members]))
        return self._line
