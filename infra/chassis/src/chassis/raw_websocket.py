"""Prebuilt frames written straight to the transport, offered as an ASGI extension.

`RawWebSocketProtocol` is uvicorn's sans-IO WebSocket protocol that also offers itself to the
application as ``scope["extensions"]["broadcaster.raw"]``. Invariant: a raw write reaches the
transport only between the accepted handshake and the first sign of an end (either side's close
frame, a protocol error, a lost connection); at that sign `on_lost` is called, once, before anything
else is written. From then on a peer that takes nothing more is dropped after `linger_s`. Never used
with permessage-deflate: `chassis.server` turns it off.

uvicorn is pinned exactly, because the overridden methods are its own business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame
from websockets.protocol import State

from chassis.errors import RawWriteRefusedError
from chassis.linger import Linger

EXTENSION = "broadcaster.raw"


class RawWebSocket:
    """One connection's raw side. The application sets the callbacks; all run on the event loop."""

    __slots__ = (
        "_gone", "_lost", "_open", "_protocol", "on_lost", "on_pause", "on_resume", "paused",
    )  # fmt: skip

    def __init__(self, protocol: RawWebSocketProtocol) -> None:
        self._protocol = protocol
        self._open = False
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
    def is_open(self) -> bool:
        """Accepted, and no sign of an end yet."""
        # A transport may be closing for a turn of the loop before the protocol hears of it.
        return self._open and not self._lost and not self._protocol.transport.is_closing()

    @property
    def buffered_bytes(self) -> int:
        """What the transport holds and the kernel has not taken; 0 once the connection is gone."""
        return 0 if self._gone else self._protocol.transport.get_write_buffer_size()

    def writer(self) -> Callable[[bytes | memoryview], None]:
        """The transport's own ``write``: the caller drops it when `on_lost` runs.

        Raises:
            RawWriteRefusedError: before the handshake or after the first sign of an end.
        """
        if not self.is_open:
            raise RawWriteRefusedError("raw writes are for accepted, open WebSockets only")
        return self._protocol.transport.write

    def batch_writer(self) -> Callable[[list[bytes | memoryview]], None]:
        """The transport's own ``writelines``, under the same terms as `writer`."""
        if not self.is_open:
            raise RawWriteRefusedError("raw writes are for accepted, open WebSockets only")
        return self._protocol.transport.writelines

    def set_write_buffer_limits(self, high_bytes: int, low_bytes: int) -> None:
        """Where `on_pause` and `on_resume` are called."""
        if not self._gone:
            self._protocol.transport.set_write_buffer_limits(high_bytes, low_bytes)

    def abort(self) -> None:
        """Drop the connection without flushing: for a peer that does not read."""
        self.lost()
        if not self._gone:
            self._protocol.transport.abort()

    def accepted(self) -> None:
        """Told by the protocol after the handshake."""
        self._open = True

    def lost(self) -> None:
        """Told by the protocol at the first sign of an end."""
        if self._lost:
            return
        self._lost = True
        self._protocol.bound_the_end()
        if self.on_lost is not None:
            self.on_lost()

    def gone(self) -> None:
        """Told by the protocol when there is no transport any more."""
        self.lost()
        self._gone = True


class RawWebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, telling its `RawWebSocket` what happens to the connection."""

    linger_s = 30.0
    """After the first sign of an end: how long the peer may go without taking a byte."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.raw = RawWebSocket(self)
        self._linger = Linger(self.loop, self.linger_s)

    async def run_asgi(self) -> None:
        """Offer the raw side, then run the application."""
        extensions = self.scope.get("extensions")
        if extensions is not None:
            extensions[EXTENSION] = self.raw  # type: ignore[assignment]
        try:
            await super().run_asgi()
        finally:
            self.raw.lost()

    async def send(self, message: Any) -> None:
        """Note the handshake's end and our own close."""
        if message["type"] == "websocket.close":
            self.raw.lost()
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            # A denied handshake is complete too; uvicorn would log the denial as an error.
            self.handshake_complete = True
        if message["type"] == "websocket.accept" and not self.transport.is_closing():
            self.raw.accepted()

    def pause_writing(self) -> None:
        """The transport's buffer is above the high-water mark."""
        super().pause_writing()
        self.raw.paused = True
        if self.raw.on_pause is not None and self.raw.is_open:
            self.raw.on_pause()

    def resume_writing(self) -> None:
        """The transport's buffer is at the low-water mark."""
        super().resume_writing()
        self.raw.paused = False
        if self.raw.on_resume is not None and self.raw.is_open:
            self.raw.on_resume()

    def data_received(self, data: bytes) -> None:
        """As uvicorn, which does not send the library's answer to a handshake that is too large."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.handshake_initiated = self.handshake_complete = self.close_sent = True
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def handle_events(self) -> None:
        """Frames that came together are taken together: the last may be the end of the first."""
        if self.conn.state is not State.OPEN and self.handshake_complete:
            self.raw.lost()
        try:
            super().handle_events()
        except InvalidState:
            # uvicorn would close for what is no text, but the peer's close frame came with it,
            # and the answer to that is what there is to send
            self.close_sent = True
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def handle_close(self, event: Frame) -> None:
        """The peer closes: nothing may follow the close frame that answers it."""
        self.raw.lost()
        super().handle_close(event)

    def handle_parser_exception(self) -> None:
        """The peer broke the protocol."""
        self.raw.lost()
        super().handle_parser_exception()

    def keepalive_timeout(self) -> None:
        """The peer did not answer a ping."""
        self.raw.lost()
        super().keepalive_timeout()

    def shutdown(self) -> None:
        """The server stops. A peer that was sent a close frame gets its chance to answer it: to
        close now, with something of the peer's unread, would reset the connection, and the peer
        could lose what was written last. The server bounds the wait.
        """
        self.raw.lost()
        if self.transport.is_closing():
            return  # it ended before; only what its peer has not taken yet keeps it
        if self.close_timer is not None:
            self.stop_keepalive()
            return
        super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self.raw.gone()
        self._linger.over()
        super().connection_lost(exc)

    def bound_the_end(self) -> None:
        """Begin to watch the end."""
        self._linger.begin(self.transport)
