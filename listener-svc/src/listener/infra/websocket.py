"""``GET /websocket``: producers' connections (docs/protocol.md, section 2).

Each connection reads while few enough events are unanswered, the log has room and the client
reads its answers; otherwise the socket is left unread, which is TCP's back-pressure. Answers that
become ready in one turn of the event loop leave in one write. Invariant: nothing that was
accepted loses its answer while the client is there, also when the service stops. Decides nothing
about events.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from chassis.basic_auth import CHALLENGE
from chassis.raw_websocket import EXTENSION, RawWebSocket
from chassis.websocket_frames import text_frame
from contracts.close import CloseCode
from contracts.frames import error_frame
from contracts.problem import MEDIA_TYPE, Problem, ProblemType
from listener.app.ingest_session import IngestSession, Terms
from listener.app.ports import Room
from listener.domain.completion import source_of
from listener.domain.request import default_type_of
from listener.infra.gate import Gate
from listener.infra.metrics import Tally


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Bounds of one connection, all settings."""

    default_type: str | None
    max_in_flight: int
    max_frame_bytes: int
    max_array_events: int


_MAX_OUTGOING = 64
"""Groups of answers that may wait for a client where there are no raw writes."""

SessionFactory = Callable[[Terms, Callable[[], None]], IngestSession]
"""Makes a session with these terms that calls back when answers begin to wait."""


class IngestWebSocket:
    """The ASGI application behind the route."""

    def __init__(
        self,
        gate: Gate,
        log: Room,
        new_session: SessionFactory,
        limits: ConnectionLimits,
        tally: Tally,
    ) -> None:
        self._gate = gate
        self._log = log
        self._new_session = new_session
        self._limits = limits
        self._tally = tally
        self._connections: set[_Connection] = set()
        self._draining = False

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    @property
    def in_flight(self) -> int:
        """Events of all connections without an answer."""
        return sum(each.session.in_flight for each in self._connections)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection to its end."""
        await receive()  # websocket.connect
        headers = Headers(scope=scope)
        principal = await self._gate.principal_of(headers)
        if isinstance(principal, Problem):
            self._tally.refused_connections += 1
            await _refuse_handshake(principal, send, browser="origin" in headers)
            return
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        default_type = default_type_of(query, self._limits.default_type)
        if isinstance(default_type, Problem):
            self._tally.refused_connections += 1
            await _tell_and_close(default_type, send)
            return
        if self._draining:
            await _tell_and_close(_STOPPING, send, CloseCode.SERVICE_RESTART)
            return
        await send({"type": "websocket.accept"})
        terms = Terms(principal, source_of(principal), default_type, self._limits.max_array_events)
        connection = _Connection(scope, receive, send, self._log, self._limits)
        connection.session = self._new_session(terms, connection.schedule_flush)
        self._connections.add(connection)
        self._tally.connections += 1
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)
            self._tally.unheard += connection.session.in_flight

    def drain(self) -> Awaitable[None]:
        """Take no frame from now on, in this very step; the rest is to be awaited: close each
        connection (1012) once all its events are answered.
        """
        self._draining = True
        for connection in self._connections:
            connection.drain()
        return self._all_ended()

    async def _all_ended(self) -> None:
        while self._connections:
            await asyncio.wait([each.ended for each in self._connections])


class _Connection:
    """One accepted connection."""

    session: IngestSession

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        log: Room,
        limits: ConnectionLimits,
    ) -> None:
        self._receive = receive
        self._send = send
        self._log = log
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._raw: RawWebSocket | None = (scope.get("extensions") or {}).get(EXTENSION)
        self._wake = asyncio.Event()
        self._reader: asyncio.Task[CloseCode | None] | None = None
        self._sender: asyncio.Task[None] | None = None
        self._outgoing: asyncio.Queue[list[bytes]] = asyncio.Queue()
        self._lost = False
        self._draining = False
        self.ended: asyncio.Future[None] = self._loop.create_future()

    async def run(self) -> None:
        """From the accepted handshake to the end."""
        if self._raw is None:
            self._sender = asyncio.create_task(self._send_outgoing())
        else:
            self._raw.on_lost = self._on_lost
            self._raw.on_resume = self._wake.set
        self._reader = asyncio.create_task(self._read())
        try:
            await asyncio.wait((self._reader,))
            code = self._outcome(self._reader)
            if code is not None:
                await self._close(code)
        finally:
            self._lost = True
            self._reader.cancel()
            if self._sender is not None:
                self._sender.cancel()
            if not self.ended.done():
                self.ended.set_result(None)

    def drain(self) -> None:
        """Stop reading; `run` goes on to the close."""
        self._draining = True
        if self._reader is not None:
            self._reader.cancel()

    def schedule_flush(self) -> None:
        """Answers begin to wait: send them at the end of this turn of the event loop."""
        self._loop.call_soon(self._flush)

    def _outcome(self, reader: asyncio.Task[CloseCode | None]) -> CloseCode | None:
        if reader.cancelled():
            return CloseCode.SERVICE_RESTART if self._draining else None
        return reader.result()

    async def _read(self) -> CloseCode | None:
        """Take frames until the client leaves (None) or must be left (the close code)."""
        take_text, receive = self.session.take_text, self._receive
        session, limit = self.session, self._limits.max_in_flight
        max_bytes = self._limits.max_frame_bytes
        log = self._log
        flow = self._raw if self._raw is not None else self
        while True:
            full = session.in_flight >= limit or not log.has_room or flow.paused
            if full and not await self._may_read_on():
                return None
            message: Any = await receive()
            if message["type"] != "websocket.receive":
                return None
            text = message.get("text")
            if text is None:
                session.refuse_frame(_BINARY)
            elif len(text) * 4 > max_bytes and len(text.encode()) > max_bytes:
                session.refuse_frame(self._too_large())
                return CloseCode.TOO_BIG
            else:
                take_text(text)

    @property
    def paused(self) -> bool:
        """Whether the client is slow to read its answers."""
        if self._raw is None:
            return self._outgoing.qsize() > _MAX_OUTGOING
        return self._raw.paused

    async def _may_read_on(self) -> bool:
        """Wait until the next frame may be read; False: the connection is gone."""
        while not self._lost:
            if not self._log.has_room:
                await self._log.wait_for_room()
            elif self.session.in_flight >= self._limits.max_in_flight or self.paused:
                self._wake.clear()
                await self._wake.wait()
            else:
                return True
        return False

    def _flush(self) -> None:
        answers = self.session.collect()
        self._wake.set()
        if self._lost or not answers:
            return
        if self._raw is None:
            self._outgoing.put_nowait(answers)
        elif self._raw.is_open:
            self._raw.writer()(b"".join([text_frame(each) for each in answers]))

    async def _send_outgoing(self) -> None:
        """For servers without raw writes: one message after the other."""
        while True:
            for answer in await self._outgoing.get():
                with contextlib.suppress(OSError):  # the client left; reading will tell
                    await self._send({"type": "websocket.send", "text": answer.decode()})
            self._outgoing.task_done()
            self._wake.set()

    async def _close(self, code: CloseCode) -> None:
        """Answer what is in flight, then close."""
        while self.session.in_flight and not self._lost:
            self._wake.clear()
            await self._wake.wait()
        self._flush()
        if self._sender is not None:
            await self._outgoing.join()
        if not self._lost:
            await self._send({"type": "websocket.close", "code": int(code)})

    def _on_lost(self) -> None:
        self._lost = True
        self._wake.set()

    def _too_large(self) -> Problem:
        limit = self._limits.max_frame_bytes
        return Problem(
            ProblemType.TOO_LARGE,
            f"the frame is larger than {limit} bytes; nothing of it was stored; the connection is "
            "closed; send smaller frames",
            {"limit_bytes": limit},
        )


async def _refuse_handshake(problem: Problem, send: Send, *, browser: bool) -> None:
    if browser:  # it could not read an HTTP status
        await _tell_and_close(problem, send)
        return
    headers = [(b"content-type", MEDIA_TYPE.encode())]
    if problem.type is ProblemType.UNAUTHENTICATED:
        headers.append((b"www-authenticate", CHALLENGE.encode()))
    await send(
        {"type": "websocket.http.response.start", "status": problem.status, "headers": headers}
    )
    await send({"type": "websocket.http.response.body", "body": problem.encode()})


async def _tell_and_close(problem: Problem, send: Send, code: CloseCode | None = None) -> None:
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": error_frame(problem).decode()})
    await send({"type": "websocket.close", "code": int(code or problem.close_code)})


_BINARY = Problem(
    ProblemType.UNSUPPORTED_MEDIA_TYPE,
    "events are taken from text frames; this binary frame was ignored; send JSON as text",
)
_STOPPING = Problem(ProblemType.UNAVAILABLE, "the listener is stopping; connect again in a moment")
