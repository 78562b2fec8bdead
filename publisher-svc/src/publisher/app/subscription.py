"""A subscription: one subscriber's cursor, filter, lane and sink.

It holds state and no behaviour of the lanes; `publisher.app.hub` moves it between them. While it is
in the live lane its cursor is the lane's, and `positions` is not kept.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from publisher.app.load_queue import Patience
from publisher.app.ports import Outlet, Sink
from publisher.domain.encoding import Buffer, Encoding
from publisher.domain.filter import Filter
from publisher.domain.page import Page
from publisher.domain.plan import Plan
from publisher.domain.slowness import Standstill


class Lane(Enum):
    """Where a subscription stands."""

    CATCH_UP = "catch-up"
    """Reads the log at its own cursor, in its turn."""
    WAITING = "waiting"
    """At the tip, but not joinable: it ends before live, or stands beyond this instance's tip."""
    LIVE = "live"
    """Gets every block as it comes."""
    GONE = "gone"


class Subscription:
    """See the module."""

    __slots__ = (
        "announced", "encoding", "heartbeat_due", "in_hand", "lane", "moved_s", "outlet",
        "patience", "positions", "queued", "reached_ms", "replayed", "sink", "slot", "standstill",
        "stop", "wanted", "write",
    )  # fmt: skip

    def __init__(self, sink: Sink, plan: Plan, wanted: Filter, encoding: Encoding) -> None:
        self.sink = sink
        self.outlet: Outlet = sink.outlet()
        self.write: Callable[[Buffer], None] = self.outlet.write
        self.wanted = wanted
        self.encoding = encoding
        self.positions = list(plan.start)
        self.stop = plan.stop
        self.lane = Lane.CATCH_UP
        self.replayed = 0
        """Events sent before it first reached the tip."""
        self.announced = False
        """Its ``live`` frame was sent."""
        self.queued = False
        """It has a turn coming, or waits for a page."""
        self.in_hand: Page | None = None
        """The page just loaded for it."""
        self.reached_ms = [0] * len(self.positions)
        """Per partition, the time of the newest page read: who is behind in time goes first."""
        self.moved_s = 0.0
        """When its last turn was over."""
        self.patience = Patience()
        """With others that read what it reads, later."""
        self.standstill: Standstill | None = None
        self.slot: set[Subscription] | None = None
        """The sweep's, which it leaves when it goes."""
        self.heartbeat_due = False
        """A heartbeat fell into a pause of its socket."""

    @property
    def is_complete(self) -> bool:
        """Every partition has reached the requested end."""
        return self.stop is not None and all(
            at >= end for at, end in zip(self.positions, self.stop, strict=True)
        )
