"""What the use cases need from outside, named by role. Adapters in ``infra``, fakes in tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from contracts.close import CloseCode
from publisher.domain.encoding import Buffer
from publisher.domain.log import Miss
from publisher.domain.page import Page
from publisher.domain.plan import OffsetsByTime, Positions


class Outlet(Protocol):
    """Where a sink's bytes go, and what one must know to bring them there another way."""

    marks: dict[int, Any] | None
    """Where `touched` puts this outlet, under its descriptor, while it is in rows."""

    @property
    def write(self) -> Callable[[Buffer], None]:
        """Takes bytes of whole frames in order and does not wait."""

    @property
    def buffered_bytes(self) -> Callable[[], int]:
        """What the socket has not taken yet."""

    @property
    def descriptor(self) -> int:
        """Of the socket beneath, if it takes the very bytes that are written; else -1."""

    def touched(self) -> None:
        """Something else than a block was, or may have been, written."""


class Sink(Protocol):
    """A subscriber's connection, from `Subscription` to the wire.

    The adapter calls the hub's `pause` and `resume` when the socket's buffer passes its marks, and
    `unsubscribe` when the connection is gone, after which it takes no more writes.
    """

    @property
    def paused(self) -> bool:
        """The buffer is above its high-water mark."""

    @property
    def buffered_bytes(self) -> int:
        """What the socket has not taken yet."""

    def outlet(self) -> Outlet:
        """The cheapest way to write one buffer; valid until the connection is gone."""

    def write_all(self, buffers: list[Buffer]) -> None:
        """Write several buffers as one."""

    def finish(self, code: CloseCode, reason: str) -> None:
        """What was written is the end: flush and close."""

    def abort(self) -> None:
        """Drop the connection without flushing."""


class Row(Protocol):
    """Outlets that get the same blocks, in an order."""

    def write(self, block: bytes, start: int, stop: int) -> list[int]:
        """Write to those from `start` up to `stop`, each as by its own `write`.

        Gives the indexes of those whose write raised: what they got of it is unknown.
        """


class BlockWriter(Protocol):
    """Writes blocks to many outlets; it is told which. Marks tell it where else was written."""

    def joined(self, outlet: Outlet) -> None:
        """It may be in rows from now on."""

    def left(self, outlet: Outlet) -> None:
        """It is in none from now on that is written to."""

    def row(self, outlets: Sequence[Outlet]) -> Row:
        """These, all joined, in this order."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A page from the broker, and where the broker's log of that partition begins now."""

    page: Page
    log_start: int


class PageReader(Protocol):
    """One reader of the broker's log; used by one load at a time."""

    @property
    def at(self) -> tuple[int, int] | None:
        """Partition and offset where it could go on cheapest."""

    async def load(self, miss: Miss) -> Loaded:
        """The page that begins at ``miss.start``, of about a page's bounds.

        It holds nothing below the log's start, which `Loaded.log_start` tells if it is above
        ``miss.start``; if it is at or above ``miss.stop``, the page is empty.

        Raises:
            PublisherError: retriable: the broker cannot be asked now.
        """


@dataclass(frozen=True, slots=True)
class LogEnds:
    """Where the broker's log begins and ends (high watermark), a position per partition."""

    earliest: Positions
    ends: Positions


class TopicOffsets(Protocol):
    """Questions to the broker about the topic; a retriable PublisherError when it is away."""

    async def log_ends(self, partitions: int) -> LogEnds:
        """Looked up at or after the call; many callers at once cost one request."""

    async def offsets_for_times(self, partitions: int, times_ms: tuple[int, ...]) -> OffsetsByTime:
        """First offsets at or after the timestamps."""


class Scheduler(Protocol):
    """The event loop, as far as the hub uses it."""

    def now_s(self) -> float:
        """A monotonic clock."""

    def soon(self, call: Callable[[], None]) -> None:
        """Run `call` in the loop's next turn."""

    def later(self, delay_s: float, call: Callable[[], None]) -> None:
        """Run `call` after `delay_s`."""
