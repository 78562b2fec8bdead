"""A broadcast as the body of an HTTP answer without end: SSE or NDJSON, and its sink.

The raw extension (`chassis.raw_http`) writes shared bytes to the transport; without it ordinary
ASGI sends do. Either way the answer's head goes out only when nothing can be refused any more.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from starlette.types import Receive, Scope, Send

from chassis.raw_http import EXTENSION, RawHttp
from contracts.problem import Problem
from publisher.app.hub import Hub
from publisher.app.ports import Sink
from publisher.app.subscribe import Subscribe
from publisher.app.subscription import Subscription
from publisher.domain.encoding import Encoding
from publisher.domain.http_encodings import BARE, CHUNKED, Framing
from publisher.domain.parameters import StreamParameters
from publisher.domain.plan import Plan
from publisher.infra.asgi_sink import AsgiSink, http_sink
from publisher.infra.content_coding import Code
from publisher.infra.raw_sink import RawSink
from publisher.infra.socket_limits import SocketLimits, SubscriberGoneError, attach

RawHeaders = list[tuple[bytes, bytes]]


class HttpStream:
    """One stream; called as an ASGI application.

    `opening` is written before everything else, `refused` answers what the plan refuses.
    """

    def __init__(  # noqa: PLR0913 - what a stream is made of
        self,
        hub: Hub,
        subscribe: Subscribe,
        limits: SocketLimits,
        parameters: StreamParameters,
        *,
        encoding: Callable[[Framing, Plan], Encoding],
        code: Code,
        headers: RawHeaders,
        opening: bytes,
        refused: Callable[[Problem], Any],
    ) -> None:
        self._hub = hub
        self._subscribe = subscribe
        self._limits = limits
        self._parameters = parameters
        self._encoding = encoding
        self._code = code
        self._headers = headers
        self._opening = opening
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """From the plan to the end of the connection."""
        raw: RawHttp | None = (scope.get("extensions") or {}).get(EXTENSION)
        framing = self._code(CHUNKED if raw is not None and raw.is_chunked else BARE)
        opened: list[AsgiSink] = []

        def open_sink() -> Sink:
            if raw is not None:
                return self._open_raw(raw, framing)
            limits = self._limits
            opened.append(
                http_sink(send, self._headers, framing.end, limits.high_bytes, limits.low_bytes)
            )
            return self._opened(opened[0], framing)

        try:
            subscription = await self._subscribe(
                self._parameters, lambda plan: self._encoding(framing, plan), open_sink
            )
        except SubscriberGoneError:
            with contextlib.suppress(OSError):  # nobody is there; the server wants an answer
                await send({"type": "http.response.start", "status": 499, "headers": []})
                await send({"type": "http.response.body"})
            return
        if isinstance(subscription, Problem):
            await self._refused(subscription)(scope, receive, send)
            return
        await self._serve(subscription, raw if raw is not None else opened[0], receive)

    async def _serve(
        self, subscription: Subscription, connection: RawHttp | AsgiSink, receive: Receive
    ) -> None:
        attach(self._hub, subscription, connection)
        gone = asyncio.ensure_future(_until_gone(receive))
        ends = [gone] if isinstance(connection, RawHttp) else [gone, connection.task]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            self._hub.unsubscribe(subscription)
            if isinstance(connection, RawHttp):
                if connection.is_open:
                    connection.abort()
            elif not connection.task.done():
                connection.abort()

    def _open_raw(self, raw: RawHttp, framing: Framing) -> Sink:
        if not raw.can_begin:
            raise SubscriberGoneError("the connection ended before its stream began")
        raw.begin(200, self._headers)
        raw.set_write_buffer_limits(self._limits.high_bytes, self._limits.low_bytes)
        if not raw.is_open:
            raise SubscriberGoneError("the connection ended as its stream began")
        return self._opened(RawSink(raw, lambda _code, _reason: raw.finish(framing.end())), framing)

    def _opened(self, sink: Sink, framing: Framing) -> Sink:
        if self._opening:
            sink.write_all(framing.frame([self._opening]))
        return sink


async def _until_gone(receive: Receive) -> None:
    """Whatever a client sends with its GET is not read as anything."""
    while (await receive())["type"] != "http.disconnect":
        pass
