"""The WebSocket transport: ``/websocket``, and the sink that writes prebuilt frames to it.

Who may not come in, overload and drain are told before the handshake, as HTTP, to programs; to
browsers, which cannot read that, and for refused cursors and parameters the socket is accepted,
told and closed. What subscribers send is read and ignored, up to a rate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from chassis.per_minute import PerMinute
from chassis.raw_websocket import EXTENSION, RawWebSocket
from contracts.close import CloseCode
from contracts.frames import error_frame
from contracts.problem import MEDIA_TYPE, Problem, ProblemType
from publisher.app.events import Emit, RequestRefused
from publisher.app.hub import Hub
from publisher.app.ports import Sink
from publisher.app.subscribe import Subscribe
from publisher.app.subscription import Subscription
from publisher.domain.encoding import Encoding
from publisher.domain.parameters import StreamParameters, parse_parameters
from publisher.domain.reach import Reach
from publisher.infra.asgi_sink import AsgiSink, websocket_sink
from publisher.infra.gate import Gate
from publisher.infra.raw_sink import RawSink
from publisher.infra.socket_limits import SocketLimits, SubscriberGoneError, attach
from publisher.infra.websocket_encodings import (
    SUBPROTOCOL,
    BatchTerms,
    WebSocketEncodings,
    is_bare,
    selected_subprotocol,
)


class WebSocketTransport:
    """The endpoint."""

    def __init__(
        self,
        hub: Hub,
        subscribe: Subscribe,
        gate: Gate,
        emit: Emit,
        *,
        limits: SocketLimits,
        batches: BatchTerms,
    ) -> None:
        self._hub = hub
        self._subscribe = subscribe
        self._gate = gate
        self._emit = emit
        self._limits = limits
        self._encodings = WebSocketEncodings(batches)
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection from handshake to close."""
        websocket = WebSocket(scope, receive, send)
        reach = await self._gate.reach_of(websocket)
        if isinstance(reach, Problem):
            await self._turn_away(websocket, reach)
            return
        if (problem := self._subscribe.admission()) is not None:
            await self._turn_away(websocket, problem)
            return
        parameters = _parameters(websocket, reach)
        if isinstance(parameters, Problem):
            forbidden = parameters.type is ProblemType.FORBIDDEN
            await (self._turn_away if forbidden else self._refuse)(websocket, parameters)
            return
        encoding = self._encodings.choose(websocket, batch=parameters.batch)
        await websocket.accept(selected_subprotocol(websocket))
        await self._serve(websocket, parameters, encoding)

    async def _serve(
        self, websocket: WebSocket, parameters: StreamParameters, encoding: Encoding
    ) -> None:
        raw: RawWebSocket | None = websocket.scope.get("extensions", {}).get(EXTENSION)
        opened: list[AsgiSink] = []

        def open_sink() -> Sink:
            high_bytes, low_bytes = self._limits.high_bytes, self._limits.low_bytes
            if raw is None:
                opened.append(websocket_sink(websocket, high_bytes, low_bytes))
                return opened[0]
            if not raw.is_open:
                raise SubscriberGoneError("the connection ended before its stream began")
            raw.set_write_buffer_limits(high_bytes, low_bytes)
            return RawSink(raw, self._closer(websocket))

        try:
            subscription = await self._subscribe(parameters, lambda _: encoding, open_sink)
        except SubscriberGoneError:
            return
        if isinstance(subscription, Problem):
            await self._tell_and_close(websocket, subscription)
            return
        attach(self._hub, subscription, raw if raw is not None else opened[0])
        try:
            await self._ignore_input(websocket, raw, subscription)
        finally:
            self._hub.unsubscribe(subscription)

    def _closer(self, websocket: WebSocket) -> Callable[[CloseCode, str], None]:
        def close(code: CloseCode, reason: str) -> None:
            task = asyncio.ensure_future(_close(websocket, code, reason))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return close

    async def _ignore_input(
        self, websocket: WebSocket, raw: RawWebSocket | None, subscription: Subscription
    ) -> None:
        """Always keep receiving: otherwise pongs go unseen and the keepalive closes the socket."""
        allowance = PerMinute(self._limits.input_frames, asyncio.get_running_loop().time)

        def said(frames: Sequence[object]) -> None:
            if not allowance.takes(len(frames)):
                detail = (
                    f"a subscriber may send {self._limits.input_frames} frames a minute, and they "
                    "are ignored; events are sent to the listener"
                )
                self._hub.refuse(subscription, Problem(ProblemType.TOO_MUCH_INPUT, detail))

        if raw is not None:
            raw.on_messages = said  # what is ignored need not be queued: it may inflate to much
        while (message := await websocket.receive())["type"] != "websocket.disconnect":
            said([message])

    async def _turn_away(self, websocket: WebSocket, problem: Problem) -> None:
        """Before the handshake, if it is not a browser."""
        if "origin" in websocket.headers:
            await self._refuse(websocket, problem)
            return
        self._note(problem)
        headers = {"content-type": MEDIA_TYPE}
        if problem.retriable:
            headers["retry-after"] = "1"
        if problem.type is ProblemType.UNAUTHENTICATED:
            headers |= self._gate.challenge
        denial = Response(problem.encode(), problem.status, headers)
        await websocket.send_denial_response(denial)

    async def _refuse(self, websocket: WebSocket, problem: Problem) -> None:
        """What a browser could not read in an HTTP answer: accept, tell, close."""
        await websocket.accept(selected_subprotocol(websocket))
        await self._tell_and_close(websocket, problem)

    async def _tell_and_close(self, websocket: WebSocket, problem: Problem) -> None:
        self._note(problem)
        try:
            if not is_bare(websocket):
                await websocket.send_text(error_frame(problem).decode())
            await websocket.close(problem.close_code, problem.type.value.name)
        except (RuntimeError, WebSocketDisconnect):
            return  # it went before it was told

    def _note(self, problem: Problem) -> None:
        self._emit(RequestRefused("websocket", problem.type.value.name))


def _parameters(websocket: WebSocket, reach: Reach) -> StreamParameters | Problem:
    query = websocket.scope["query_string"].decode("latin-1")
    parameters = parse_parameters(parse_qsl(query, keep_blank_values=True), reach, batches=True)
    batched = isinstance(parameters, StreamParameters) and parameters.batch
    if batched and is_bare(websocket):
        detail = f"batch is not for the subprotocol {SUBPROTOCOL}: its messages are one event each"
        return Problem(ProblemType.INVALID_REQUEST, detail)
    return parameters


async def _close(websocket: WebSocket, code: CloseCode, reason: str) -> None:
    try:
        await websocket.close(code, reason)
    except (RuntimeError, WebSocketDisconnect):
        return
