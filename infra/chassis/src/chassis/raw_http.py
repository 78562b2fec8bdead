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
import weakref
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from chassis.errors import RawWriteRefusedError, TooManyBehindError
from chassis.limit_hits import Limit
from chassis.linger import Linger
from chassis.raw_connection import RawConnection

EXTENSION = "broadcaster.raw_http"
_MAX_INPUT_BYTES = 16 << 10


class RawHttp(RawConnection):
    """One request's answer; it begins with its head."""

    __slots__ = ("_request",)
    refusal = "raw writes are for HTTP answers that have begun and not ended"
    _protocol: RawHttpProtocol

    def __init__(self, protocol: RawHttpProtocol, cycle: RequestResponseCycle) -> None:
        super().__init__(protocol)
        self._request = weakref.ref(cycle)  # whose scope knows this: it would keep itself

    @property
    def _cycle(self) -> RequestResponseCycle | None:
        """uvicorn's request; None when the application has returned."""
        return self._request()

    @property
    def can_begin(self) -> bool:
        """Nothing was answered yet and the client is there."""
        cycle = self._cycle
        return cycle is not None and not (
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
        cycle = self._cycle
        if cycle is None or not self.can_begin:
            raise RawWriteRefusedError(self.refusal)
        framing = [(b"transfer-encoding", b"chunked")] if self.is_chunked else []
        lines = [STATUS_LINE[status]]
        for name, value in [*cycle.default_headers, *headers, *framing, (b"connection", b"close")]:
            lines += [name, b": ", value, b"\r\n"]
        cycle.response_started = True
        cycle.waiting_for_100_continue = cycle.keep_alive = False
        self._begun = True
        self._protocol.raw = self
        self._protocol.pipeline.clear()  # what is behind this gets no answer
        self.paused = self._protocol.flow.write_paused
        cycle.transport.write(b"".join([*lines, b"\r\n"]))

    @property
    def is_chunked(self) -> bool:
        """Whether the body is to be framed in chunks (RFC 9112 section 7.1)."""
        return self._cycle is None or self._cycle.scope["http_version"] != "1.0"

    def finish(self, rest: bytes = b"") -> None:
        """The answer is complete: write `rest`, the body's end, then flush and close."""
        if not self.is_open:
            return
        self.lost()
        if rest:
            self._protocol.transport.write(rest)
        self._complete()
        self._protocol.transport.close()

    def abort(self) -> None:
        """Drop the connection without flushing: for a peer that does not read."""
        self.lost()
        if not self._gone:
            self._complete()
            self._protocol.transport.abort()

    def lost(self) -> None:
        """Told by the protocol; an answer that has not begun has no end to watch."""
        if self._begun:
            super().lost()

    def _complete(self) -> None:
        """The application, which waits in ``receive``, is told that it is over."""
        if (cycle := self._cycle) is not None:
            cycle.response_complete = True
            cycle.message_event.set()


class RawHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol, telling the `RawHttp` that has begun what happens to its connection."""

    linger_s = 30.0
    """After the first sign of an end: how long the peer may go without taking a byte."""
    unacknowledged_s = 0.0
    """How long sent bytes may go unacknowledged, or a full peer take none; 0: the system's own."""
    most_behind = 100
    """Requests that wait on a connection behind the one that is answered; with more it is dropped.
    """

    @staticmethod
    def on_limit(limit: Limit) -> None:
        """A client hit that limit; a server puts whoever counts it in this place."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.raw: RawHttp | None = None
        self._linger = Linger(self.loop, self.linger_s)
        self._input_bytes = 0
        self.answered: RequestResponseCycle | None = None
        """The request whose turn it is; `cycle` is the newest, which may wait behind it."""

    def connection_made(self, transport: Any) -> None:
        """A new connection."""
        super().connection_made(transport)
        self._limit_unacknowledged(self.unacknowledged_s)

    def handle_websocket_upgrade(self) -> None:
        """A WebSocket has pings for that."""
        self._limit_unacknowledged(0.0)
        super().handle_websocket_upgrade()
        self.parser = None  # type: ignore[assignment] # it knows this, which is not needed any more
        self.answered = self.cycle = None  # type: ignore[assignment] # so do they

    def _should_upgrade(self) -> bool:
        """Not behind a request that is not answered yet: that answer would be written in between
        the WebSocket's frames, and nobody would hear of its end. The handshake then is an ordinary
        request, in its turn (RFC 9110 section 7.8 leaves that to the server).
        """
        newest: RequestResponseCycle | None = self.cycle
        answered = newest is None or newest.response_complete
        return answered and super()._should_upgrade()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.answered = cycle
        super()._start_asgi_task(cycle, app)

    def on_headers_complete(self) -> None:
        """Offer the raw side; the request's task has not run yet."""
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            extensions = self.cycle.scope.setdefault("extensions", {})
            if extensions is not None:
                extensions[EXTENSION] = RawHttp(self, self.cycle)  # type: ignore[assignment]
        if len(self.pipeline) > self.most_behind:
            self.on_limit(Limit.PIPELINED)
            self.pipeline.clear()
            self.transport.abort()
            raise TooManyBehindError  # which ends the parsing, too

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
        if self.raw is not None:
            self.raw.pause_writing()

    def resume_writing(self) -> None:
        """The transport's buffer is at the low-water mark."""
        super().resume_writing()
        if self.raw is not None:
            self.raw.resume_writing()

    def shutdown(self) -> None:
        """The server stops: an answer without end ends now, cut, for the body's end is not ours."""
        if self.raw is not None and self.raw.is_open:
            self.raw.lost()
            self.transport.close()
            return
        super().shutdown()

    def eof_received(self) -> None:
        """The client sends no more. The transport closes, but not before it is rid of what it
        holds, and takes writes until then.
        """
        if self.raw is not None:
            self.raw.lost()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if self.raw is not None:
            self.raw.gone()
        self._linger.over()
        super().connection_lost(exc)
        answered = self.answered
        if answered is not None and answered is not self.cycle:
            # uvicorn tells the newest request alone, which waits behind this one
            answered.disconnected = not answered.response_complete
            answered.message_event.set()
        # What knows this object would keep it until the cyclic garbage collector comes by.
        self.raw = self.cycle = self.answered = None  # type: ignore[assignment]
        self.scope = {}  # type: ignore[typeddict-item]
        self.pipeline.clear()

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
