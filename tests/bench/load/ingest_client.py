"""The producers' side of the ingest benchmark: ``python -m bench.load.ingest_client``.

Reads one JSON line (`Task`), connects and prepares every byte, prints ``open``, waits for ``go``,
and prints what came back. Every answer is verified: each event of a connection (`ref`) is acked
once, and the offsets of all acks are 0, 1, 2…, each once, since the topic was empty. Answers are
found with one regular expression a read, so that the client stays cheaper than the listener.
"""

from __future__ import annotations

import asyncio
import re
import resource
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

import orjson

from bench.load.events import event_template, made
from support.producer import BASIC
from support.wire import TEXT, masked

_ACK = re.compile(rb'"ref":(\d+),"id":"[^"]*","partition":0,"offset":(\d+)')
_CHUNK = 1 << 16
BATCH = 100

Mode = Literal["single", "array", "http"]


@dataclass(frozen=True, slots=True)
class Task:
    """What to send: `events` in all, over `connections`."""

    port: int
    mode: Mode
    events: int
    connections: int = 1


@dataclass(slots=True)
class Answers:
    """What came back, of all connections."""

    acked: int = 0
    refused: int = 0
    repeats: int = 0
    wrong: int = 0


class Ledger:
    """Marks what is acked; pure."""

    def __init__(self, events: int) -> None:
        self.answers = Answers()
        self._offsets = bytearray(events)

    def take(self, refs: bytearray, ref: int, offset: int) -> None:
        """An ack; `refs` are its connection's marks."""
        if ref >= len(refs) or offset >= len(self._offsets):
            self.answers.wrong += 1
        elif refs[ref] or self._offsets[offset]:
            self.answers.repeats += 1
        else:
            refs[ref] = self._offsets[offset] = 1
            self.answers.acked += 1


class Producer(asyncio.Protocol):
    """One connection: writes all it has as the socket takes it, or request by request (HTTP)."""

    def __init__(self, client: Client, messages: list[bytes], events: int) -> None:
        self._client = client
        self._messages = messages
        self._refs = bytearray(events)
        self._rest = b""
        self._at = self._base = 0
        self._go = asyncio.Event()
        self._go.set()
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Upgrade, or be ready for the first request."""
        self.transport = cast(asyncio.Transport, transport)
        if self._client.task.mode == "http":
            self.opened.set_result(None)
        else:
            self.transport.write(_upgrade(self._client.task.port))

    def connection_lost(self, exc: Exception | None) -> None:
        """What is not answered now never will be."""
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(f"refused: {exc}"))
        self._client.done.set()

    def pause_writing(self) -> None:
        """The socket is full."""
        self._go.clear()

    def resume_writing(self) -> None:
        """It is not."""
        self._go.set()

    async def send(self) -> None:
        """WebSocket: everything, in large writes."""
        for at in range(0, len(self._messages), 64):
            await self._go.wait()
            self.transport.write(b"".join(self._messages[at : at + 64]))

    def send_next(self) -> None:
        """HTTP: the next request, if there is one."""
        if self._at < len(self._messages):
            self._base = self._at * BATCH
            self.transport.write(self._messages[self._at])
            self._at += 1

    def data_received(self, data: bytes) -> None:
        """Find the answers in it."""
        data = self._rest + data
        if not self.opened.done():
            head, found, data = data.partition(b"\r\n\r\n")
            if not found or b" 101 " not in head:
                self.opened.set_exception(ConnectionError(head[:80].decode(errors="replace")))
                return
            self.opened.set_result(None)
        http = self._client.task.mode == "http"
        if http and not _is_whole(data):
            self._rest = data
            return
        end = 0
        for ack in _ACK.finditer(data):
            self._client.ledger.take(self._refs, self._base + int(ack[1]), int(ack[2]))
            end = ack.end()
        refused = data.count(b'"type":"nack"') + data.count(b'"problem":')
        if refused:
            self._client.ledger.answers.refused += refused
            print(data[:400], file=sys.stderr)
        self._rest = b"" if http else data[max(end, len(data) - 300) :]
        self._client.look()
        if http:
            self.send_next()


def _is_whole(data: bytes) -> bool:
    """Whether an HTTP answer with a Content-Length is complete."""
    head, found, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return bool(found) and length is not None and len(body) >= int(length[1])


def _upgrade(port: int) -> bytes:
    lines = (
        "GET /websocket HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket",
        "Connection: Upgrade", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version: 13", f"Authorization: {BASIC['Authorization']}",
    )  # fmt: skip
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _request(body: bytes) -> bytes:
    lines = (
        "POST /events HTTP/1.1", "Host: 127.0.0.1", f"Authorization: {BASIC['Authorization']}",
        "Content-Type: application/cloudevents-batch+json", f"Content-Length: {len(body)}",
    )  # fmt: skip
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def messages(task: Task, connection: int) -> list[bytes]:
    """All bytes of a connection, in messages."""
    make = made(event_template())
    share = task.events // task.connections
    first = connection * share
    events = [make(connection % 10, number, 1) for number in range(first, first + share)]
    if task.mode == "single":
        return [masked(TEXT, event) for event in events]
    batches = [b"[" + b",".join(events[at : at + BATCH]) + b"]" for at in range(0, share, BATCH)]
    return [_request(body) if task.mode == "http" else masked(TEXT, body) for body in batches]


class Client:
    """All connections of this process."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.ledger = Ledger(task.events)
        self.done = asyncio.Event()

    def look(self) -> None:
        """Whether everything is answered."""
        answers = self.ledger.answers
        if answers.acked + answers.refused >= self.task.events:
            self.done.set()

    async def run(self) -> dict[str, Any]:
        """Connect, wait for ``go``, send, wait for all answers."""
        loop = asyncio.get_running_loop()
        task = self.task
        producers = []
        for number in range(task.connections):
            producer = Producer(self, messages(task, number), task.events // task.connections)
            await loop.create_connection(lambda it=producer: it, "127.0.0.1", task.port)  # type: ignore[misc]
            await producer.opened
            producers.append(producer)
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        begun_s, begun = time.perf_counter(), _cpu_s()
        if task.mode == "http":
            for producer in producers:
                producer.send_next()
        else:
            await asyncio.gather(*[producer.send() for producer in producers])
        try:
            async with asyncio.timeout(90):
                await self.done.wait()
        except TimeoutError:
            print("not all were answered within 90 s", file=sys.stderr)
        seconds = time.perf_counter() - begun_s
        return {"seconds": seconds, "cpu_s": _cpu_s() - begun} | asdict(self.ledger.answers)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    import uvloop

    given = Task(**orjson.loads(sys.stdin.readline()))
    print(orjson.dumps(uvloop.run(Client(given).run())).decode(), flush=True)
