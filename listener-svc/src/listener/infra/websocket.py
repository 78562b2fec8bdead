"""``GET /websocket``: producers' connections (docs/protocol.md, section 2).

Says who may come in, and with which terms; what happens then is `websocket_connection`'s.
Invariant: when the service stops every connection is closed only after its events were answered.
Decides nothing about events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from chassis.basic_auth import CHALLENGE
from contracts.close import CloseCode
from contracts.frames import error_frame
from contracts.problem import MEDIA_TYPE, Problem, ProblemType
from listener.app.ingest_session import IngestSession, Terms
from listener.app.pacing import Pacing
from listener.app.ports import Room
from listener.domain.completion import source_of
from listener.domain.request import default_type_of
from listener.infra.gate import Gate
from listener.infra.metrics import Tally
from listener.infra.websocket_connection import ConnectionLimits, ProducerConnection

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
        pacing: Pacing,
    ) -> None:
        self._gate = gate
        self._log = log
        self._new_session = new_session
        self._limits = limits
        self._tally = tally
        self._pacing = pacing
        self._connections: set[ProducerConnection] = set()
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
        if len(self._connections) >= self._limits.max_connections:
            self._tally.refused_connections += 1
            await _refuse_handshake(_full(self._limits), send, browser="origin" in headers)
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
        connection = ProducerConnection(scope, receive, send, self._log, self._limits)
        connection.session = self._new_session(terms, connection.schedule_flush)
        connection.held.pace = self._pacing.of(principal, "websocket")
        self._connections.add(connection)
        self._tally.connections += 1
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)
            self._tally.unheard += connection.unheard + connection.session.in_flight
            connection.session.abandon()

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


async def _refuse_handshake(problem: Problem, send: Send, *, browser: bool) -> None:
    if browser:  # it could not read an HTTP status
        await _tell_and_close(problem, send)
        return
    headers = [(b"content-type", MEDIA_TYPE.encode())]
    if problem.type is ProblemType.TOO_MANY_CONNECTIONS:
        headers.append((b"retry-after", b"1"))
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


def _full(limits: ConnectionLimits) -> Problem:
    return Problem(
        ProblemType.TOO_MANY_CONNECTIONS,
        f"this instance has its {limits.max_connections} connections already; try again in a "
        "moment, or at another instance",
    )


_STOPPING = Problem(ProblemType.UNAVAILABLE, "the listener is stopping; connect again in a moment")
