"""Applications' parts that write raw frames."""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope, Send

from chassis.raw_websocket import EXTENSION, RawWebSocket
from chassis.websocket_frames import text_frame

HIGH, LOW = 64 << 10, 16 << 10


async def listening(scope: Scope, receive: Receive, send: Send) -> None:
    """Accept, write one frame, receive to the end."""
    await send({"type": "websocket.accept"})
    raw: RawWebSocket = scope["extensions"][EXTENSION]
    raw.writer()(text_frame(b"first"))
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def fill(raw: RawWebSocket, *, until_paused: bool = True) -> int:
    """Write until the peer, which does not read, has the transport paused, or holds something back;
    gives the frames."""
    raw.set_write_buffer_limits(HIGH, LOW)
    write, frame, count = raw.writer(), text_frame(b"x" * 4000), 0
    while not (raw.paused if until_paused else raw.buffered_bytes):
        write(frame)
        count += 1
        await asyncio.sleep(0)
        assert count < 10_000, "the kernel takes whatever is written"
    return count
