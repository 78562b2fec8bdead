"""Requests that are sent before the ones in front of them are answered."""

from __future__ import annotations

import asyncio
import contextlib

_REQUEST, _ANSWER = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", b"HTTP/1.1 200"


async def answered(port: int, requests: int, *, at_most: int) -> int:
    """Send so many in one write; how many answers came, before the connection ended or `at_most`
    were there.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_REQUEST * requests)
    received = b""
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(10):
            while received.count(_ANSWER) < at_most and (data := await reader.read(4096)):
                received += data
    writer.close()
    return received.count(_ANSWER)
