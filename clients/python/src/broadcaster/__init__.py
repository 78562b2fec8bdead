"""Broadcaster's client: subscribe to a publisher, publish through a listener.

The decisions live in sans-IO cores (`subscription`, `delivery`), the sockets in thin shells
(`subscribe`, `publish`); the command ``broadcaster`` is `broadcaster.cli`.
"""

from broadcaster.backoff import Backoff
from broadcaster.connection import BasicAuth, BearerAuth
from broadcaster.delivery import Acked, Nacked
from broadcaster.errors import (
    BroadcasterError,
    InvalidAddressError,
    ProtocolError,
    RefusedError,
    UnreachableError,
)
from broadcaster.outgoing import Outgoing, prepare
from broadcaster.patience import Patience
from broadcaster.producer import Producer
from broadcaster.publish import publish
from broadcaster.refusal import Refusal, Violation
from broadcaster.subscribe import Interrupted, Stream, subscribe
from broadcaster.subscription import Received
from contracts.frames import Control

__all__ = [
    "Acked",
    "Backoff",
    "BasicAuth",
    "BearerAuth",
    "BroadcasterError",
    "Control",
    "Interrupted",
    "InvalidAddressError",
    "Nacked",
    "Outgoing",
    "Patience",
    "Producer",
    "ProtocolError",
    "Received",
    "Refusal",
    "RefusedError",
    "Stream",
    "UnreachableError",
    "Violation",
    "prepare",
    "publish",
    "subscribe",
]
