"""Answers without end beside uvicorn's own, on a real server: what may be written, and when."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from chassis_fakes.http_peer import HttpPeer
from chassis_fakes.served import LOST, Served, SpyTransport, until
from starlette.types import Receive, Scope, Send

from chassis.errors import RawWriteRefusedError
from chassis.raw_http import EXTENSION, RawHttp, RawHttpProtocol

Serve = Callable[..., Served]
OpenPeer = Callable[[Served], HttpPeer]
HIGH, LOW = 64 << 10, 16 << 10
HEADERS = [(b"content-type", b"text/plain")]


class Spying(RawHttpProtocol):
    """The protocol under test on a transport that remembers; `newest` is the last one made."""

    newest: Spying
    linger_s = 0.5
    unacknowledged_s = 7.0

    def connection_made(self, transport: Any) -> None:
        self.log: list[bytes | str] = []
        type(self).newest = self
        super().connection_made(SpyTransport(transport, self.log))


@pytest.fixture
async def peer() -> AsyncIterator[OpenPeer]:
    """Opens peers, which leave before the server stops."""
    opened: list[HttpPeer] = []

    def open_(served: Served) -> HttpPeer:
        opened.append(HttpPeer(served.port))
        return opened[-1]

    yield open_
    for each in opened:
        each.leave()


def framed(raw: RawHttp, body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body) if raw.is_chunked else body


class Application:
    """Begins, writes ``first``, and waits to the end; `raw` is the newest request's."""

    def __init__(self) -> None:
        self.raw: RawHttp | None = None
        self.over = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/plain":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"plain"})
            return
        raw: RawHttp = scope["extensions"][EXTENSION]
        log = Spying.newest.log
        raw.on_lost = lambda: log.append(LOST)
        raw.begin(200, HEADERS)
        raw.set_write_buffer_limits(HIGH, LOW)
        raw.writer()(framed(raw, b"first"))
        self.raw = raw
        while (await receive())["type"] != "http.disconnect":
            pass
        self.over += 1


async def begun(
    serve: Serve, peer: OpenPeer, *headers: tuple[str, str], version: str = "1.1"
) -> tuple[Application, HttpPeer, Served]:
    app = Application()
    served = serve(app, http=Spying)
    client = peer(served)
    await client.get("/", *headers, version=version)
    await client.read_until(b"first")
    return app, client, served


def end_of(raw: RawHttp) -> bytes:
    return b"0\r\n\r\n" if raw.is_chunked else b""


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_an_answer_begins_goes_on_and_ends(
    serve: Serve, peer: OpenPeer, version: str
) -> None:
    app, client, served = await begun(serve, peer, version=version)
    raw = app.raw
    assert raw is not None
    assert raw.is_chunked is (version == "1.1")
    for number in range(1, 201):  # an empty chunk would be the end
        raw.batch_writer()([framed(raw, b"<%d>" % number), framed(raw, b"x" * number)])
    raw.finish(end_of(raw))
    await client.read_to_end()

    assert client.response is not None
    assert client.response.status_code == 200
    assert client.header("content-type") == "text/plain"
    assert client.header("date")
    assert client.header("connection") == "close"
    assert client.header("transfer-encoding") == ("chunked" if version == "1.1" else None)
    expected = b"first" + b"".join(b"<%d>" % n + b"x" * n for n in range(1, 201))
    assert client.body == expected
    assert client.complete
    await until(lambda: app.over == 1 and served.connections == 0, "the application has ended")


async def test_ordinary_answers_are_uvicorns_own_also_behind_one_another(
    serve: Serve, peer: OpenPeer
) -> None:
    app = Application()
    served = serve(app, http=Spying)
    client = peer(served)
    await client.get("/plain")
    await client.read_until(b"plain")
    assert client.complete
    await client.send(b"GET / HTTP/1.1\r\nhost: x\r\n\r\nGET /plain HTTP/1.1\r\nhost: x\r\n\r\n")
    while b"first" not in client.received:
        assert await client.read()
    assert app.raw is not None
    app.raw.finish(b"0\r\n\r\n")
    await client.read_to_end()
    assert client.received.count(b"HTTP/1.1 200") == 2, "what is behind it is not answered"


async def test_nothing_may_be_written_before_it_begins_nor_begun_twice(
    serve: Serve, peer: OpenPeer
) -> None:
    refused: list[str] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        raw: RawHttp = scope["extensions"][EXTENSION]
        for forbidden in (raw.writer, raw.batch_writer):
            with pytest.raises(RawWriteRefusedError):
                forbidden()
        raw.finish(b"nothing")
        raw.begin(200, [])
        with pytest.raises(RawWriteRefusedError) as caught:
            raw.begin(200, [])
        refused.append(caught.value.code)
        raw.finish(b"0\r\n\r\n")

    client = peer(serve(app, http=Spying))
    await client.get()
    await client.read_to_end()
    assert refused == ["raw-write-refused"]
    assert client.complete
    assert client.body == b""


async def test_an_answer_that_the_application_began_itself_cannot_be_taken_over(
    serve: Serve, peer: OpenPeer
) -> None:
    async def app(scope: Scope, _: Receive, send: Send) -> None:
        raw: RawHttp = scope["extensions"][EXTENSION]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        assert not raw.can_begin
        with pytest.raises(RawWriteRefusedError):
            raw.begin(200, [])
        await send({"type": "http.response.body", "body": b"own"})

    client = peer(serve(app, http=Spying))
    await client.get()
    await client.read_until(b"own")
    assert client.complete


# -- ends ------------------------------------------------------------------------------------------


async def _client_leaves(_: RawHttp, client: HttpPeer, __: Served) -> None:
    client.leave()


async def _client_resets(_: RawHttp, client: HttpPeer, __: Served) -> None:
    client.reset()


async def _client_half_closes(_: RawHttp, client: HttpPeer, __: Served) -> None:
    client.sock.shutdown(socket.SHUT_WR)


async def _client_says_too_much(_: RawHttp, client: HttpPeer, __: Served) -> None:
    await client.send(b"x" * 20_000)


async def _application_finishes(raw: RawHttp, _: HttpPeer, __: Served) -> None:
    raw.finish(b"0\r\n\r\n")


async def _application_aborts(raw: RawHttp, _: HttpPeer, __: Served) -> None:
    raw.abort()


async def _server_stops(_: RawHttp, __: HttpPeer, served: Served) -> None:
    await served.stop()


End = Callable[[RawHttp, HttpPeer, Served], Awaitable[None]]


@pytest.mark.parametrize(
    "end",
    [
        _client_leaves,
        _client_resets,
        _client_half_closes,
        _client_says_too_much,
        _application_finishes,
        _application_aborts,
        _server_stops,
    ],
)
async def test_an_end_is_told_once_and_nothing_but_the_bodys_end_is_written_after_it(
    serve: Serve, peer: OpenPeer, end: End
) -> None:
    app, client, served = await begun(serve, peer)
    raw, log = app.raw, Spying.newest.log
    assert raw is not None
    before = len(log)
    await end(raw, client, served)
    await until(lambda: served.connections == 0 and app.over == 1, "the connection is gone")

    rest = [b"0\r\n\r\n"] if end is _application_finishes else []
    assert log[before:] == [LOST, *rest]
    assert not raw.is_open
    for writer in (raw.writer, raw.batch_writer):
        with pytest.raises(RawWriteRefusedError):
            writer()
    raw.set_write_buffer_limits(HIGH, LOW)
    assert raw.buffered_bytes == 0
    raw.finish(b"more")
    raw.abort()
    assert log[before:] == [LOST, *rest]
    if client.sock.fileno() != -1:
        await client.read_to_end()
        assert client.complete is (end is _application_finishes), "cut is told from complete"


async def test_an_application_that_fails_is_an_end(serve: Serve, peer: OpenPeer) -> None:
    async def app(scope: Scope, _: Receive, __: Send) -> None:
        raw: RawHttp = scope["extensions"][EXTENSION]
        raw.begin(200, [])
        raise LookupError("the application's own fault")

    served = serve(app, http=Spying)
    client = peer(served)
    await client.get()
    await client.read_to_end()
    assert client.cut
    await until(lambda: served.connections == 0, "the connection is gone")


async def test_who_went_before_it_began_cannot_be_answered(serve: Serve, peer: OpenPeer) -> None:
    found: list[bool] = []

    async def app(scope: Scope, receive: Receive, _: Send) -> None:
        raw: RawHttp = scope["extensions"][EXTENSION]
        while (await receive())["type"] != "http.disconnect":
            pass
        found.append(raw.can_begin)

    served = serve(app, http=Spying)
    client = peer(served)
    await client.get()
    await until(lambda: served.connections == 1, "connected")
    client.leave()
    await until(lambda: bool(found), "the application knows")
    assert found == [False]


# -- peers that do not read ------------------------------------------------------------------------


async def fill(raw: RawHttp, *, until_paused: bool = True) -> bytes:
    """Write until the transport pauses, or holds something back; gives what was written."""
    write, written = raw.writer(), b""
    while not (raw.paused if until_paused else raw.buffered_bytes):
        write(framed(raw, b"x" * 4000))
        written += b"x" * 4000
        await asyncio.sleep(0)
        assert len(written) < 100 << 20, "the kernel takes whatever is written"
    return written


async def test_a_full_socket_pauses_and_resumes(serve: Serve, peer: OpenPeer) -> None:
    app, client, _ = await begun(serve, peer)
    raw, told = app.raw, list[str]()
    assert raw is not None
    raw.on_pause = lambda: told.append("pause")
    raw.on_resume = lambda: told.append("resume")
    written = await fill(raw)
    assert raw.buffered_bytes > HIGH
    assert told == ["pause"]
    while raw.paused:
        await client.read()
    assert told == ["pause", "resume"]
    assert raw.buffered_bytes <= LOW
    raw.finish(b"0\r\n\r\n")
    await client.read_to_end()
    assert client.body == b"first" + written
    assert client.complete


async def test_an_end_that_nobody_reads_is_bounded(serve: Serve, peer: OpenPeer) -> None:
    app, _, served = await begun(serve, peer)
    assert app.raw is not None
    await fill(app.raw)
    app.raw.finish(b"0\r\n\r\n")
    await until(lambda: served.connections == 0, "dropped after the linger")


async def test_a_client_that_sends_no_more_and_does_not_read_ends(
    serve: Serve, peer: OpenPeer
) -> None:
    """Its transport closes only once all is taken; until then it would be written to for ever."""
    app, client, served = await begun(serve, peer)
    assert app.raw is not None
    await fill(app.raw, until_paused=False)
    client.sock.shutdown(socket.SHUT_WR)
    await until(lambda: Spying.newest.log[-1] == LOST, "the end was told")
    assert served.connections == 1, "told before it is gone"
    await until(lambda: served.connections == 0, "dropped after the linger")


async def test_a_stop_does_not_wait_for_who_does_not_read(serve: Serve, peer: OpenPeer) -> None:
    app, _, served = await begun(serve, peer)
    assert app.raw is not None
    await fill(app.raw)
    await served.stop()
    assert not app.raw.is_open


# -- peers that vanish -----------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="TCP_USER_TIMEOUT is Linux's")
async def test_the_kernel_is_asked_to_find_peers_that_vanished(
    serve: Serve, peer: OpenPeer
) -> None:
    await begun(serve, peer)
    found = Spying.newest.transport.get_extra_info("socket")
    assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 7000
