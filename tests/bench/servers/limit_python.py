"""The limit where no C compiler is: see limit.c, which it imitates, arguments and all."""

from __future__ import annotations

import selectors
import socket
import sys
import time
from pathlib import Path

_CHUNK = 1 << 18
_UPGRADE = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b'Sec-WebSocket-Accept: x\r\n\r\n\x81\x10{"type":"hello"}'
)


def _accept(listener: socket.socket) -> socket.socket:
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(4096)
    connection.sendall(_UPGRADE)
    return connection


def _burst(connections: list[socket.socket], frames: bytes) -> None:
    written = dict.fromkeys(connections, 0)
    view = memoryview(frames)
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_WRITE, connection)
        while selector.get_map():
            for key, _ in selector.select():
                connection = key.data
                at = written[connection]
                written[connection] = at + connection.send(view[at : at + _CHUNK])
                if written[connection] == len(frames):
                    selector.unregister(connection)


def _frame_bytes(frames: bytes, at: int) -> int:
    length = frames[at + 1]
    if length < 126:
        return 2 + length
    head = 4 if length == 126 else 10
    return head + int.from_bytes(frames[at + 2 : at + head], "big")


def _steady(
    connections: list[socket.socket], frames: bytes, rate: int, stamp_from_end: int
) -> None:
    due_s, at = time.monotonic(), 0
    while at < len(frames):
        time.sleep(max(0.0, due_s - time.monotonic()))
        end = at + _frame_bytes(frames, at)
        stamp = end - stamp_from_end
        frame = frames[at:stamp] + b"%019d" % time.time_ns() + frames[stamp + 19 : end]
        for connection in connections:
            connection.sendall(frame)
        due_s, at = due_s + 1 / rate, end


def main() -> None:
    """Arguments: FRAMES RATE STAMP_FROM_END."""
    path, rate, stamp_from_end = sys.argv[1:]
    frames = Path(path).read_bytes()
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        print(listener.getsockname()[1], flush=True)
        connections: list[socket.socket] = []
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(sys.stdin, selectors.EVENT_READ)
            while all(key.fileobj is listener for key, _ in selector.select()):
                connections.append(_accept(listener))
        if sys.stdin.readline():
            if int(rate):
                _steady(connections, frames, int(rate), int(stamp_from_end))
            else:
                _burst(connections, frames)
            sys.stdin.read()


if __name__ == "__main__":
    main()
