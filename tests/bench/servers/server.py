"""A server that is measured: where it listens, which process it is, what it sends for an event."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.load.compiled import compiled
from bench.load.events import event_template, frame_template, made
from bench.servers.usage import forget_peak
from local_kafka.ports import free_ports
from support.services import PublisherProcess, ServiceProcess

_HERE = Path(__file__).parent
_TESTS = _HERE.parents[1]


@dataclass(frozen=True, slots=True)
class Server:
    """A running one. `begin` makes it send, where it is not Kafka that does."""

    pid: int
    port: int
    template: bytes
    begin: Callable[[], Awaitable[None]] | None = None
    publisher: PublisherProcess | None = None


class NaiveProcess(ServiceProcess):
    """``python -m bench.servers.naive``."""

    def __init__(self, bootstrap: str, topic: str, log_dir: Path) -> None:
        port = free_ports(1)[0]
        self.module = "bench.servers.naive"
        self.environment = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "KAFKA_TOPIC": topic,
            "NAIVE_PORT": str(port),
            "PYTHONPATH": str(_TESTS),
        }
        self.port = port
        self.log_path = log_dir / "naive.log"
        self.open_files = None
        self._process = None


@asynccontextmanager
async def publisher(
    bootstrap: str,
    topic: str,
    directory: Path,
    settings: Mapping[str, object] | None = None,
    event: bytes | None = None,
) -> AsyncIterator[Server]:
    """The product, with its own defaults; `settings` are ends of PUBLISHER_ variables."""
    plain: dict[str, object] = {"heartbeat_s": 15, "drain_s": 0}
    process = PublisherProcess(
        bootstrap, topic, directory, "bench", **(plain | dict(settings or {}))
    )
    with process.launch():
        await asyncio.to_thread(process.wait_until_ready, 60)
        template = frame_template(event or event_template())
        forget_peak(process.process.pid)
        yield Server(process.process.pid, process.port, template, publisher=process)


@asynccontextmanager
async def naive(bootstrap: str, topic: str, directory: Path) -> AsyncIterator[Server]:
    """The yardstick."""
    process = NaiveProcess(bootstrap, topic, directory)
    with process.launch():
        await asyncio.to_thread(process.wait_until_ready, 30)
        yield Server(process.process.pid, process.port, frame_template(event_template()))
        process.kill()  # its consumers would be stopped one by one


@asynccontextmanager
async def limit(directory: Path, events: int, rate: int = 0) -> AsyncIterator[Server]:
    """The raw writer of the same `events` frames; `rate` a second, or as fast as sockets take."""
    event = event_template()
    template = frame_template(event)
    path = directory / "frames"
    path.write_bytes(websocket_frames(template, events))
    stamp_from_end = len(template) - template.index(b"%T") - 2 + 19
    program = compiled(_HERE / "limit.c")
    command = [str(program)] if program else [sys.executable, str(_HERE / "limit_python.py")]
    process = await asyncio.create_subprocess_exec(
        *command, str(path), str(rate), str(stamp_from_end),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    stdin = process.stdin

    async def begin() -> None:
        stdin.write(b"go\n")
        await stdin.drain()

    try:
        port = int(await process.stdout.readline())
        yield Server(process.pid, port, template, begin)
    finally:
        process.kill()
        await process.wait()


def websocket_frames(template: bytes, events: int) -> bytes:
    """The frames of events 0, 1, 2… as a publisher would send them."""
    make = made(template)
    payloads = [make(0, number, 0) for number in range(events)]
    return b"".join(b"\x81\x7e" + len(each).to_bytes(2, "big") + each for each in payloads)
