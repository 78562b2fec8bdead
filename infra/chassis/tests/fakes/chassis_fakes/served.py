"""A real uvicorn with the raw protocol on a loopback port, and what its transports were told.

`Connection.log` holds, in order, every write that reached the transport and the call of `on_lost`:
what must not be written can be looked for there, whether it reached the peer or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from chassis.errors import RawWriteRefusedError
from chassis.raw_websocket import EXTENSION, RawWebSocket
from chassis.raw_websocket_protocol import RawWebSocketProtocol
from chassis.server import bind
from chassis_fakes.peer import TIMEOUT_S, Peer

LOST = "lost"
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class SpyTransport:
    """The real transport, and a list of what was written to it."""

    def __init__(self, transport: Any, log: list[bytes | str]) -> None:
        self._transport = transport
        self._log = log

    def write(self, data: bytes) -> None:
        """Note it, then write it."""
        self._log.append(bytes(data))
        self._transport.write(data)

    def writelines(self, buffers: list[bytes]) -> None:
        """Note it, then write it."""
        self._log.append(b"".join(buffers))
        self._transport.writelines(buffers)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Protocol(RawWebSocketProtocol):
    """The protocol under test on a transport that remembers."""

    log: list[bytes | str]

    def connection_made(self, transport: Any) -> None:
        self.log = []
        self.raw.on_lost = lambda: self.log.append(LOST)
        super().connection_made(SpyTransport(transport, self.log))  # type: ignore[arg-type]


class ShortLinger(Protocol):
    """The same, with little patience."""

    linger_s = 0.5


class Served:
    """The server; `raw` and `log` are those of its newest connection."""

    def __init__(self, app: Application, **config: Any) -> None:
        config.setdefault("ws", Protocol)
        self.raw: RawWebSocket
        self.log: list[bytes | str]
        self._app = app
        self._ended: list[asyncio.Future[None]] = []
        self.sockets = bind("127.0.0.1", 0, port_variable="PORT")
        self.port: int = self.sockets[0].getsockname()[1]
        self.server = uvicorn.Server(
            uvicorn.Config(
                self._serve,
                loop="none",
                interface="asgi3",
                lifespan="off",
                log_config=None,
                ws_per_message_deflate=False,
                timeout_graceful_shutdown=1,
                **config,
            )
        )
        self._task = asyncio.ensure_future(self.server._serve(self.sockets))
        self._peers: list[Peer] = []

    async def peer(self, path: str = "/", *headers: str) -> Peer:
        """A peer that has been answered."""
        peer = Peer(self.port)
        self._peers.append(peer)
        await peer.connect(path, *headers)
        return peer

    @property
    def connections(self) -> int:
        """How many the server knows."""
        return len(self.server.server_state.connections)

    async def stop(self) -> None:
        """Ask the server to stop, and wait until it has."""
        self.server.should_exit = True
        await asyncio.wait_for(self._task, TIMEOUT_S)

    async def close(self) -> None:
        """Stop; peers leave first, so nothing is waited for."""
        for peer in self._peers:
            peer.leave()
        if not self._task.done():
            await self.stop()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            raw = scope["extensions"][EXTENSION]
            self.raw = raw
            self.log = raw._protocol.log
        await self._app(scope, receive, send)


async def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for a condition on the loop."""
    deadline_s = asyncio.get_running_loop().time() + TIMEOUT_S
    while not holds():
        assert asyncio.get_running_loop().time() < deadline_s, f"not in time: {what}"
        await asyncio.sleep(0.005)


def refuses(raw: RawWebSocket) -> None:
    """After the end the raw side answers, and writes nothing."""
    assert not raw.is_open
    for writer in (raw.writer, raw.batch_writer):
        with pytest.raises(RawWriteRefusedError):
            writer()
    raw.set_write_buffer_limits(64 << 10, 16 << 10)
    assert raw.buffered_bytes == 0
    raw.abort()
