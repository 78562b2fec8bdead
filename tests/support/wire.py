"""A WebSocket client on a raw socket, as cheap as Python can be: for a hundred subscribers at once.

Speaks RFC 6455 by hand: handshake, unmasking nothing (servers do not mask), answering pings. It
hands every text payload to `on_text` and tells its end with the close code. With `deflate` it
offers permessage-deflate (RFC 7692) and inflates every message for itself. Not a general client.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import socket
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


_EVENT = re.compile(rb'\{(?:"type":"event",)?"partition":(\d+),"offset":(\d+),"event":')


def places(payload: bytes) -> list[tuple[int, int]]:
    """Partition and offset of the event, or the events, in a frame; of none in a control frame.

    By its look, which is quick: the events of these tests hold nothing that looks like a frame.
    """
    if not payload.startswith(b'{"type":"event'):
        return []
    return [(int(found[1]), int(found[2])) for found in _EVENT.finditer(payload)]


def masked(opcode: int, payload: bytes) -> bytes:
    """A client's frame. The mask is zero, which RFC 6455 section 5.3 allows a sloppy client."""
    length = len(payload)
    if length < 126:
        header = bytes((0x80 | opcode, 0x80 | length))
    elif length < 65536:
        header = bytes((0x80 | opcode, 0x80 | 126)) + length.to_bytes(2, "big")
    else:
        header = bytes((0x80 | opcode, 0x80 | 127)) + length.to_bytes(8, "big")
    return header + b"\0\0\0\0" + payload


class HandshakeRefusedError(Exception):
    """The server answered with something else than 101; `status` is its status line."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class RawWebSocket(asyncio.Protocol):
    """One connection. `closed` resolves to the close code (1006 when there was none)."""

    def __init__(self, on_text: Callable[[bytes], None], request: bytes) -> None:
        self._on_text = on_text
        self._request = request
        self._buffer = bytearray()
        self._open = False
        self._code = 1006
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[int] = loop.create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the handshake."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the end."""
        if not self.opened.done():
            self.opened.set_exception(HandshakeRefusedError(f"connection lost: {exc}"))
        if not self.closed.done():
            self.closed.set_result(self._code)

    def send(self, text: bytes) -> None:
        """Send one text frame."""
        self.transport.write(masked(TEXT, text))

    def close(self, code: int = 1000) -> None:
        """Begin the closing handshake."""
        self.transport.write(masked(CLOSE, code.to_bytes(2, "big")))

    def data_received(self, data: bytes) -> None:
        """Take bytes; hand on whole frames."""
        self._buffer += data
        if not self._open and not self._handshake():
            return
        buffer, at, end = self._buffer, 0, len(self._buffer)
        while end - at >= 2:
            length, start = buffer[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
            if start > end or start + length > end:
                break
            opcode, compressed = buffer[at] & 0x0F, buffer[at] & 0x40
            payload = bytes(buffer[start : start + length])
            at = start + length
            if compressed:
                payload = zlib.decompressobj(-15).decompress(payload + b"\x00\x00\xff\xff")
            if opcode == TEXT:
                self._on_text(payload)
            else:
                self._control(opcode, payload)
        del buffer[:at]

    def _handshake(self) -> bool:
        head, found, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not found or self.opened.done():  # nobody waits for it any more
            return False
        status = head.split(b"\r\n", 1)[0].decode("latin-1")
        if " 101 " not in status:
            self.opened.set_exception(HandshakeRefusedError(status))
            self.transport.close()
            return False
        self._buffer = bytearray(rest)
        self._open = True
        self.opened.set_result(None)
        return True

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self.transport.write(masked(PONG, payload))
        elif opcode == CLOSE:
            self._code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
            self.transport.write(masked(CLOSE, payload[:2]))
            self.transport.close()


async def connect(
    url: str,
    on_text: Callable[[bytes], None],
    *,
    headers: dict[str, str] | None = None,
    over: socket.socket | None = None,
    deflate: bool = False,
) -> RawWebSocket:
    """Open `url`, `over` a socket that is connected already if one is given.

    Raises:
        HandshakeRefusedError: the server refused.
    """
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *(["Sec-WebSocket-Extensions: permessage-deflate"] if deflate else []),
        *[f"{name}: {value}" for name, value in (headers or {}).items()],
    ]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    loop = asyncio.get_running_loop()
    where: dict[str, Any] = {"host": parts.hostname or "localhost", "port": parts.port or 80}
    transport, protocol = await loop.create_connection(
        lambda: RawWebSocket(on_text, request), **({"sock": over} if over else where)
    )
    try:
        await protocol.opened
    except BaseException:
        transport.abort()
        raise
    return protocol
