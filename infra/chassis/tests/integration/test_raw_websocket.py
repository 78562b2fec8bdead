"""Raw writes beside uvicorn's own, on a real server: what may be written, and when no more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from chassis_fakes.peer import CLOSE, Peer, masked
from chassis_fakes.served import LOST, Served, ShortLinger, refuses, until
from chassis_fakes.writing import HIGH, LOW, fill, listening
from starlette.types import Receive, Scope, Send
from websockets.frames import Opcode

from chassis.errors import RawWriteRefusedError
from chassis.raw_websocket import EXTENSION, RawWebSocket
from chassis.websocket_frames import text_frame

Serve = Callable[..., Served]


async def test_raw_writes_interleave_with_control_frames_and_ordinary_sends(serve: Serve) -> None:
    expected = [b"%d" % number * (number * 37 % 700) for number in range(300)]

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        raw: RawWebSocket = scope["extensions"][EXTENSION]
        for number, payload in enumerate(expected):
            if number % 3 == 0:
                raw.writer()(text_frame(payload))
            elif number % 3 == 1:
                raw.batch_writer()([text_frame(payload[:0] + payload)])
            else:
                await send({"type": "websocket.send", "text": payload.decode()})
            await asyncio.sleep(0.001)
        await send({"type": "websocket.close", "code": 4001})

    served = serve(app, ws_ping_interval=0.02, ws_ping_timeout=5)
    peer = await served.peer()
    for number in range(5):
        await peer.send(masked(Opcode.PING, b"%d" % number))
        await peer.read_frames(Opcode.PONG, number + 1)
    await peer.read_frames(Opcode.PING, 1)
    await peer.read_frames(Opcode.CLOSE, 1)

    assert peer.texts == expected
    pongs = [bytes(f.data) for f in peer.frames() if f.opcode is Opcode.PONG]
    assert pongs == [b"0", b"1", b"2", b"3", b"4"]
    assert peer.close_code == 4001


async def test_nothing_may_be_written_before_the_handshake(serve: Serve) -> None:
    refused: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raw: RawWebSocket = scope["extensions"][EXTENSION]
        assert not raw.is_open
        for writer in (raw.writer, raw.batch_writer):
            with pytest.raises(RawWriteRefusedError) as caught:
                writer()
            refused.append(caught.value.code)
        await listening(scope, receive, send)

    peer = await serve(app).peer()
    await peer.read_frames(Opcode.TEXT, 1)
    assert refused == ["raw-write-refused"] * 2
    assert peer.texts == [b"first"]


# -- ends: whatever ends the connection is told once, before anything else is written --------------


async def _peer_closes(_: Served, peer: Peer) -> None:
    await peer.send(CLOSE)


async def _peer_closes_behind_a_ping(_: Served, peer: Peer) -> None:
    await peer.send(masked(Opcode.PING, b"?") + masked(Opcode.TEXT, b"last") + CLOSE)


async def _peer_breaks_the_protocol(_: Served, peer: Peer) -> None:
    await peer.send(b"\xff\xff\xff\xff")


async def _peer_breaks_the_protocol_behind_a_ping(_: Served, peer: Peer) -> None:
    await peer.send(masked(Opcode.PING, b"?") + b"\xff\xff\xff\xff")


async def _peer_sends_what_is_no_text(_: Served, peer: Peer) -> None:
    await peer.send(masked(Opcode.TEXT, b"\xff"))


async def _peer_sends_what_is_no_text_and_closes(_: Served, peer: Peer) -> None:
    await peer.send(masked(Opcode.TEXT, b"\xff") + CLOSE)


async def _peer_resets(_: Served, peer: Peer) -> None:
    peer.reset()


async def _peer_leaves(_: Served, peer: Peer) -> None:
    peer.leave()


async def _server_stops(served: Served, _: Peer) -> None:
    await served.stop()


async def _application_aborts(served: Served, _: Peer) -> None:
    served.raw.abort()


End = Callable[[Served, Peer], Awaitable[None]]


@pytest.mark.parametrize(
    ("end", "code"),
    [
        pytest.param(_peer_closes, 1000, id="close"),
        pytest.param(_peer_closes_behind_a_ping, 1000, id="close-behind-ping"),
        pytest.param(_peer_breaks_the_protocol, 1002, id="protocol-error"),
        pytest.param(_peer_breaks_the_protocol_behind_a_ping, 1002, id="error-behind-ping"),
        pytest.param(_peer_sends_what_is_no_text, 1007, id="invalid-utf8"),
        pytest.param(_peer_sends_what_is_no_text_and_closes, 1000, id="invalid-utf8-close"),
        pytest.param(_peer_resets, None, id="reset"),
        pytest.param(_peer_leaves, None, id="leave"),
        pytest.param(_server_stops, 1012, id="server-stops"),
        pytest.param(_application_aborts, None, id="abort"),
    ],
)
async def test_an_end_is_told_once_and_before_anything_else_is_written(
    serve: Serve, end: End, code: int | None
) -> None:
    served = serve(listening)
    peer = await served.peer()
    await peer.read_frames(Opcode.TEXT, 1)
    written_before = len(served.log)

    await end(served, peer)
    await until(lambda: served.connections == 0, "the connection is gone")

    assert served.log[written_before] == LOST
    assert served.log.count(LOST) == 1
    refuses(served.raw)
    if peer._sock.fileno() != -1:
        await peer.read_to_end()
        assert peer.close_code == code
        assert peer.texts == [b"first"]


async def test_a_keepalive_timeout_is_an_end(serve: Serve) -> None:
    served = serve(listening, ws_ping_interval=0.05, ws_ping_timeout=0.1)
    peer = await served.peer()

    await peer.read_to_end()  # and never answer a ping

    assert [f.opcode for f in peer.frames()] == [Opcode.TEXT, Opcode.PING, Opcode.CLOSE]
    assert peer.close_code == 1011
    assert served.log.index(LOST) == len(served.log) - 2
    refuses(served.raw)


@pytest.mark.parametrize("how", ["close", "return", "raise"])
async def test_the_applications_own_end_is_told_too(serve: Serve, how: str) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        raw: RawWebSocket = scope["extensions"][EXTENSION]
        raw.writer()(text_frame(b"first"))
        if how == "close":
            await send({"type": "websocket.close", "code": 4001})
            assert not raw.is_open
            while (await receive())["type"] != "websocket.disconnect":
                pass
        elif how == "raise":
            raise LookupError("the application's own fault")

    served = serve(app)
    peer = await served.peer()
    await peer.read_frames(Opcode.CLOSE if how == "close" else Opcode.TEXT, 1)
    if how == "close":
        await peer.send(CLOSE)
    await peer.read_to_end()
    await until(lambda: served.connections == 0, "the connection is gone")

    assert served.log.count(LOST) == 1
    assert served.log[2] == LOST, served.log
    assert peer.close_code == (4001 if how == "close" else None)
    refuses(served.raw)


async def test_a_stopping_server_lets_a_peer_answer_the_close_frame_that_it_was_sent(
    serve: Serve,
) -> None:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4001})

    served = serve(app)
    peer = await served.peer()
    await peer.read_frames(Opcode.CLOSE, 1)
    stopping = asyncio.ensure_future(served.stop())
    await asyncio.sleep(0)
    await peer.send(masked(Opcode.TEXT, b"said meanwhile") + CLOSE)

    await peer.read_to_end()
    assert [f.opcode for f in peer.frames()] == [Opcode.CLOSE]
    await stopping


# -- back-pressure ---------------------------------------------------------------------------------


async def test_a_peer_that_does_not_read_pauses_inside_a_write_and_resumes_when_it_reads(
    serve: Serve,
) -> None:
    served = serve(listening)
    peer = await served.peer()
    raw, told, inside = served.raw, list[str](), False
    raw.on_pause = lambda: told.append("pause inside" if inside else "pause")
    raw.on_resume = lambda: told.append("resume")
    raw.set_write_buffer_limits(HIGH, LOW)
    frame, count = text_frame(b"x" * 4000), 0
    while not raw.paused:
        write, inside = raw.writer(), True
        write(frame)
        inside, count = False, count + 1
        await asyncio.sleep(0)
    assert raw.buffered_bytes > HIGH
    assert told == ["pause inside"]

    await peer.read_frames(Opcode.TEXT, count + 1)
    await until(lambda: not raw.paused, "resumed")
    assert told == ["pause inside", "resume"]
    assert raw.buffered_bytes <= LOW
    assert raw.is_open
    assert peer.texts == [b"first"] + [b"x" * 4000] * count


async def test_pongs_for_a_peer_that_does_not_read_take_no_memory_and_the_newest_comes(
    serve: Serve,
) -> None:
    peer = await (served := serve(listening)).peer()
    count = await fill(served.raw)
    full = served.raw.buffered_bytes
    pings = [b"%0125d" % number for number in range(2000)]
    for ping in pings:
        await peer.send(masked(Opcode.PING, ping))
    await peer.send(masked(Opcode.TEXT, b"behind them"))
    await asyncio.sleep(0.2)
    assert served.raw.buffered_bytes <= full

    frames = await peer.read_frames(Opcode.PONG, 1)
    assert [bytes(f.data) for f in frames if f.opcode is Opcode.PONG][-1] == pings[-1]
    assert len(peer.texts) == count + 1
    await peer.send(masked(Opcode.PING, b"now") + CLOSE)
    await peer.read_to_end()
    assert bytes(peer.frames()[-2].data) == b"now"
    assert peer.close_code == 1000


async def test_after_the_end_nobody_is_told_of_pauses(serve: Serve) -> None:
    served = serve(listening)
    peer = await served.peer()
    told: list[str] = []
    served.raw.on_pause = lambda: told.append("pause")
    served.raw.on_resume = lambda: told.append("resume")
    await fill(served.raw)
    await peer.send(CLOSE)
    await until(lambda: not served.raw.is_open, "the end is known")
    await peer.read_to_end()
    assert told == ["pause"]
    assert peer.close_code == 1000


# -- peers that do not read ------------------------------------------------------------------------


async def _close(_: Served, peer: Peer) -> None:
    await peer.send(CLOSE)


async def _break(_: Served, peer: Peer) -> None:
    await peer.send(b"\xff\xff\xff\xff")


async def _silence(_: Served, __: Peer) -> None:
    """The keepalive finds out."""


@pytest.mark.parametrize("end", [_close, _break, _silence])
async def test_a_peer_that_never_reads_does_not_keep_its_connection(serve: Serve, end: End) -> None:
    served = serve(listening, ws=ShortLinger, ws_ping_interval=0.1, ws_ping_timeout=0.1)
    peer = await served.peer()
    await fill(served.raw)
    await end(served, peer)
    await until(lambda: served.connections == 0, "the connection is gone")
    assert served.log.count(LOST) == 1


async def test_a_peer_that_never_reads_is_given_up_though_it_is_left_unread_for_that(
    serve: Serve,
) -> None:
    served = serve(listening, ws=ShortLinger, ws_ping_interval=0.1, ws_ping_timeout=0.1)
    await served.peer()
    await fill(served.raw)
    served.raw.pause_reading()
    await until(lambda: served.connections == 0, "the connection is gone")


async def test_a_close_that_waits_for_a_peer_that_never_reads_ends(serve: Serve) -> None:
    async def app(scope: Scope, _: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await fill(scope["extensions"][EXTENSION])
        await send({"type": "websocket.close", "code": 4001})

    served = serve(app, ws=ShortLinger)
    await served.peer()
    await until(lambda: served.connections == 0, "the connection is gone")


async def test_a_peer_that_sends_no_more_and_does_not_read_ends(serve: Serve) -> None:
    """Its transport closes only once all is taken; until then it would be written to for ever."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await fill(scope["extensions"][EXTENSION], until_paused=False)
        while (await receive())["type"] != "websocket.disconnect":
            pass

    served = serve(app, ws=ShortLinger)
    peer = await served.peer()
    await until(lambda: served.raw.buffered_bytes > 0, "something is held back")
    peer.send_no_more()
    await until(lambda: served.log[-1] == LOST, "the end was told")
    await until(lambda: served.connections == 0, "the connection is gone")


async def test_a_slow_peer_that_goes_on_reading_gets_all_and_the_close(serve: Serve) -> None:
    counts: list[int] = []

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        counts.append(await fill(scope["extensions"][EXTENSION]))
        await send({"type": "websocket.close", "code": 4001})

    served = serve(app, ws=ShortLinger)
    peer = await served.peer()
    await until(lambda: bool(counts), "the transport is full")
    peer.slow_down(pause_s=0.002, chunk_bytes=64 << 10)
    await peer.read_frames(Opcode.CLOSE, 1)
    assert len(peer.texts) == counts[0]
    assert peer.close_code == 4001


async def test_a_stop_while_a_peer_that_closed_does_not_read_closes_the_others(
    serve: Serve,
) -> None:
    served = serve(listening)
    stuck = await served.peer()
    await fill(served.raw)
    await stuck.send(CLOSE)
    first = served.raw
    await until(lambda: not first.is_open, "the close has arrived")
    others = [await served.peer() for _ in range(3)]
    await served.stop()
    for other in others:
        await other.read_to_end()
        assert other.close_code == 1012
