"""Centrifugo (https://centrifugal.dev), version 6: a channel over its unidirectional WebSocket.

Published to through its HTTP API in batches; no history, no recovery. Its clients' queues get all
the room that the burst needs, so that it drops none. Written from its documentation: where this was
developed there was no Centrifugo to run it with.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import orjson

from bench.load.events import made
from bench.load.plan import websocket_request
from bench.servers.peers import EVENT, Peer, found
from bench.servers.server import Server
from local_kafka.ports import free_ports

NAME, PROGRAM = "Centrifugo", "centrifugo"
_CONNECT = quote('{"subs":{"bench":{}}}')
_KEY = "bench"
_AT_ONCE = 200
_QUEUE_BYTES = 256 << 20


@asynccontextmanager
async def serve(directory: Path, events: int) -> AsyncIterator[Peer]:
    """In memory, one node."""
    program = found(PROGRAM)
    assert program is not None
    (port,) = free_ports(1)
    settings = directory / "centrifugo.json"
    settings.write_bytes(orjson.dumps(_settings(port)))
    with (directory / "centrifugo.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(program, "-c", str(settings)), stdout=log, stderr=log
        )
    try:
        await _wait_until_ready(port)

        async def begin() -> None:
            await _publish(port, events)

        server = Server(process.pid, port, EVENT, begin)
        request = websocket_request(f"/connection/uni_websocket?cf_connect={_CONNECT}")
        yield Peer(server, request, b'"connect":')
    finally:
        process.kill()
        await process.wait()


def _settings(port: int) -> dict[str, object]:
    return {
        "http_server": {"address": "127.0.0.1", "port": str(port)},
        "http_api": {"key": _KEY},
        "health": {"enabled": True},
        "uni_websocket": {"enabled": True},
        "client": {"allow_anonymous_connect_without_token": True, "queue_max_size": _QUEUE_BYTES},
        "channel": {
            "without_namespace": {
                "allow_subscribe_for_client": True,
                "allow_subscribe_for_anonymous": True,
            }
        },
        "log": {"level": "error"},
    }


async def _request(port: int, head: bytes, body: bytes = b"") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = b"\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: %d\r\n" % len(body)
    writer.write(head + lines + b"X-API-Key: " + _KEY.encode() + b"\r\n\r\n" + body)
    answer = await reader.read()
    writer.close()
    return answer


async def _wait_until_ready(port: int) -> None:
    async with asyncio.timeout(15):
        while True:
            try:
                if b" 200 " in (await _request(port, b"GET /health HTTP/1.1"))[:20]:
                    return
            except OSError:
                pass
            await asyncio.sleep(0.1)


async def _publish(port: int, events: int) -> None:
    make = made(EVENT)
    for first in range(0, events, _AT_ONCE):
        commands = b",".join(
            b'{"publish":{"channel":"bench","data":%b}}' % make(0, number, 0)
            for number in range(first, min(first + _AT_ONCE, events))
        )
        body = b'{"commands":[' + commands + b"]}"
        answer = await _request(port, b"POST /api/batch HTTP/1.1", body)
        if b" 200 " not in answer[:20] or b'"error"' in answer:
            raise RuntimeError(f"Centrifugo refused: {answer[:200]!r}")
