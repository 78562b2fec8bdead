"""NATS server (https://nats.io): core subjects over its own protocol, published to over TCP.

That is cheaper for it than WebSocket would be. Slow subscribers get all the room that the burst
needs, so that it drops none.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.load.events import made
from bench.servers.peers import EVENT, Peer, found
from bench.servers.server import Server
from local_kafka.ports import free_ports

NAME, PROGRAM = "NATS", "nats-server"
_CONNECT = b'CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"1"}\r\n'
_AT_ONCE = 256


@asynccontextmanager
async def serve(directory: Path, events: int) -> AsyncIterator[Peer]:
    """Without persistence."""
    program = found(PROGRAM)
    assert program is not None
    (port,) = free_ports(1)
    settings = directory / "nats.conf"
    settings.write_text(
        f"listen: 127.0.0.1:{port}\n"
        "max_pending: 256MB\nwrite_deadline: 60s\nmax_connections: 8192\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(program, "-c", str(settings), "-l", str(directory / "nats.log"))
    )
    try:
        publisher = await _connected(port)

        async def begin() -> None:
            make = made(EVENT)
            for first in range(0, events, _AT_ONCE):
                numbers = range(first, min(first + _AT_ONCE, events))
                messages = [make(0, number, 0) for number in numbers]
                lines = [b"PUB bench %d\r\n%b\r\n" % (len(each), each) for each in messages]
                publisher.write(b"".join(lines))
                await publisher.drain()

        server = Server(process.pid, port, EVENT, begin)
        yield Peer(server, _CONNECT + b"SUB bench 1\r\nPING\r\n", b"PONG")
        publisher.close()
    finally:
        process.kill()
        await process.wait()


async def _connected(port: int) -> asyncio.StreamWriter:
    async with asyncio.timeout(10):
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                break
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
        writer.write(_CONNECT + b"PING\r\n")
        await reader.readuntil(b"PONG")
    return writer
