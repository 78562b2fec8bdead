"""A subscriber over HTTP that reads only when told to; h11 takes the answer apart."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import h11

from support.http_stream import NDJSON
from support.slow import unread

_OFFSET = re.compile(rb'\{"type":"event","partition":\d+,"offset":(\d+),')


class SlowHttpReader:
    """See the module. Its kernel buffer is small."""

    def __init__(self, connection: socket.socket, port: int, judge: h11.Connection) -> None:
        self.socket = connection
        self._port = port
        self._judge = judge
        self.body = b""
        self.complete = False
        """The body ended as HTTP says; otherwise it was cut."""

    @classmethod
    @asynccontextmanager
    async def open(cls, port: int, query: str = "", accept: str = NDJSON) -> AsyncIterator[Self]:
        """Connect, ask, and read nothing more than that an answer begins."""
        loop = asyncio.get_running_loop()
        judge = h11.Connection(h11.CLIENT)
        headers = [("host", "localhost"), ("accept", accept)]
        request = judge.send(h11.Request(method="GET", target=f"/events?{query}", headers=headers))
        judge.send(h11.EndOfMessage())
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
            connection.setblocking(False)
            await loop.sock_connect(connection, ("127.0.0.1", port))
            await loop.sock_sendall(connection, request or b"")
            first = await asyncio.wait_for(loop.sock_recv(connection, 1), 10)
            judge.receive_data(first)
            yield cls(connection, port, judge)

    def is_full(self) -> bool:
        """Whether bytes wait that nobody takes: the kernel holds as much as it will."""
        return unread(self._port, self.socket.getsockname()[1]) > 0

    @property
    def offsets(self) -> list[int]:
        """Of the events so far."""
        return [int(each) for each in _OFFSET.findall(self.body)]

    async def read_some(self, *, timeout_s: float = 10.0) -> bool:
        """Read what comes next; False when the connection is over."""
        loop = asyncio.get_running_loop()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)  # slow no more
        try:
            data = await asyncio.wait_for(loop.sock_recv(self.socket, 1 << 20), timeout_s)
            self._judge.receive_data(data)
            while True:
                event = self._judge.next_event()
                if isinstance(event, h11.Data):
                    self.body += bytes(event.data)
                elif not isinstance(event, h11.Response):
                    break
        except (ConnectionResetError, h11.RemoteProtocolError):
            return False
        self.complete = isinstance(event, h11.EndOfMessage)
        return bool(data) and not self.complete

    async def read_until(self, part: bytes) -> None:
        """Until the body has `part`."""
        while part not in self.body[-(1 << 20) :]:
            assert await self.read_some(), f"ended after {self.offsets[-1:]}"

    async def drain(self) -> None:
        """Read to the end."""
        while await self.read_some():
            pass
