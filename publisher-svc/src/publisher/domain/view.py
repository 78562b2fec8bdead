"""A page as it is read: in one encoding, through one filter."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from publisher.domain.encoding import Buffer


class Slice(NamedTuple):
    """Part of a page: wire bytes, the next offset to read, and how many events the bytes hold."""

    data: Buffer
    next: int
    events: int
    rest: bool = False
    """Making it took a while: nothing more is to be read in this turn."""


class View(Protocol):
    """A page as one encoding and one filter have it."""

    def whole(self, most_made: int) -> tuple[Buffer, int]:
        """All of it for the wire, and how many frames had to be made for it, which takes a while.

        At most `most_made`; it may be less compact for that.
        """

    def __len__(self) -> int:
        """How many events it holds."""

    def slice(
        self,
        offset: int,
        limit_bytes: int,
        stop: int | None = None,
        limit_events: int | None = None,
    ) -> Slice:
        """Part of it."""
