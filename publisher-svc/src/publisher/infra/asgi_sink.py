"""The sink for servers without the raw extensions: ordinary ASGI sends, one task per subscriber.

Slower, and right: it takes whole frames, keeps their order and has the same marks. How a write is
sent, and what opens and closes the connection, is the transport's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator

from starlette.types import Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from chassis.outlet import Outlet
from contracts.close import CloseCode
from publisher.domain.encoding import Buffer


class AsgiSink:
    """`Sink` and its events in one: `on_pause`, `on_resume`, `on_lost` as on the raw extension."""

    def __init__(
        self,
        *,
        open_: Callable[[], Awaitable[None]],
        send: Callable[[bytes], Awaitable[None]],
        close: Callable[[CloseCode, str], Awaitable[None]],
        high_bytes: int,
        low_bytes: int,
    ) -> None:
        self._open = open_
        self._send_data = send
        self._close = close
        self._high_bytes = high_bytes
        self._low_bytes = low_bytes
        self._queue: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._end: tuple[CloseCode, str] | None = None
        self.paused = False
        self.is_open = True
        self.buffered_bytes = 0
        self.on_pause: Callable[[], None] | None = None
        self.on_resume: Callable[[], None] | None = None
        self.on_lost: Callable[[], None] | None = None
        self.task = asyncio.ensure_future(self._send())
        """Done when there is nothing more to send."""

    def outlet(self) -> Outlet:
        """See `publisher.app.ports.Sink`."""
        return Outlet(self._take, lambda: self.buffered_bytes)

    def write_all(self, buffers: list[Buffer]) -> None:
        """See `publisher.app.ports.Sink`."""
        for buffer in buffers:
            self._take(buffer)

    def finish(self, code: CloseCode, reason: str) -> None:
        """See `publisher.app.ports.Sink`."""
        self._end = (code, reason)
        self._wake.set()

    def abort(self) -> None:
        """See `publisher.app.ports.Sink`."""
        self._lose()
        self.task.cancel()

    def _take(self, data: Buffer) -> None:
        self._queue.append(bytes(data))
        self.buffered_bytes += len(data)
        self._wake.set()
        if self.buffered_bytes > self._high_bytes and not self.paused:
            self.paused = True
            if self.on_pause is not None:
                self.on_pause()

    async def _send(self) -> None:
        try:
            await self._open()
            while True:
                while self._queue:
                    data = self._queue.popleft()
                    await self._send_data(data)
                    self._drained(len(data))
                if self._end is not None:
                    await self._close(*self._end)
                    return
                self._wake.clear()
                await self._wake.wait()
        except (RuntimeError, OSError, WebSocketDisconnect):
            self._lose()

    def _drained(self, count: int) -> None:
        self.buffered_bytes -= count
        if self.paused and self.buffered_bytes <= self._low_bytes:
            self.paused = False
            if self.on_resume is not None:
                self.on_resume()

    def _lose(self) -> None:
        if self.is_open:
            self.is_open = False
            if self.on_lost is not None:
                self.on_lost()


def websocket_sink(websocket: WebSocket, high_bytes: int, low_bytes: int) -> AsgiSink:
    """Writes come as WebSocket wire bytes (`publisher.domain.encoding`) and are taken apart."""

    async def opened() -> None:
        """The handshake was accepted before."""

    async def send(data: bytes) -> None:
        for payload in frames_in(data):
            await websocket.send_text(payload.decode())

    async def close(code: CloseCode, reason: str) -> None:
        await websocket.close(code, reason)

    return AsgiSink(
        open_=opened, send=send, close=close, high_bytes=high_bytes, low_bytes=low_bytes
    )


def http_sink(
    asgi_send: Send,
    headers: list[tuple[bytes, bytes]],
    end: Callable[[], bytes],
    high_bytes: int,
    low_bytes: int,
) -> AsgiSink:
    """Writes are the body as it is; the server frames it."""

    async def open_() -> None:
        await asgi_send({"type": "http.response.start", "status": 200, "headers": headers})

    async def send(data: bytes) -> None:
        await asgi_send({"type": "http.response.body", "body": data, "more_body": True})

    async def close(_: CloseCode, __: str) -> None:
        await asgi_send({"type": "http.response.body", "body": end(), "more_body": False})

    return AsgiSink(open_=open_, send=send, close=close, high_bytes=high_bytes, low_bytes=low_bytes)


def frames_in(data: bytes) -> Iterator[bytes]:
    """The payloads of joined, unmasked, whole frames (RFC 6455 section 5.2)."""
    at = 0
    while at < len(data):
        length, start = data[at + 1], at + 2
        if length == 126:
            length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
        elif length == 127:
            length, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
        yield data[start : start + length]
        at = start + length
