"""A subscriber that stops reading: its kernel buffer is small and its socket is left alone."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import orjson
import psutil

_TEXT, _CLOSE = 1, 8
_OFFSET = re.compile(rb'\{"type":"event","partition":\d+,"offset":(\d+),')


class SlowReader:
    """Reads only when told to. Speaks just enough WebSocket for that (RFC 6455)."""

    def __init__(self, connection: socket.socket, port: int) -> None:
        self._socket = connection
        self._port = port
        self._rest = b""
        self.texts: list[bytes] = []
        self.code: int | None = None
        """The close code, once the server has closed."""

    @classmethod
    @asynccontextmanager
    async def open(cls, port: int, query: str = "") -> AsyncIterator[Self]:
        """Connect, shake hands, and read nothing more."""
        loop = asyncio.get_running_loop()
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
        connection.setblocking(False)
        try:
            await loop.sock_connect(connection, ("127.0.0.1", port))
            request = (
                f"GET /websocket?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
            )
            await loop.sock_sendall(connection, request.encode())
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += await loop.sock_recv(connection, 1)
            assert head.startswith(b"HTTP/1.1 101"), head
            yield cls(connection, port)
        finally:
            connection.close()

    def is_full(self) -> bool:
        """Whether bytes wait that nobody takes: the kernel holds as much as it will."""
        return unread(self._port, self._socket.getsockname()[1]) > 0

    async def read(self, *, until_offset: int | None = None, timeout_s: float = 10.0) -> list[int]:
        """Read frames up to an offset, or to the end of the connection; gives event offsets."""
        offsets: list[int] = []
        while until_offset is None or not offsets or offsets[-1] < until_offset:
            some = await self.read_some(timeout_s=timeout_s)
            if some is None:
                assert until_offset is None, f"the connection ended after {offsets[-1:]}"
                break
            offsets += some
        return offsets

    async def read_some(self, *, timeout_s: float = 10.0) -> list[int] | None:
        """Read what comes next; the offsets of events in it, None when the connection is over."""
        if self.code is not None:
            return None
        loop = asyncio.get_running_loop()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)  # slow no more
        try:
            data = await asyncio.wait_for(loop.sock_recv(self._socket, 1 << 20), timeout_s)
        except ConnectionResetError:
            return None
        self._rest += data
        offsets: list[int] = []
        while (frame := self._frame()) is not None:
            opcode, payload = frame
            if opcode == _CLOSE:  # not answered; the server would wait for that
                self.code = int.from_bytes(payload[:2], "big")
            elif opcode == _TEXT:
                self.texts.append(payload)
                if match := _OFFSET.match(payload):
                    offsets.append(int(match[1]))
        return offsets if data else None

    async def drain(self) -> tuple[list[int], int, dict[str, Any]]:
        """Read to the end: offsets, close code (1006 when cut), and the last frame."""
        offsets = await self.read()
        last: dict[str, Any] = orjson.loads(self.texts[-1])
        return offsets, self.code or 1006, last

    def _frame(self) -> tuple[int, bytes] | None:
        """One frame's opcode and payload, if it is there whole."""
        rest = self._rest
        if len(rest) < 2:
            return None
        length, start = rest[1], 2
        if length >= 126:
            start = 4 if length == 126 else 10
            if len(rest) < start:
                return None
            length = int.from_bytes(rest[2:start], "big")
        if len(rest) < start + length:
            return None
        self._rest = rest[start + length :]
        return rest[0] & 0x0F, rest[start : start + length]


def unread(server_port: int, client_port: int) -> int:
    """Bytes in the server's send queue for this client (Linux's table of connections)."""
    if not psutil.LINUX:
        return 1
    wanted = f":{server_port:04X}", f":{client_port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in table.readlines()[1:]:
            fields = line.split()
            if (fields[1][-5:], fields[2][-5:]) == wanted:
                return int(fields[4].split(":")[0], 16)
    return 0
