"""The load client of the benchmarks: many subscribers on raw sockets, every offset checked.

Runs as a process of its own: ``python -m bench.counting_client URL SUBSCRIBERS PARAMETERS EVENTS``.
Prints ``open`` when all are connected and have got their ``hello``, then a JSON line when each has
got EVENTS events: wall-clock times, events, bytes, and breaks in the sequence of offsets (0 or the
figures mean nothing).
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from typing import cast

import orjson

from support.wire import PING, PONG, masked

_OFFSET = re.compile(rb'"type":"event","partition":\d+,"offset":(\d+),')
_TEXT = 0x81


class CountingSubscriber(asyncio.Protocol):
    """One connection; knows only what it must."""

    def __init__(self, client: CountingClient) -> None:
        self._client = client
        self._rest = b""
        self._open = False
        self._greeted = False
        self._next: int | None = None
        self.events = 0
        self.bytes = 0
        self.breaks = 0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the handshake."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self.transport.write(self._client.request)

    def data_received(self, data: bytes) -> None:
        """Count whole frames."""
        self.bytes += len(data)
        data = self._rest + data if self._rest else data
        if not self._open:
            _, found, data = data.partition(b"\r\n\r\n")
            self._open = bool(found)
        at, end = 0, len(data)
        while end - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = (data[at + 2] << 8) | data[at + 3] if end - at >= 4 else end, at + 4
            elif length == 127:
                length, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if start + length > end:
                break
            if data[at] == _TEXT:
                self._text(data, start)
            elif data[at] & 0x0F == PING:
                self.transport.write(masked(PONG, data[start : start + length]))
            at = start + length
        self._rest = data[at:]

    def _text(self, data: bytes, start: int) -> None:
        match = _OFFSET.match(data, start + 1)
        if match is None:
            if not self._greeted:
                self._greeted = True
                self._client.greeted()
            return
        offset = int(match[1])
        if self._next is not None and offset != self._next:
            self.breaks += 1
        self._next = offset + 1
        self.events += 1
        if self.events == self._client.events:
            self._client.complete()


class CountingClient:
    """All subscribers of this process."""

    def __init__(self, host: str, port: int, target: str, events: int) -> None:
        key = "AAAAAAAAAAAAAAAAAAAAAA=="
        self.request = (
            f"GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
        self.events = events
        self._where = (host, port)
        self._greeted = self._complete = 0
        self._all_greeted = asyncio.Event()
        self._all_complete = asyncio.Event()
        self.subscribers: list[CountingSubscriber] = []
        self.first_s = 0.0

    async def run(self, count: int) -> None:
        """Connect `count` subscribers, wait until each has its events, report."""
        loop = asyncio.get_running_loop()
        started_s = time.time()
        for _ in range(count):
            _, subscriber = await loop.create_connection(
                lambda: CountingSubscriber(self), *self._where
            )
            self.subscribers.append(subscriber)
        await self._all_greeted.wait()
        sys.stdout.write("open\n")
        sys.stdout.flush()
        await self._all_complete.wait()
        report = {
            "started_s": started_s,
            "ended_s": time.time(),
            "events": sum(each.events for each in self.subscribers),
            "bytes": sum(each.bytes for each in self.subscribers),
            "breaks": sum(each.breaks for each in self.subscribers),
        }
        sys.stdout.write(orjson.dumps(report).decode() + "\n")
        sys.stdout.flush()

    def greeted(self) -> None:
        """A subscriber got its ``hello``."""
        self._greeted += 1
        if self._greeted == len(self.subscribers):
            self._all_greeted.set()

    def complete(self) -> None:
        """A subscriber got its events."""
        self._complete += 1
        if self._complete == len(self.subscribers):
            self._all_complete.set()


def main() -> None:
    """Arguments: host port target subscribers events."""
    host, port, target, count, events = sys.argv[1:]
    import uvloop

    async def run() -> None:
        await CountingClient(host, int(port), target, int(events)).run(int(count))

    uvloop.run(run())


if __name__ == "__main__":
    main()
