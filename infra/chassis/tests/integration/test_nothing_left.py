"""A connection that ended leaves nothing behind: its objects go with it, not when the cyclic
collector comes by. Thousands that come and go would be hundreds of megabytes, and long walks.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, ClassVar

import pytest
from chassis_fakes.peer import CLOSE, Peer, masked
from chassis_fakes.served import Served, until
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from websockets.frames import Opcode

from chassis.linger import Linger
from chassis.outlet import Outlet
from chassis.raw_connection import RawConnection
from chassis.raw_http import EXTENSION as HTTP
from chassis.raw_http import RawHttp, RawHttpProtocol
from chassis.raw_websocket import EXTENSION, RawWebSocket
from chassis.raw_websocket_protocol import RawWebSocketProtocol

Serve = Callable[..., Served]


class Bare(RawWebSocketProtocol):
    """Without a spy, which would hold what it looks at."""

    log: ClassVar[list[bytes | str]] = []


@pytest.fixture(autouse=True)
def _without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def left() -> list[str]:
    """What there still is of connections."""
    kinds = (
        RawConnection,
        Outlet,
        RawWebSocketProtocol,
        RawHttpProtocol,
        Linger,
        WebSocket,
    )
    return [type(each).__name__ for each in gc.get_objects() if isinstance(each, kinds)]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """As an application uses it: call-backs that know the connection, to its end."""
    if scope["type"] == "http":
        await stream(scope, receive)
        return
    websocket = WebSocket(scope, receive, send)
    if scope["path"] == "/refused":
        await send({"type": "websocket.http.response.start", "status": 503, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b"no"})
        return
    await websocket.accept()
    raw: RawWebSocket = scope["extensions"][EXTENSION]
    raw.outlet()
    raw.on_pause = raw.pause_reading
    raw.on_lost = raw.pause_reading
    raw.on_messages = lambda _: raw.pause_reading() if raw.paused else None
    if scope["path"] == "/closed":
        await websocket.close(4001)
    if scope["path"] == "/aborted":
        raw.abort()
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


async def stream(scope: Scope, receive: Receive) -> None:
    """An answer without end."""
    raw: RawHttp = scope["extensions"][HTTP]
    raw.on_lost = lambda: raw.pause_writing() if raw.is_open else None
    raw.begin(200, [])
    raw.writer()(b"1\r\nx\r\n")
    while (await receive())["type"] != "http.disconnect":
        pass


async def answer(_: Scope, __: Receive, send: Send) -> None:
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]}
    )
    await send({"type": "http.response.body", "body": b"whole"})


async def leaves(peer: Peer) -> None:
    peer.leave()


async def closes(peer: Peer) -> None:
    await peer.send(CLOSE)
    await peer.read_to_end()


async def breaks(peer: Peer) -> None:
    await peer.send(b"\xff\xff\xff\xff")
    await peer.read_to_end()


async def talks(peer: Peer) -> None:
    await peer.send(masked(Opcode.TEXT, b"a") + masked(Opcode.PING) + masked(Opcode.BINARY, b"b"))
    await peer.read_frames(Opcode.PONG, 1)
    peer.leave()


async def stays(peer: Peer) -> None:
    await peer.read_to_end()


@pytest.mark.parametrize(
    ("path", "ends"),
    [
        ("/", leaves), ("/", closes), ("/", breaks), ("/", talks), ("/aborted", stays),
        ("/closed", closes), ("/refused", stays),
    ],
)  # fmt: skip
async def test_a_websocket_leaves_nothing(
    serve: Serve, path: str, ends: Callable[[Peer], Awaitable[Any]]
) -> None:
    served = serve(app, ws=Bare, http=RawHttpProtocol)
    for _ in range(3):
        peer = await served.peer(path)
        await ends(peer)
    await until(lambda: served.connections == 0, "connections are gone")
    del served.raw
    await until(lambda: left() == [], "nothing is left")


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_a_stream_over_http_leaves_nothing(serve: Serve, version: str) -> None:
    served = serve(app, ws=Bare, http=RawHttpProtocol)
    for _ in range(3):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(f"GET / HTTP/{version}\r\nhost: localhost\r\n\r\n".encode())
        await reader.readuntil(b"x\r\n")
        writer.close()
    await until(lambda: served.connections == 0, "connections are gone")
    await until(lambda: left() == [], "nothing is left")


async def test_an_ordinary_request_leaves_nothing(serve: Serve) -> None:
    served = serve(answer, ws=Bare, http=RawHttpProtocol)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    for _ in range(3):
        writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        await reader.readuntil(b"whole")
    assert left().count("RawHttp") <= 1  # that of the last request
    writer.close()
    await until(lambda: served.connections == 0, "connections are gone")
    await until(lambda: left() == [], "nothing is left")


HANDSHAKE = b"GET /closed HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"


async def test_a_handshake_that_is_none_leaves_nothing(serve: Serve) -> None:
    served = serve(app, ws=Bare, http=RawHttpProtocol)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(HANDSHAKE + b"\r\n")
    async with asyncio.timeout(5):
        assert (await reader.read()).startswith(b"HTTP/1.1 4")
    writer.close()
    await until(lambda: served.connections == 0, "the connection is gone")
    await until(lambda: left() == [], "nothing is left")


async def test_a_websocket_behind_an_ordinary_request_leaves_nothing(serve: Serve) -> None:
    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        await (answer if scope["type"] == "http" else app)(scope, receive, send)

    served = serve(both, ws=Bare, http=RawHttpProtocol)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
    await reader.readuntil(b"whole")
    writer.write(
        HANDSHAKE
        + b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    writer.close()
    await until(lambda: served.connections == 0, "the connection is gone")
    del served.raw
    await until(lambda: left() == [], "nothing is left")
