"""An HTTP client on a bare socket: reads only when told to; h11 is the judge of what it gets."""

from __future__ import annotations

import asyncio
import socket
import struct

import h11

TIMEOUT_S = 10.0


class HttpPeer:
    """See the module. A small receive buffer makes the server's side fill up soon."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.sock.setblocking(False)
        self._judge = h11.Connection(h11.CLIENT)
        self.received = b""
        self.body = b""
        self.response: h11.Response | None = None
        self.complete = False
        """The body has ended as HTTP says it should."""
        self.cut = False
        """The connection ended before it."""

    async def get(self, path: str = "/", *headers: tuple[str, str], version: str = "1.1") -> None:
        """Send a request; read nothing."""
        request = h11.Request(method="GET", target=path, headers=[("host", "localhost"), *headers])
        head = (self._judge.send(request) or b"").replace(b"HTTP/1.1", f"HTTP/{version}".encode())
        self._judge.send(h11.EndOfMessage())
        await asyncio.get_running_loop().sock_connect(self.sock, ("127.0.0.1", self._port))
        await self.send(head)

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        await asyncio.get_running_loop().sock_sendall(self.sock, data)

    async def read(self, chunk_bytes: int = 1 << 20) -> bool:
        """Read something; False at the end."""
        receiving = asyncio.get_running_loop().sock_recv(self.sock, chunk_bytes)
        try:
            data = await asyncio.wait_for(receiving, TIMEOUT_S)
        except ConnectionError:
            self.cut = not self.complete
            return False
        self.received += data
        try:
            self._judge.receive_data(data)
            while not self.complete:
                match self._judge.next_event():
                    case h11.Response() as response:
                        self.response = response
                    case h11.Data(data=part):
                        self.body += bytes(part)
                    case h11.EndOfMessage():
                        self.complete = True
                    case _:
                        break
        except h11.RemoteProtocolError:
            self.cut = True
        return bool(data)

    async def read_until(self, part: bytes) -> None:
        """Until the body has `part`."""
        while part not in self.body:
            assert await self.read(), f"ended before {part!r}: {self.received!r}"

    async def read_to_end(self) -> None:
        """Until the server ends the connection."""
        while await self.read():
            pass

    def header(self, name: str) -> str | None:
        """Of the answer."""
        assert self.response is not None
        found = [value for key, value in self.response.headers if key == name.encode()]
        return found[0].decode() if found else None

    def reset(self) -> None:
        """Cut the connection without a farewell."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def leave(self) -> None:
        """End the connection."""
        self.sock.close()
