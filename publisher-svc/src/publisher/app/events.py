"""Domain events: what happened, as values that metrics and logs subscribe to.

None is made per event or per delivery; `EventsBroadcast` is one per fan-out round.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contracts.close import CloseCode


@dataclass(frozen=True, slots=True)
class SubscriberJoined:
    """A subscription began."""

    transport: str


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """A subscriber reached the tip and gets live blocks from now on."""

    transport: str
    first: bool
    replayed: int


@dataclass(frozen=True, slots=True)
class FellBehind:
    """A live subscriber's socket had no room; it reads from the log until it has caught up."""

    transport: str


@dataclass(frozen=True, slots=True)
class SubscriberLeft:
    """A subscription is over; `code` is ours, None when the subscriber went."""

    transport: str
    code: CloseCode | None
    reason: str


@dataclass(frozen=True, slots=True)
class RequestRefused:
    """A request was answered with a problem; no subscription began."""

    transport: str
    problem: str


@dataclass(frozen=True, slots=True)
class PageServed:
    """A page of events was read for a request."""

    events: int
    bytes: int


@dataclass(frozen=True, slots=True)
class EventsBroadcast:
    """One fan-out round."""

    events: int
    skipped: int
    deliveries: int
    writes: int
    """Blocks to sockets; each has one event or more."""
    bytes: int
    newest_ms: int
    """Broker timestamp of the newest event in it."""


@dataclass(frozen=True, slots=True)
class EventsReplayed:
    """A catch-up step wrote events from the log."""

    events: int
    bytes: int


@dataclass(frozen=True, slots=True)
class LogTrimmed:
    """Retention or DeleteRecords moved the log's start."""

    partition: int
    earliest: int


Event = (
    SubscriberJoined
    | CaughtUp
    | FellBehind
    | SubscriberLeft
    | RequestRefused
    | PageServed
    | EventsBroadcast
    | EventsReplayed
    | LogTrimmed
)
Emit = Callable[[Event], None]
