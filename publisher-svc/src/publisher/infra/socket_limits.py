"""What the transports share: bounds per socket, and how a socket tells the hub of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from publisher.app.hub import Hub
from publisher.app.subscription import Subscription
from publisher.domain.errors import PublisherError


class SubscriberGoneError(PublisherError):
    """The connection ended while its request was looked up; nobody is left to be told."""

    code = "subscriber-gone"


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Bounds per socket, all settings."""

    high_bytes: int = 256 << 10
    """Above this the subscriber leaves the live lane."""
    low_bytes: int = 64 << 10
    input_frames: int = 60
    """Frames a subscriber may send per minute; they are ignored."""


class InputAllowance:
    """How much a subscriber may still say: so many frames in each minute of its own."""

    def __init__(self, frames: int, now_s: Callable[[], float]) -> None:
        self._frames = frames
        self._now_s = now_s
        self._left, self._minute_s = frames, now_s()

    def takes(self, count: int) -> bool:
        """Whether so many more are within it."""
        now_s = self._now_s()
        if now_s - self._minute_s > 60:
            self._left, self._minute_s = self._frames, now_s
        self._left -= count
        return self._left >= 0


class SocketEvents(Protocol):
    """A connection that tells what happens to it: the raw extensions, and the ASGI sink."""

    on_pause: Callable[[], None] | None
    on_resume: Callable[[], None] | None
    on_lost: Callable[[], None] | None
    paused: bool

    @property
    def is_open(self) -> bool:
        """Nothing has ended it yet."""


def attach(hub: Hub, subscription: Subscription, events: SocketEvents) -> None:
    """Let the socket tell the hub; it may have told nobody meanwhile, so look once."""
    events.on_pause = lambda: hub.pause(subscription)
    events.on_resume = lambda: hub.resume(subscription)
    events.on_lost = lambda: hub.unsubscribe(subscription)
    if not events.is_open:
        hub.unsubscribe(subscription)
    elif events.paused:
        hub.pause(subscription)
