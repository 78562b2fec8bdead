"""A WebSocket client on a bare socket: reads only when told to, sends whatever bytes it is told to.

What the server wrote is taken apart by the `websockets` library, which so is the judge of it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Generator

from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Close, Frame, Opcode
from websockets.streams import StreamReader

TIMEOUT_S = 10.0


def masked(opcode: Opcode, payload: bytes = b"") -> bytes:
    """A client's frame."""
    return Frame(opcode, payload).serialize(mask=True)


CLOSE = masked(Opcode.CLOSE, struct.pack("!H", 1000))


class Peer:
    """See the module. A small receive buffer makes the server's side fill up soon."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._sock = socket.socket()
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self._sock.setblocking(False)
        self.received = bytearray()
        """All bytes so far; after `connect` those that followed the handshake's head."""
        self.head = b""
        self._frames = FrameReader()
        self._pause_s = 0.0
        self._chunk_bytes = 1 << 20

    def slow_down(self, *, pause_s: float, chunk_bytes: int) -> None:
        """Read little, and wait before it."""
        self._pause_s, self._chunk_bytes = pause_s, chunk_bytes

    async def connect(self, path: str = "/", *more: str) -> None:
        """Ask for the upgrade and read the answer's head."""
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self._sock, ("127.0.0.1", self._port))
        lines = [
            f"GET {path} HTTP/1.1",
            "Host: localhost",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            *more,
        ]
        await self.send("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self.received:
            assert await self.read(), "no answer to the handshake"
        head, _, rest = bytes(self.received).partition(b"\r\n\r\n")
        self.head, self.received = head, bytearray(rest)
        self._frames = FrameReader(inflate=b"permessage-deflate" in head)

    @property
    def status(self) -> int:
        """Of the answer to the handshake."""
        return int(self.head.split()[1])

    async def send(self, data: bytes) -> None:
        """Send bytes as they are, in one call."""
        await asyncio.get_running_loop().sock_sendall(self._sock, data)

    async def read(self) -> bool:
        """Read something; False at the end of the stream, or of the connection."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._pause_s)
        try:
            receiving = loop.sock_recv(self._sock, self._chunk_bytes)
            data = await asyncio.wait_for(receiving, TIMEOUT_S)
        except ConnectionError:
            return False
        self.received += data
        return bool(data)

    async def read_frames(self, opcode: Opcode, count: int) -> list[Frame]:
        """Read until there are so many frames of that kind; gives all frames."""
        while len([f for f in self.frames() if f.opcode is opcode]) < count:
            assert await self.read(), f"ended before {count} frames {opcode.name}"
        return self.frames()

    async def read_to_end(self) -> None:
        """Read until the server ends the stream."""
        while await self.read():
            pass

    def frames(self) -> list[Frame]:
        """The whole frames in what was received."""
        return self._frames.frames_in(self.received)

    @property
    def texts(self) -> list[bytes]:
        """The payloads of the text frames."""
        return [bytes(f.data) for f in self.frames() if f.opcode is Opcode.TEXT]

    @property
    def close_code(self) -> int | None:
        """Of the server's close frame; it must be the last thing that it sent."""
        kinds = [frame.opcode for frame in self.frames()]
        if Opcode.CLOSE not in kinds:
            return None
        assert kinds.index(Opcode.CLOSE) == len(kinds) - 1, f"something after the close: {kinds}"
        return int(Close.parse(bytes(self.frames()[-1].data)).code)

    def reset(self) -> None:
        """Cut the connection without a farewell."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()

    def send_no_more(self) -> None:
        """End this side of the connection alone."""
        self._sock.shutdown(socket.SHUT_WR)

    def leave(self) -> None:
        """End the connection."""
        self._sock.close()


class FrameReader:
    """What the library makes of bytes that grow; an unfinished last frame is left out.

    With `inflate` it reads compressed messages too, and keeps no window between them.
    """

    def __init__(self, *, inflate: bool = False) -> None:
        self._extensions = [PerMessageDeflate(True, True, 15, 15)] if inflate else []
        self._reader = StreamReader()
        self._parser: Generator[None, None, Frame] | None = None
        self._taken_bytes = 0
        self._frames: list[Frame] = []

    def frames_in(self, data: bytearray) -> list[Frame]:
        """All frames; `data` begins with what it was the last time."""
        self._reader.feed_data(data[self._taken_bytes :])
        self._taken_bytes = len(data)
        while True:
            self._parser = self._parser or self._parse()
            try:
                next(self._parser)
            except StopIteration as parsed:
                self._frames.append(parsed.value)
                self._parser = None
            else:
                return self._frames

    def _parse(self) -> Generator[None, None, Frame]:
        return Frame.parse(self._reader.read_exact, mask=False, extensions=self._extensions)
