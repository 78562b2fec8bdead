"""An HTTP answer without end, written straight to the transport, offered as an ASGI extension.

`RawHttpProtocol` is uvicorn's HTTP protocol that also offers each request's connection to the
application as ``scope["extensions"]["broadcaster.raw_http"]``: `begin` writes the answer's head,
and from then on the body is the application's, chunk framing included. Invariant: a raw write
reaches the transport only between `begin` and the first sign of an end (ours, the peer's, the
server's); at that sign `on_lost` is called, once. From then on a peer that takes nothing more is
dropped after `linger_s`. What a client sends behind its request is not read as another one.

A peer that vanished without a word is found by TCP itself (`unacknowledged_s`): bytes that nobody
acknowledges for so long end the connection. uvicorn is pinned exactly, because the overridden
methods are its own business.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from chassis.errors import RawWriteRefusedError
from chassis.linger import Linger

EXTENSION = "broadcaster.raw_http"
_MAX_INPUT_BYTES = 16 << 10
_REFUSAL = "raw writes are for HTTP answers that have begun and not ended"


class RawHttp:
    """One request's answer. The application sets the callbacks; all run on the event loop."""

    __slots__ = (
        "_begun", "_cycle", "_gone", "_lost", "_protocol", "on_lost", "on_pause", "on_resume",
        "paused",
    )  # fmt: skip

    def __init__(self, protocol: RawHttpProtocol, cycle: RequestResponseCycle) -> None:
        self._protocol = protocol
        self._cycle = cycle
        self._begun = False
        self._lost = False
        self._gone = False
        self.paused = False
        """The transport's buffer is above its high-water mark."""
        self.on_pause: Callable[[], None] | None = None
        """The buffer passed the high-water mark. May run inside `write` (uvloop writes at once)."""
        self.on_resume: Callable[[], None] | None = None
        """The buffer fell to the low-water mark."""
        self.on_lost: Callable[[], None] | None = None
        """No further write is allowed. Runs once."""

    @property
    def can_begin(self) -> bool:
        """Nothing was answered yet and the client is there."""
        cycle = self._cycle
        return not (
            self._begun
            or cycle.response_started
            or cycle.disconnected
            or cycle.transport.is_closing()
        )

    def begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Write the head. To HTTP/1.1 the body goes in chunks, to HTTP/1.0 up to the close.

        Raises:
            RawWriteRefusedError: the client went, or something was answered already.
        """
        if not self.can_begin:
            raise RawWriteRefusedError(_REFUSAL)
        cycle = self._cycle
        framing = [(b"transfer-encoding", b"chunked")] if self.is_chunked else []
        lines = [STATUS_LINE[status]]
        for name, value in [*cycle.default_headers, *headers, *framing, (b"connection", b"close")]:
            lines += [name, b": ", value, b"\r\n"]
        cycle.response_started = True
        cycle.waiting_for_100_continue = cycle.keep_alive = False
        self._begun = True
        self._protocol.raw = self
        self.paused = self._protocol.flow.write_paused
        cycle.transport.write(b"".join([*lines, b"\r\n"]))

    @property
    def is_chunked(self) -> bool:
        """Whether the body is to be framed in chunks (RFC 9112 section 7.1)."""
        return self._cycle.scope["http_version"] != "1.0"

    @property
    def is_open(self) -> bool:
        """Begun, and no sign of an end yet."""
        return self._begun and not self._lost and not self._cycle.transport.is_closing()

    @property
    def buffered_bytes(self) -> int:
        """What the transport holds and the kernel has not taken; 0 once the connection is gone."""
        return 0 if self._gone else self._cycle.transport.get_write_buffer_size()

    def writer(self) -> Callable[[bytes | memoryview], None]:
        """The transport's own ``write``: the caller drops it when `on_lost` runs.

        Raises:
            RawWriteRefusedError: before `begin` or after the first sign of an end.
        """
        if not self.is_open:
            raise RawWriteRefusedError(_REFUSAL)
        return self._cycle.transport.write

    def batch_writer(self) -> Callable[[list[bytes | memoryview]], None]:
        """The transport's own ``writelines``, under the same terms as `writer`."""
        if not self.is_open:
            raise RawWriteRefusedError(_REFUSAL)
        return self._cycle.transport.writelines

    def set_write_buffer_limits(self, high_bytes: int, low_bytes: int) -> None:
        """Where `on_pause` and `on_resume` are called."""
        if not self._gone:
            self._cycle.transport.set_write_buffer_limits(high_bytes, low_bytes)

    def finish(self, rest: bytes = b"") -> None:
        """The answer is complete: write `rest`, the body's end, then flush and close."""
        if not self.is_open:
            return
        self.lost()
        if rest:
            self._cycle.transport.write(rest)
        self._complete()
        self._cycle.transport.close()

    def abort(self) -> None:
        """Drop the connection without flushing: for a peer that does not read."""
        self.lost()
        if not self._gone:
            self._complete()
            self._cycle.transport.abort()

    def lost(self) -> None:
        """Told by the protocol at the first sign of an end."""
        if self._lost or not self._begun:
            return
        self._lost = True
        self._protocol.bound_the_end()
        if self.on_lost is not None:
            self.on_lost()

    def gone(self) -> None:
        """Told by the protocol when there is no transport any more."""
        self.lost()
        self._gone = True

    def _complete(self) -> None:
        """The application, which waits in ``receive``, is told that it is over."""
        self._cycle.response_complete = True
        self._cycle.message_event.set()


class RawHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol, telling the `RawHttp` that has begun what happens to its connection."""

    linger_s = 30.0
    """After the first sign of an end: how long the peer may go without taking a byte."""
    unacknowledged_s = 0.0
    """How long sent bytes may go unacknowledged, or a full peer take none; 0: the system's own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.raw: RawHttp | None = None
        self._linger = Linger(self.loop, self.linger_s)
        self._input_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """A new connection."""
        super().connection_made(transport)
        self._limit_unacknowledged(self.unacknowledged_s)

    def handle_websocket_upgrade(self) -> None:
        """A WebSocket has pings for that."""
        self._limit_unacknowledged(0.0)
        super().handle_websocket_upgrade()

    def on_headers_complete(self) -> None:
        """Offer the raw side; the request's task has not run yet."""
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            extensions = self.cycle.scope.setdefault("extensions", {})
            if extensions is not None:
                extensions[EXTENSION] = RawHttp(self, self.cycle)  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Behind a request whose answer has no end nothing is read; much of it ends it."""
        if self.raw is None:
            super().data_received(data)
            return
        self._input_bytes += len(data)
        if self._input_bytes > _MAX_INPUT_BYTES:
            self.raw.abort()

    def pause_writing(self) -> None:
        """The transport's buffer is above the high-water mark."""
        super().pause_writing()
        raw = self.raw
        if raw is not None:
            raw.paused = True
            if raw.on_pause is not None and raw.is_open:
                raw.on_pause()

    def resume_writing(self) -> None:
        """The transport's buffer is at the low-water mark."""
        super().resume_writing()
        raw = self.raw
        if raw is not None:
            raw.paused = False
            if raw.on_resume is not None and raw.is_open:
                raw.on_resume()

    def shutdown(self) -> None:
        """The server stops: an answer without end ends now, cut, for the body's end is not ours."""
        if self.raw is not None and self.raw.is_open:
            self.raw.lost()
            self.transport.close()
            return
        super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if self.raw is not None:
            self.raw.gone()
        self._linger.over()
        super().connection_lost(exc)

    def bound_the_end(self) -> None:
        """Begin to watch the end."""
        self._linger.begin(self.transport)

    def _limit_unacknowledged(self, seconds: float) -> None:
        option = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux's
        found = self.transport.get_extra_info("socket")
        if option is None or found is None or not (seconds or self.unacknowledged_s):
            return
        with contextlib.suppress(OSError):  # gone already
            found.setsockopt(socket.IPPROTO_TCP, option, round(seconds * 1000))
