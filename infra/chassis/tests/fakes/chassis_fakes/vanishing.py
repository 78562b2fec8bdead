"""A server and a peer in a network of their own, whose one link goes down between them.

Usage: python -m chassis_fakes.vanishing UNACKNOWLEDGED_S   Tells after how long the server knew.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time

import uvicorn
from starlette.types import Receive, Scope, Send

from chassis.raw_http import EXTENSION, RawHttp, RawHttpProtocol
from chassis.server import bind

PATIENCE_S = 6.0


def link(state: str) -> None:
    """Set the loopback up or down."""
    subprocess.run(["ip", "link", "set", "lo", state], check=True)


async def main(unacknowledged_s: float) -> None:
    """One stream with a heartbeat; then nothing gets through any more."""
    lost = asyncio.Event()

    class Http(RawHttpProtocol):
        pass

    Http.unacknowledged_s = unacknowledged_s

    async def app(scope: Scope, receive: Receive, _: Send) -> None:
        raw: RawHttp = scope["extensions"][EXTENSION]
        raw.on_lost = lost.set
        raw.begin(200, [])
        write = raw.writer()
        while not lost.is_set():
            write(b"4\r\nbeat\r\n")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lost.wait(), 0.2)
        await receive()

    link("up")
    sockets = bind("127.0.0.1", 0, port_variable="PORT")
    config = uvicorn.Config(app, http=Http, lifespan="off", log_config=None, loop="none")
    server = asyncio.ensure_future(uvicorn.Server(config)._serve(sockets))
    reader, writer = await asyncio.open_connection(*sockets[0].getsockname())
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    await reader.readuntil(b"beat")
    link("down")
    begun_s = time.monotonic()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(lost.wait(), PATIENCE_S)
    took_s = time.monotonic() - begun_s
    sys.stdout.write(f"lost {took_s:.1f}\n" if lost.is_set() else "unnoticed\n")
    sys.stdout.flush()
    server.cancel()
    writer.transport.abort()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
