"""What a connection writes itself is told to whoever goes around its transport."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from chassis_fakes.peer import masked
from chassis_fakes.served import Served, until
from chassis_fakes.writing import fill, listening
from starlette.types import Receive, Scope, Send
from websockets.frames import Opcode

from chassis.raw_websocket import EXTENSION, RawWebSocket
from chassis.raw_websocket_protocol import PIECES_A_TURN

Serve = Callable[..., Served]


@pytest.mark.parametrize("cause", ["ping", "answer", "answer-once-there-is-room", "send"])
async def test_what_the_connection_writes_itself_marks_its_outlet(serve: Serve, cause: str) -> None:
    ended = asyncio.Event()

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        raw: RawWebSocket = scope["extensions"][EXTENSION]
        if cause == "answer-once-there-is-room":
            await fill(raw)
        raw.outlet().marks = {}
        if cause == "send":
            await send({"type": "websocket.send", "text": "x"})
        await ended.wait()

    served = serve(app, **({"ws_ping_interval": 0.02} if cause == "ping" else {}))
    peer = await served.peer()
    await until(lambda: served.raw._outlet is not None, "the application runs")
    outlet = served.raw._outlet
    assert outlet is not None
    assert outlet.marks is not None
    if cause.startswith("answer"):
        await peer.send(masked(Opcode.PING, b"?"))
    if cause == "answer-once-there-is-room":
        await until(lambda: bool(served.raw._protocol._pong), "the ping was heard")
        assert not outlet.marks
        await peer.read_frames(Opcode.PONG, 1)
    await until(lambda: outlet.marks == {outlet.descriptor: outlet}, cause)
    ended.set()


async def test_answers_that_wait_for_others_mark_when_they_are_written(serve: Serve) -> None:
    """Many pings of one read are answered in several turns; a block may come between two."""
    turns = 3
    pings = masked(Opcode.PING, b"?") * (PIECES_A_TURN * (turns - 1) + 1)

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        raw: RawWebSocket = scope["extensions"][EXTENSION]
        raw.on_messages = lambda _: None
        marks = raw.outlet().marks = {}
        marked = 0
        while marked < turns:
            await asyncio.sleep(0)  # one turn
            marked += len(marks)
            marks.clear()  # a block's writer finds that nothing is held back
        await send({"type": "websocket.close", "code": 4001})

    served = serve(app)
    peer = await served.peer()
    await until(lambda: served.raw._outlet is not None, "the application runs")
    await peer.send(pings)
    await peer.read_frames(Opcode.CLOSE, 1)
    assert peer.close_code == 4001


async def test_an_outlet_that_nobody_watches_is_not_marked(serve: Serve) -> None:
    served = serve(listening, ws_ping_interval=0.02)
    peer = await served.peer()
    outlet = served.raw.outlet()
    await peer.read_frames(Opcode.PING, 1)
    assert outlet.marks is None
