"""Opening a WebSocket and naming what went wrong, for both directions.

The one module that knows the `websockets` library's errors. It judges nothing: whether to try
again is the sans-IO cores' decision (`broadcaster.subscription`, `broadcaster.delivery`).
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
)

from broadcaster.errors import InvalidAddressError, RefusedError
from broadcaster.refusal import refusal_of_status
from contracts.close import CloseCode

MAX_FRAME_BYTES = 32 * 1024 * 1024
"""Far above what a Kafka record holds by default (1 MB), and still a bound."""

_CLOSE_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """A user and a password, sent as HTTP Basic credentials at the handshake."""

    user: str
    password: str

    def header(self) -> dict[str, str]:
        """The header that carries them."""
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {token}"}

    def __repr__(self) -> str:
        return f"BasicAuth(user={self.user!r})"


@dataclass(frozen=True, slots=True)
class BearerAuth:
    """A token, sent at the handshake."""

    token: str

    def header(self) -> dict[str, str]:
        """The header that carries it."""
        return {"Authorization": f"Bearer {self.token}"}

    def __repr__(self) -> str:
        return "BearerAuth(…)"


@dataclass(frozen=True, slots=True)
class OpenFailed:
    """No connection; `reason` is for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Closed:
    """How a connection ended."""

    code: int
    reason: str = ""


async def open_connection(
    url: str,
    *,
    timeout_s: float,
    headers: Mapping[str, str] | None = None,
    max_queue: int = 64,
    compressed: bool = False,
) -> ClientConnection | OpenFailed:
    """Open `url`; a failure that another try may mend is a value.

    At most `max_queue` received frames are held: beyond that the socket is not read, and TCP tells
    the service. Keepalive pings are off: a paused reader would not see its own pongs, and both
    directions have a better sign of life (heartbeats, acks). `compressed` offers
    permessage-deflate.

    Raises:
        RefusedError: the service answered the handshake with a refusal (4xx).
        InvalidAddressError: the URL is not a WebSocket address.
    """
    try:
        return await connect(
            url,
            additional_headers=dict(headers or {}),
            compression="deflate" if compressed else None,
            open_timeout=timeout_s,
            close_timeout=_CLOSE_TIMEOUT_S,
            ping_interval=None,
            max_size=MAX_FRAME_BYTES,
            max_queue=max_queue,
            proxy=_proxy(url),
        )
    except InvalidURI as error:
        raise InvalidAddressError(str(error)) from error
    except InvalidStatus as error:
        refusal = refusal_of_status(error.response.status_code, bytes(error.response.body or b""))
        if error.response.status_code < 500 and not refusal.retriable:
            raise RefusedError(refusal) from error
        return OpenFailed(str(refusal))
    except TimeoutError:
        return OpenFailed(f"no answer within {timeout_s:g} s")
    except ConnectionRefusedError:
        return OpenFailed("connection refused")
    except (OSError, EOFError, InvalidHandshake, InvalidProxy) as error:
        return OpenFailed(_one_line(error))


def describe_close(error: ConnectionClosed) -> Closed:
    """The close code that counts: the peer's, else our own, else 1006."""
    frame = error.rcvd or error.sent
    if frame is None:
        return Closed(CloseCode.ABNORMAL)
    return Closed(frame.code, frame.reason)


def _proxy(url: str) -> Literal[True] | None:
    """The environment's proxy, but never for this machine itself."""
    host = urlsplit(url).hostname or ""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost" or host.endswith(".localhost")
    return None if local else True


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text or type(error).__name__
