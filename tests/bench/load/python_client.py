"""The load client where no C compiler is: same plan, same checks, same report as the C one.

``python -m bench.load.python_client``. Several times as expensive, so that with many subscribers it
is the client that is measured; the report of a benchmark says which one was used.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import sys
import time
from collections import Counter
from typing import Any, cast

import orjson

from bench.load.latency import bucket_of
from bench.load.plan import AT_START, Plan, Subscriber, parse_plan
from bench.load.sequence import Breaks, Event, Pattern, Sequence
from support.wire import CLOSE, PING, PONG, TEXT, masked

_AT_ONCE = 64


class Group:
    """What is summed over the subscribers of one group."""

    def __init__(self, sampled: bool) -> None:
        self.breaks = Breaks()
        self.sampled = sampled
        self.histogram: Counter[int] = Counter()
        self.bytes = self.failed = self.heartbeats = self.first_ns = self.last_ns = 0
        self.members: list[Connection] = []

    def fail(self, text: str) -> None:
        """A subscriber did not get to its end."""
        self.failed += 1
        self.breaks.tell(text)

    def report(self) -> dict[str, Any]:
        """As the C client prints it."""
        took = sorted(
            each.done_ns - each.joined_ns for each in self.members if not each.sequence.left
        )
        return {
            "subscribers": len(self.members),
            "complete": len(took),
            "events": sum(each.sequence.events for each in self.members),
            "bytes": self.bytes,
            "gaps": self.breaks.gaps,
            "repeats": self.breaks.repeats,
            "wrong": self.breaks.wrong,
            "missing": sum(each.sequence.missing for each in self.members),
            "failed": self.failed,
            "heartbeats": self.heartbeats,
            "first_ns": self.first_ns,
            "last_ns": self.last_ns,
            "took_p50_ns": took[len(took) // 2] if took else 0,
            "took_max_ns": took[-1] if took else 0,
            "histogram": {str(bucket): count for bucket, count in self.histogram.items()},
        }


class Connection(asyncio.Protocol):
    """One subscriber."""

    def __init__(self, client: Client, plan: Subscriber, group: Group) -> None:
        self._client = client
        self._group = group
        self._rest = b""
        self._upgraded = client.plan.greeting is not None
        self._stalled = False
        self.subscriber = plan
        self.sequence = Sequence(plan.start, plan.stop, plan.share, group.breaks)
        self.greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.joined_ns = self.done_ns = 0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self.transport.write(self.subscriber.request)

    def connection_lost(self, exc: Exception | None) -> None:
        """An end before everything came is a failure."""
        if not self.done_ns or self._client.plan.hold:
            self._group.fail(f"cut ({exc}) after {self.sequence.events} events")
        self._greet()
        self._finish(time.time_ns())

    def data_received(self, data: bytes) -> None:
        """Verify whole events, keep the rest."""
        now_ns = time.time_ns()
        self._group.bytes += len(data)
        data = self._rest + data if self._rest else data
        before = self.sequence.events
        at = self._upgrade(data)
        if self._upgraded:
            walk = self._frames if self._client.plan.greeting is None else self._scan
            at = walk(data, at, now_ns)
        self._rest = data[at:]
        if self.sequence.events > before:
            self._group.first_ns = self._group.first_ns or now_ns
            self._group.last_ns = now_ns
        if not self.sequence.left and self.greeted.done():
            self._finish(now_ns)
        stall = self.subscriber.stall
        if stall.ms and not self._stalled and self.sequence.events >= stall.after:
            self._stalled = True
            self.transport.pause_reading()
            loop = asyncio.get_running_loop()
            loop.call_later(stall.ms / 1000, self.transport.resume_reading)

    def _upgrade(self, data: bytes) -> int:
        if self._upgraded:
            return 0
        head, found, _ = data.partition(b"\r\n\r\n")
        if found and b" 101 " not in head:
            self._group.fail(f"handshake refused: {head[:60]!r}")
            self.transport.abort()
        self._upgraded = bool(found) and b" 101 " in head
        return len(head) + 4 if self._upgraded else 0

    def _frames(self, data: bytes, at: int, now_ns: int) -> int:
        end = len(data)
        while end - at >= 2:
            length, start = data[at + 1] & 127, at + 2
            if length == 126:
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if start > end or start + length > end:
                break
            payload = data[start : start + length]
            opcode = data[at] & 15
            if opcode == TEXT:
                self._text(payload, now_ns)
            elif opcode == PING:
                self.transport.write(masked(PONG, payload))
            elif opcode != CLOSE:
                self._group.breaks.wrong += 1
            at = start + length
        return at

    def _text(self, payload: bytes, now_ns: int) -> None:
        if payload.startswith(b'{"type":"event"'):
            self._judge(self._client.pattern.match(payload), payload, now_ns)
        elif payload.startswith(b'{"type":"heartbeat"'):
            self._group.heartbeats += 1
        elif payload.startswith(b'{"type":"error"'):
            self._group.fail(payload[:200].decode(errors="replace"))
        self._greet()

    def _scan(self, data: bytes, at: int, now_ns: int) -> int:
        if not self.greeted.done() and self._client.plan.greeting in data:  # type: ignore[operator]
            self._greet()
        beginning = self._client.pattern.beginning
        while True:
            found = data.find(beginning, at)
            if found < 0:
                return max(at, len(data) - len(beginning) + 1)
            taken = self._client.pattern.find(data, found)
            if taken is None and len(data) - found < 2 * self._client.longest:
                return found  # the rest of it is to come
            self._judge(taken and taken[0], data[found : found + 80], now_ns)
            at = taken[1] if taken else found + 1

    def _judge(self, event: Event | None, payload: bytes, now_ns: int) -> None:
        if event is None:
            self._group.breaks.wrong += 1
            self._group.breaks.tell(f"bytes differ: {payload[:80]!r}")
        elif self.sequence.take(event) and self._group.sampled and event.stamp_ns:
            self._group.histogram[bucket_of((now_ns - event.stamp_ns) // 1000)] += 1

    def _greet(self) -> None:
        if not self.greeted.done():
            self.greeted.set_result(None)

    def _finish(self, now_ns: int) -> None:
        if not self.done_ns:
            self.done_ns = now_ns
            self._client.finished()


class Client:
    """All subscribers of this process."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.pattern = Pattern(plan.template)
        self.longest = len(plan.template) + 64
        self._left = len(plan.subscribers)
        self._complete = asyncio.Event()
        self._gate = asyncio.Semaphore(_AT_ONCE)
        numbers = sorted({each.group for each in plan.subscribers})
        self._groups = {number: Group(number in plan.sampled) for number in numbers}

    async def run(self, commands: asyncio.StreamReader) -> None:
        """Connect, say so, wait for the end, report."""
        early = [each for each in self.plan.subscribers if each.join_ms == AT_START]
        late = [each for each in self.plan.subscribers if each.join_ms != AT_START]
        await asyncio.gather(*map(self._open, early))
        print("open", flush=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.plan.deadline_s):
                await _command(commands, b"go")
                joining = [asyncio.ensure_future(self._open_later(each)) for each in late]
                await (_command(commands, b"stop") if self.plan.hold else self._complete.wait())
                await asyncio.gather(*joining)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        groups = self._groups.values()
        report = {
            "cpu_s": usage.ru_utime + usage.ru_stime,
            "samples": [text for group in groups for text in group.breaks.samples][:6],
            "groups": {str(number): group.report() for number, group in self._groups.items()},
        }
        print(orjson.dumps(report).decode(), flush=True)

    def finished(self) -> None:
        """A subscriber has everything, or never will."""
        self._left -= 1
        if not self._left:
            self._complete.set()

    async def _open_later(self, subscriber: Subscriber) -> None:
        await asyncio.sleep(subscriber.join_ms / 1000)
        await self._open(subscriber)

    async def _open(self, subscriber: Subscriber) -> None:
        group = self._groups[subscriber.group]
        connection = Connection(self, subscriber, group)
        group.members.append(connection)
        raw = socket.socket()
        raw.setblocking(False)
        if subscriber.stall.ms:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        loop = asyncio.get_running_loop()
        async with self._gate:
            connection.joined_ns = time.time_ns()
            try:
                await loop.sock_connect(raw, ("127.0.0.1", self.plan.port))
                await loop.create_connection(lambda: connection, sock=raw)
                await connection.greeted
            except OSError as error:
                group.fail(f"connecting failed: {error}")
                self.finished()


async def _command(commands: asyncio.StreamReader, word: bytes) -> None:
    """Wait for it; whoever started us is gone when there is no more to read."""
    while (line := await commands.readline()) != word + b"\n":
        if not line:
            sys.exit(3)


async def _main() -> None:
    lines: list[str] = []
    for line in sys.stdin:
        if line == "end\n":
            break
        lines.append(line.removesuffix("\n"))
    commands = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    await Client(parse_plan(lines)).run(commands)


if __name__ == "__main__":
    import uvloop

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(_main())
