"""First figures, from the product itself: ``python -m bench.figures`` (make figures).

Ingest over one connection, fan-out of a burst, replay by one and by two hundred. Everything runs on
this machine, client included; compare server CPU per event and ratios, not seconds. Bounded, and
stops by itself.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from local_kafka.broker import Broker
from local_kafka.ports import free_ports
from local_kafka.topics import LOG_APPEND_TIME, create_topic
from support.producer import BASIC
from support.services import ListenerProcess, PublisherProcess, ServiceProcess
from support.wire import TEXT, connect, masked

SIZE_BYTES = 300


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement."""

    scenario: str
    events: int
    seconds: float
    cpu_s: float
    breaks: int
    rss_mib: float

    def line(self) -> str:
        """A row of the table."""
        return (
            f"| {self.scenario} | {self.events:,} | {self.events / self.seconds:,.0f} | "
            f"{self.cpu_s:.2f} | {self.cpu_s / self.events * 1e6:.2f} | {self.rss_mib:.0f} | "
            f"{self.breaks} |"
        )


HEADER = (
    "| scenario | events | events/s | server CPU s | µs an event | RSS MiB | breaks |\n"
    "|---|---|---|---|---|---|---|"
)


def event(number: int) -> bytes:
    """An event of about `SIZE_BYTES`."""
    known = orjson.dumps(
        {
            "specversion": "1.0", "id": f"bench-{number:08d}", "source": "/bench",
            "type": "message.posted", "time": "2026-01-01T00:00:00Z", "data": {"text": ""},
        }
    )  # fmt: skip
    return known[:-3] + b"x" * (SIZE_BYTES - len(known)) + known[-3:]


async def ingest(listener: ListenerProcess, events: int) -> Figure:
    """Single frames over one connection, all acked."""
    acked = nacked = 0
    done = asyncio.Event()

    def on_text(payload: bytes) -> None:
        nonlocal acked, nacked
        if payload.startswith(b'{"type":"ack"'):
            acked += 1
        else:
            nacked += 1
        if acked + nacked == events:
            done.set()

    connection = await connect(listener.websocket_url, on_text, headers=BASIC)
    frames = [masked(TEXT, event(number)) for number in range(events)]
    cpu_s, started_s = listener.cpu_s, time.perf_counter()
    for at in range(0, events, 200):
        connection.transport.write(b"".join(frames[at : at + 200]))
        await asyncio.sleep(0)
        while connection.transport.get_write_buffer_size() > 1 << 20:
            await asyncio.sleep(0.001)
    async with asyncio.timeout(60):
        await done.wait()
    seconds = time.perf_counter() - started_s
    connection.close()
    return _figure(
        "ingest, one connection, single frames", listener, events, seconds, cpu_s, nacked
    )


async def produce(bootstrap: str, topic: str, events: int) -> None:
    """Straight to Kafka."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5, max_batch_size=1 << 18)
    await producer.start()
    try:
        futures = [await producer.send(topic, event(number)) for number in range(events)]
        await asyncio.gather(*futures)
    finally:
        await producer.stop()


async def fan_out(
    publisher: PublisherProcess, bootstrap: str, topic: str, subscribers: int, events: int
) -> Figure:
    """A burst to live subscribers, from two client processes."""
    clients = _clients(publisher, "/websocket", subscribers, events)
    for client in clients:
        assert await asyncio.to_thread(client.stdout.readline) == b"open\n"  # type: ignore[union-attr]
    cpu_s, started_s = publisher.cpu_s, time.perf_counter()
    await produce(bootstrap, topic, events)
    reports = [await asyncio.to_thread(_report, client) for client in clients]
    seconds = time.perf_counter() - started_s
    name = f"fan-out, {subscribers} × {events:,}"
    breaks = sum(report["breaks"] for report in reports)
    return _figure(name, publisher, subscribers * events, seconds, cpu_s, breaks)


async def replay(publisher: PublisherProcess, subscribers: int, events: int) -> Figure:
    """Everybody from the beginning."""
    cpu_s = publisher.cpu_s
    clients = _clients(publisher, f"/websocket?since=0&until={events}", subscribers, events)
    reports = [await asyncio.to_thread(_report, client) for client in clients]
    seconds = max(report["ended_s"] for report in reports) - min(
        report["started_s"] for report in reports
    )
    name = f"replay, {subscribers} × {events:,}"
    breaks = sum(report["breaks"] for report in reports)
    return _figure(name, publisher, subscribers * events, seconds, cpu_s, breaks)


def _clients(
    publisher: PublisherProcess, target: str, subscribers: int, events: int
) -> list[subprocess.Popen[bytes]]:
    shares = [subscribers] if subscribers == 1 else [subscribers // 2, subscribers // 2]
    return [
        subprocess.Popen(
            [
                *[sys.executable, "-m", "bench.counting_client", "127.0.0.1"],
                *[str(publisher.port), target, str(share), str(events)],
            ],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
        )
        for share in shares
    ]


def _report(client: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert client.stdout is not None
    lines = client.stdout.read().splitlines()
    client.stdout.close()
    client.wait(10)
    report: dict[str, Any] = orjson.loads(lines[-1])
    return report


def _figure(
    name: str, service: ServiceProcess, events: int, seconds: float, cpu_s: float, breaks: int
) -> Figure:
    rss_mib = service.process.memory_info().rss / (1 << 20)
    return Figure(name, events, seconds, service.cpu_s - cpu_s, breaks, rss_mib)


async def main() -> None:
    """All scenarios once."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        port, controller_port = free_ports(2)
        with Broker(directory / "kafka", port, controller_port) as broker:
            print(HEADER, flush=True)
            for topic in ("ingest", "burst", "history"):
                await create_topic(broker.bootstrap, topic, 1, LOG_APPEND_TIME)
            with ListenerProcess(broker.bootstrap, "ingest", directory).launch() as listener:
                await asyncio.to_thread(listener.wait_until_ready)
                for _ in range(3):
                    print((await ingest(listener, 200_000)).line(), flush=True)
            burst = PublisherProcess(broker.bootstrap, "burst", directory, heartbeat_s=60)
            with burst.launch() as one:
                await asyncio.to_thread(one.wait_until_ready)
                for _ in range(3):
                    figure = await fan_out(one, broker.bootstrap, "burst", 500, 20_000)
                    print(figure.line(), flush=True)
            await produce(broker.bootstrap, "history", 500_000)
            history = PublisherProcess(broker.bootstrap, "history", directory, "h", heartbeat_s=60)
            with history.launch() as one:
                await asyncio.to_thread(one.wait_until_ready)
                for _ in range(3):
                    print((await replay(one, 1, 500_000)).line(), flush=True)
                print((await replay(one, 200, 50_000)).line(), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
