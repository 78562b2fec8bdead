"""Frames written straight to the transport, and messages handed over as they arrive, offered as an
ASGI extension.

`RawWebSocketProtocol` is uvicorn's sans-IO WebSocket protocol that also offers itself to the
application as ``scope["extensions"]["broadcaster.raw"]``. Invariant: a raw write reaches the
transport only between the accepted handshake and the first sign of an end (either side's close
frame, a protocol error, a lost connection); at that sign `on_lost` is called, once, before anything
else is written. From then on a peer that takes nothing more is dropped after `linger_s`. An
application that sets `on_messages` gets messages in their order, all that came in one read
together, and pauses reading itself; what else there is to receive (the end) it still receives.
permessage-deflate is off (`chassis.server`) but for applications that ask for it before they
accept (`RawWebSocket.take_deflate`), and then in a form in which messages are independent.

uvicorn is pinned exactly, because the overridden methods are its own business.
"""

from __future__ import annotations

import math
from typing import Any
from weakref import WeakKeyDictionary

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import CloseCode, Frame
from websockets.http11 import Request
from websockets.protocol import State

from chassis.client_frames import ClientFrames
from chassis.limit_hits import Limit
from chassis.linger import Linger
from chassis.per_minute import PerMinute
from chassis.ping_sweep import PingSweep
from chassis.raw_websocket import EXTENSION, RawWebSocket, Take

INFLATED_AT_ONCE = 4096
"""Bytes of a read that the library is given at once where they may be compressed."""
PIECES_A_TURN = 500
"""Frames that the library is given before others have a turn of the event loop: some 5 ms. A read
may bring tens of thousands."""

_sweeps: WeakKeyDictionary[Config, PingSweep] = WeakKeyDictionary()
"""One a server; what a server is, uvicorn's protocols know by its configuration alone."""


class RawWebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, telling its `RawWebSocket` what happens to the connection."""

    linger_s = 30.0
    """After the first sign of an end: how long the peer may go without taking a byte."""
    control_frames_per_minute: float = math.inf
    """Pings, and pongs that nobody asked for; whoever sends more is closed with 1008."""

    @staticmethod
    def on_limit(limit: Limit) -> None:
        """A client hit that limit; a server puts whoever counts it in this place."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.raw = RawWebSocket(self)
        self._linger = Linger(self.loop, self.linger_s)
        self._frames: ClientFrames | None = None
        """None: the library may be within a frame, so it gets everything."""
        self.resting = False
        """Others have their turn; what was read is not wholly taken, and no more is read."""
        self._pings: PingSweep | None = None
        self._runs = False
        """The application does: a handshake that is none never comes to it."""
        self._unasked: PerMinute | None = None
        """What it may send of control frames, once it has sent one."""
        self._pong = b""
        """The answer to the newest ping of a peer that does not read."""

    async def run_asgi(self) -> None:
        """Offer the raw side, then run the application."""
        extensions = self.scope.get("extensions")
        if extensions is not None:
            extensions[EXTENSION] = self.raw  # type: ignore[assignment]
        try:
            await super().run_asgi()
        finally:
            self.raw.lost()
            self._runs = False
            self._untie()

    def _untie(self) -> None:
        """The connection is gone and no application runs: let go of what knows this
        object, which else stays until the cyclic garbage collector comes by.
        """
        if self.disconnected and not self._runs:
            self.conn.parser.close()
            self.scope = {}  # type: ignore[typeddict-item]
            del self.raw

    def handle_connect(self, event: Request) -> None:
        """A request for a handshake; if it is one, the application is started."""
        super().handle_connect(event)
        self._runs = not self.close_sent
        wrong: BaseException | None = self.conn.handshake_exc
        while wrong is not None:  # a traceback knows all that was being done, and so this object
            wrong.__traceback__, wrong = None, wrong.__context__

    async def send(self, message: Any) -> None:
        """Note the handshake's end and our own close."""
        if message["type"] == "websocket.close":
            self.raw.lost()
        await super().send(message)
        self.raw.touched()
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            # A denied handshake is complete too; uvicorn would log the denial as an error.
            self.handshake_complete = True
        if message["type"] == "websocket.accept" and not self.transport.is_closing():
            self.raw.accepted()

    def pause_writing(self) -> None:
        """The transport's buffer is above the high-water mark."""
        super().pause_writing()
        self.raw.pause_writing()

    def resume_writing(self) -> None:
        """The transport's buffer is at the low-water mark."""
        super().resume_writing()
        self.raw.resume_writing()
        if self._pong and self.raw.is_open and not self.raw.paused:
            self.transport.write(self._pong)
            self._pong = b""
            self.raw.touched()

    def data_received(self, data: bytes) -> None:
        """Take usual messages here, if the application asks for it; the rest is the library's."""
        frames, take = self._frames, self.raw.on_messages
        if frames is None or take is None:
            self._frames = None
            self._give_all(data)
            return
        frames.feed(data)
        if not self.resting:
            self._take(frames, take)

    def _take(self, frames: ClientFrames, take: Take, pieces: float = PIECES_A_TURN) -> None:
        """Take what was read, up to so many pieces for the library now."""
        while self.conn.state is State.OPEN:
            within = self.conn.current_size is not None
            if texts := frames.texts(within_message=within):
                take(texts)  # type: ignore[arg-type]
            if frames.pongs and not self._hear(frames):
                break
            if not pieces:
                self._rest(frames, take)
                return
            piece = frames.piece(within_message=within)
            if not piece:
                return
            self._give(piece)
            pieces -= 1
        self._give(frames.rest())

    def _hear(self, frames: ClientFrames) -> bool:
        """Pongs: the last ping is answered, or they mean nothing; False: they are too many."""
        unasked = len(frames.pongs)
        if self.pending_ping_payload in frames.pongs:
            self.pending_ping_payload = None
            unasked -= 1
        frames.pongs.clear()
        return not unasked or self._may_send(unasked)

    def _may_send(self, frames: int) -> bool:
        """So many control frames came that nobody asked for. They never get to the application, so
        they are counted here; False: they are too many, and the connection ends.
        """
        if self.transport.is_closing():
            return True  # nothing more is read
        if self._unasked is None:
            self._unasked = PerMinute(self.control_frames_per_minute, self.loop.time)
        if self._unasked.takes(frames):
            return True
        if self.conn.state is State.OPEN:
            self.on_limit(Limit.CONTROL_FRAMES)
            self.conn.fail(CloseCode.POLICY_VIOLATION, "too many pings and pongs")
            self.handle_parser_exception()
        return False

    def _give(self, data: bytes) -> None:
        """To the library, which makes all messages of it before it hands over one: what is inflated
        may be a hundred times as large, and so it gets little at a time.
        """
        step = INFLATED_AT_ONCE if self.conn.extensions else max(1, len(data))
        for at in range(0, len(data), step):
            if self.transport.is_closing():
                return
            super().data_received(data[at : at + step])

    def _rest(self, frames: ClientFrames, take: Take) -> None:
        """Let others have their turn, then go on."""
        self.resting = True
        self.transport.pause_reading()

        def go_on() -> None:
            if self.resting:
                self.resting = False
                self._take(frames, take)
                if not (self.resting or self.read_paused):
                    self.transport.resume_reading()

        self.loop.call_soon(go_on)

    def send_receive_event_to_app(self) -> None:
        """A message that the library put together."""
        if self.raw.on_messages is None:
            super().send_receive_event_to_app()
            return
        message: str | bytes = b"".join(self.frames)
        if self.curr_msg_data_type == "text":
            try:
                message = message.decode()  # type: ignore[union-attr]
            except UnicodeDecodeError:
                self.conn.send_close(CloseCode.INVALID_DATA)
                self.handle_parser_exception()
                return
        self.frames = []
        if not self.close_sent:
            self.raw.on_messages([message])

    def handle_cont(self, event: Frame) -> None:
        """Keep what has come of a message in one place: pieces cost more than their bytes."""
        whole: Any = self.frames[0]
        if not isinstance(whole, bytearray):
            whole = bytearray(whole)
            self.frames = [whole]
        whole += event.data
        if event.fin:
            self.frames = [bytes(whole)]
            self.send_receive_event_to_app()

    def _give_all(self, data: bytes) -> None:
        """As uvicorn, which does not send the library's answer to a handshake that is too large."""
        first = not self.handshake_initiated
        self._give(data)
        if first and self.handshake_initiated and data.endswith(b"\r\n\r\n"):
            self._frames = ClientFrames(self.config.ws_max_size)
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

    def handle_ping(self) -> None:
        """Answer. A peer that does not read gets, once it does, the answer to its newest ping (RFC
        6455 section 5.5.3): all others would be held for it, as many as it cares to send.
        """
        if self.transport.is_closing():
            return
        if not self._may_send(1):
            return
        if not self.raw.paused or self.conn.state is not State.OPEN:
            super().handle_ping()
            self.raw.touched()
        elif pongs := self.conn.data_to_send():  # those of one read are here with the first
            self._pong = pongs[-1]

    def handle_pong(self, event: Frame) -> None:
        """As `_hear`, where the library met it."""
        if bytes(event.data) == self.pending_ping_payload:
            self.pending_ping_payload = None
        else:
            self._may_send(1)

    def handle_close(self, event: Frame) -> None:
        """The peer closes: nothing may follow the close frame that answers it."""
        self.raw.lost()
        super().handle_close(event)

    def handle_parser_exception(self) -> None:
        """The peer broke the protocol."""
        self.raw.lost()
        super().handle_parser_exception()

    def start_keepalive(self) -> None:
        """The handshake is over: be pinged with all others."""
        interval_s = self.ping_interval
        if not interval_s:
            return
        sweep = _sweeps.get(self.config)
        if sweep is None:
            sweep = _sweeps[self.config] = PingSweep(self.loop, interval_s, self.ping_timeout)
        self._pings = sweep
        sweep.add(self)

    def stop_keepalive(self) -> None:
        """No more pings."""
        if self._pings is not None:
            self._pings.discard(self)
        super().stop_keepalive()

    def write_ping(self, frame: bytes) -> None:
        """A ping's turn has come."""
        self.transport.write(frame)
        self.raw.touched()

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

    def eof_received(self) -> None:
        """The peer sends no more. The transport closes, but not before it is rid of what it holds,
        and takes writes until then.
        """
        self.raw.lost()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; what was read of it is taken."""
        try:
            if self.resting and self._frames is not None and self.raw.on_messages is not None:
                self.resting = False
                self._take(self._frames, self.raw.on_messages, math.inf)
        finally:  # whatever the application does: the descriptor is somebody else's soon
            self.raw.gone()
            self._linger.over()
            super().connection_lost(exc)
            self._untie()

    def bound_the_end(self) -> None:
        """Begin to watch the end."""
        self._linger.begin(self.transport)
