"""A TCP proxy that hurts: it delays, throttles, cuts (RST), half-closes and black-holes its links.

Runs on the loop of the test. Between a service and Kafka the broker must advertise the proxy's
address, else clients go round it (`chaos.stage` does so with a listener of its own per service).
Invariant: bytes are never changed, lost or reordered while a link lives; trouble is what was asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Self

_CHUNK_BYTES = 64 << 10
_IN_FLIGHT_CHUNKS = 64
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class Proxy:
    """One address in front of another. The properties may be changed at any time."""

    def __init__(self, target_port: int, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        self.target_port = target_port
        self.delay_s = 0.0
        """Added to every chunk, each way; throughput stays."""
        self.bytes_per_s: float | None = None
        """Of each link, each way."""
        self.links: set[Link] = set()
        self.accepted = 0
        self._server: asyncio.Server | None = None
        self._flows = asyncio.Event()
        self._flows.set()

    async def start(self) -> Self:
        """Listen; the port stays the same ever after."""
        self._server = await asyncio.start_server(
            self._accept, self.host, self.port, limit=_CHUNK_BYTES
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        """Stop listening and cut what is connected."""
        self.refuse()
        while self.links:
            self.cut()
            await asyncio.sleep(0.01)

    def refuse(self) -> None:
        """Accept nobody, as if the process were gone; existing links go on. `start` undoes it."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def cut(self, count: int | None = None) -> int:
        """Reset so many links (all): both ends see RST. Gives how many."""
        chosen = list(self.links)[:count]
        for link in chosen:
            link.cut()
        return len(chosen)

    def half_close(self) -> int:
        """Send FIN to the clients of all links; what they say still reaches the target."""
        return sum([link.half_close() for link in list(self.links)])

    def swallow(self) -> None:
        """A black hole: connections stand, new ones are made, and no byte gets through."""
        self._flows.clear()

    def heal(self) -> None:
        """No delay, no throttle, no black hole. What was held back goes on its way."""
        self.delay_s, self.bytes_per_s = 0.0, None
        self._flows.set()

    async def flowing(self) -> None:
        """Wait while bytes are swallowed."""
        await self._flows.wait()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        link = Link(self, writer)
        self.links.add(link)
        try:
            await link.run(reader)
        finally:
            self.links.discard(link)


class Link:
    """One connection through the proxy."""

    def __init__(self, proxy: Proxy, client: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._client = client
        self._target: asyncio.StreamWriter | None = None
        self._half_closed = False
        self._flows = asyncio.Event()
        self._flows.set()

    async def run(self, reader: asyncio.StreamReader) -> None:
        """Pump both ways until either end is gone."""
        try:
            await self._proxy.flowing()
            answers, self._target = await asyncio.open_connection(
                self._proxy.host, self._proxy.target_port, limit=_CHUNK_BYTES
            )
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump(reader, self._target))
                pumps.create_task(self._pump(answers, self._client))
        except* (OSError, asyncio.IncompleteReadError):
            self.cut()
        finally:
            for writer in (self._client, self._target):
                if writer is not None:
                    writer.close()

    def swallow(self) -> None:
        """A black hole for this link alone, until it is cut."""
        self._flows.clear()

    def cut(self) -> None:
        """RST to both ends."""
        self._flows.set()
        for writer in (self._client, self._target):
            if writer is not None:
                end: socket.socket | None = writer.get_extra_info("socket")
                with contextlib.suppress(OSError):
                    if end is not None:
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
                writer.transport.abort()

    def half_close(self) -> bool:
        """FIN to the client; False when it is closing anyway."""
        if self._client.is_closing():
            return False
        self._half_closed = True
        self._client.write_eof()
        return True

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Reading and writing apart: a delay must not cost throughput."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_IN_FLIGHT_CHUNKS)
        writing = asyncio.ensure_future(self._write(queue, writer))
        try:
            loop = asyncio.get_running_loop()
            while data := await reader.read(_CHUNK_BYTES):
                await self._flowing()
                await queue.put((loop.time() + self._proxy.delay_s, data))
                if rate := self._proxy.bytes_per_s:
                    await asyncio.sleep(len(data) / rate)
            await queue.put((0.0, b""))
            await writing
        finally:
            writing.cancel()

    async def _flowing(self) -> None:
        await self._flows.wait()
        await self._proxy.flowing()

    async def _write(
        self, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due_s, data = await queue.get()
            if not data:
                if writer.can_write_eof() and not writer.is_closing():
                    writer.write_eof()
                return
            if (wait_s := due_s - loop.time()) > 0:
                await asyncio.sleep(wait_s)
            await self._flowing()
            if self._half_closed and writer is self._client:
                continue  # nobody reads it; the other end is not to know
            try:
                if not writer.is_closing():
                    writer.write(data)
                    await writer.drain()
                    continue
            except OSError:
                pass
            self.cut()  # and go on taking from the queue, so that the reading side sees its end
