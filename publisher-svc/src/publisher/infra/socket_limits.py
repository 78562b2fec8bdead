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
