"""Requests behind one another on one connection: each has its turn, and all hear of the end."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import ClassVar

import pytest
from chassis_fakes.served import Served, until
from starlette.types import Receive, Scope, Send

from chassis.limit_hits import Limit
from chassis.not_http import AnsweringHttpProtocol
from chassis.raw_http import EXTENSION, RawHttp, RawHttpProtocol
from chassis.raw_websocket_protocol import RawWebSocketProtocol

Serve = Callable[..., Served]

STREAM = b"GET /stream HTTP/1.1\r\nhost: x\r\n\r\n"
PLAIN = b"GET /plain HTTP/1.1\r\nhost: x\r\n\r\n"
UPGRADE = (
    b"GET /plain HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Bare(RawWebSocketProtocol):
    """Its log is looked for."""

    log: ClassVar[list[bytes | str]] = []


class FewBehind(AnsweringHttpProtocol):
    """Three may wait; it notes what was hit."""

    most_behind = 3
    hits: ClassVar[list[Limit]] = []

    @classmethod
    def on_limit(cls, limit: Limit) -> None:
        cls.hits.append(limit)


class Application:
    """`/stream` has no end, and is written raw if `raw` is set."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.over = 0
        self.raw = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
        elif scope["path"] == "/stream":
            await self._begin(scope, send)
        else:
            headers = [(b"content-length", b"5")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"plain"})
            return
        while not (await receive())["type"].endswith("disconnect"):
            pass
        self.over += 1

    async def _begin(self, scope: Scope, send: Send) -> None:
        if self.raw:
            raw: RawHttp = scope["extensions"][EXTENSION]
            raw.begin(200, [])
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        self.began.set()


@pytest.mark.parametrize("raw", [True, False])
async def test_who_is_answered_hears_of_the_end_with_others_waiting_behind(
    serve: Serve, *, raw: bool
) -> None:
    app = Application()
    app.raw = raw
    served = serve(app, ws=Bare, http=RawHttpProtocol)
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(STREAM + PLAIN + PLAIN)
    await asyncio.wait_for(app.began.wait(), 5)
    writer.close()
    await until(lambda: app.over == 1, "the application is told")
    await until(lambda: not served.server.server_state.tasks, "no task is left")


async def test_a_handshake_behind_an_unfinished_answer_is_an_ordinary_request(
    serve: Serve,
) -> None:
    """Two protocols on one connection would write into one another, and only one hears of it."""
    app = Application()
    served = serve(app, ws=Bare, http=RawHttpProtocol)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(PLAIN + UPGRADE)
    async with asyncio.timeout(5):
        received = await reader.readuntil(b"plain") + await reader.readuntil(b"plain")
    assert received.count(b"HTTP/1.1 200") == 2
    writer.close()
    await until(lambda: served.connections == 0, "the connection is gone")


async def test_a_handshake_behind_a_stream_is_not_answered(serve: Serve) -> None:
    app = Application()
    app.raw = True
    served = serve(app, ws=Bare, http=RawHttpProtocol)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(STREAM + UPGRADE)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert head.startswith(b"HTTP/1.1 200")
    writer.close()
    await until(lambda: app.over == 1, "the application is told")
    await until(lambda: served.connections == 0, "the connection is gone")


async def test_a_handshake_behind_a_whole_answer_is_one(serve: Serve) -> None:
    served = serve(Application(), ws=Bare, http=RawHttpProtocol)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(PLAIN)
    await asyncio.wait_for(reader.readuntil(b"plain"), 5)
    writer.write(UPGRADE)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert head.startswith(b"HTTP/1.1 101")
    writer.close()
    await until(lambda: served.connections == 0, "the connection is gone")


@pytest.mark.parametrize("more", [0, 1])
async def test_what_waits_behind_one_another_is_bounded(serve: Serve, more: int) -> None:
    """A request of 40 bytes costs 2 KiB, for as long as the answer before it takes."""
    FewBehind.hits.clear()
    app = Application()
    served = serve(app, ws=Bare, http=FewBehind)
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(STREAM + PLAIN * (3 + more))
    await asyncio.wait_for(app.began.wait(), 5)
    if more:
        await until(lambda: app.over == 1, "it is dropped")
    else:
        assert served.connections == 1
    assert FewBehind.hits == [Limit.PIPELINED] * more
    writer.close()


async def test_what_waits_behind_a_stream_is_let_go(serve: Serve) -> None:
    app = Application()
    app.raw = True
    served = serve(app, ws=Bare, http=RawHttpProtocol)
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(STREAM + PLAIN * 50)
    await asyncio.wait_for(app.began.wait(), 5)
    gc.collect()
    assert sum(isinstance(each, RawHttp) for each in gc.get_objects()) <= 2
    writer.close()


async def test_what_is_no_http_is_not_answered_within_an_answer(serve: Serve) -> None:
    app = Application()
    served = serve(app, ws=Bare, http=AnsweringHttpProtocol)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(STREAM)
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    writer.write(PLAIN + b"\xff\xff\r\n\r\n")
    async with asyncio.timeout(5):
        assert b"400" not in await reader.read()
    writer.close()
