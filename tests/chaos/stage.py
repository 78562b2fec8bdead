"""Where a fault happens: a broker (or three), proxies, a topic, a listener, publishers.

The single broker has a listener of its own for each service, advertised at a proxy's port, so that
the link of one service can be hurt alone; the harness itself speaks to the broker directly.
Invariant: every process started here is ended here, by its own handle.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local_kafka.broker import Broker
from local_kafka.cluster import Cluster
from local_kafka.ports import free_ports
from local_kafka.topics import LOG_APPEND_TIME, create_topic
from support.proxy import Proxy
from support.services import ListenerProcess, PublisherProcess, wait_for

QUICK_BROKER = {
    "log.cleaner.backoff.ms": "100",
    "log.retention.check.interval.ms": "300",
    "log.initial.task.delay.ms": "300",
    "group.min.session.timeout.ms": "1000",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
}


@dataclass(slots=True)
class Kafka:
    """A single broker behind two proxies."""

    broker: Broker
    to_listener: Proxy
    to_publishers: Proxy


@dataclass(slots=True)
class Stage:
    """A running system. `nodes` are the brokers; one, or three."""

    bootstrap: str
    topic: str
    nodes: tuple[Broker, ...]
    listener: ListenerProcess
    publishers: list[PublisherProcess]
    doors: list[Proxy]
    """Before each publisher, for subscribers whose links shall be hurt."""
    to_listener: Proxy | None = None
    """Between Kafka and the listener."""
    to_publishers: Proxy | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def broker(self) -> Broker:
        """The only broker."""
        (broker,) = self.nodes
        return broker

    @property
    def urls(self) -> list[str]:
        """The publishers' WebSocket endpoints."""
        return [each.websocket_url for each in self.publishers]

    @property
    def door_urls(self) -> list[str]:
        """The same, through the proxies."""
        return [f"ws://127.0.0.1:{door.port}/websocket" for door in self.doors]

    async def generation(self) -> str:
        """The topic's, as the first publisher that answers tells it."""
        for publisher in self.publishers:
            status, _ = await asyncio.to_thread(publisher.get, "/healthz")
            if status:
                return str((await asyncio.to_thread(publisher.status))["generation"])
        raise AssertionError("no publisher answers")

    async def all_ready(self, timeout_s: float = 30) -> None:
        """Until all services are."""
        for service in (self.listener, *self.publishers):
            await asyncio.to_thread(service.wait_until_ready, timeout_s)


@asynccontextmanager
async def single_kafka(directory: Path) -> AsyncIterator[Kafka]:
    """One broker with a listener for each service, advertised at its proxy."""
    port, controller, inner_l, inner_p = free_ports(4)
    to_listener, to_publishers = await Proxy(inner_l).start(), await Proxy(inner_p).start()
    local = "127.0.0.1"
    properties = {
        **QUICK_BROKER,
        "listeners": f"PLAINTEXT://{local}:{port},CONTROLLER://{local}:{controller},"
        f"FORLISTENER://{local}:{inner_l},FORPUBLISHERS://{local}:{inner_p}",
        "advertised.listeners": f"PLAINTEXT://{local}:{port},"
        f"FORLISTENER://{local}:{to_listener.port},FORPUBLISHERS://{local}:{to_publishers.port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
        "FORLISTENER:PLAINTEXT,FORPUBLISHERS:PLAINTEXT",
    }
    broker = Broker(directory, port, controller, properties=properties)
    await asyncio.to_thread(broker.start)
    try:
        yield Kafka(broker, to_listener, to_publishers)
    finally:
        await asyncio.to_thread(broker.kill)
        await to_listener.close()
        await to_publishers.close()


@asynccontextmanager
async def stage_on(
    kafka: Kafka | Cluster,
    directory: Path,
    *,
    partitions: int = 3,
    publishers: int = 1,
    config: dict[str, str] | None = None,
    listener: dict[str, object] | None = None,
    publisher: dict[str, object] | None = None,
) -> AsyncIterator[Stage]:
    """A topic of its own and fresh services on it, ready."""
    bootstrap = kafka.bootstrap if isinstance(kafka, Cluster) else kafka.broker.bootstrap
    topic = f"chaos-{uuid.uuid4().hex[:8]}"
    await create_topic(bootstrap, topic, partitions, {**LOG_APPEND_TIME, **(config or {})})
    for_listener = for_publishers = bootstrap
    if isinstance(kafka, Kafka):
        for_listener = f"127.0.0.1:{kafka.to_listener.port}"
        for_publishers = f"127.0.0.1:{kafka.to_publishers.port}"
    short = {"queue_timeout_s": 4, "delivery_timeout_s": 8, "request_timeout_s": 3}
    ingest = ListenerProcess(for_listener, topic, directory, **{**short, **(listener or {})})
    serving = [
        publisher_on(for_publishers, topic, directory, f"p{number}", **(publisher or {}))
        for number in range(1, publishers + 1)
    ]
    async with AsyncExitStack() as stack:
        doors = [await Proxy(each.port).start() for each in serving]
        for door in doors:
            stack.push_async_callback(door.close)
        for service in (ingest, *serving):
            stack.push_async_callback(asyncio.to_thread, service.close)
            service.launch()
        stage = Stage(
            bootstrap,
            topic,
            kafka.nodes if isinstance(kafka, Cluster) else (kafka.broker,),
            ingest,
            serving,
            doors,
        )
        if isinstance(kafka, Kafka):
            stage.to_listener, stage.to_publishers = kafka.to_listener, kafka.to_publishers
        await stage.all_ready()
        yield stage


def publisher_on(
    bootstrap: str, topic: str, directory: Path, name: str, **settings: object
) -> PublisherProcess:
    """An instance with small buffers, so that slow subscribers are slow soon."""
    small = {
        "socket_high_bytes": 32 << 10,
        "socket_low_bytes": 8 << 10,
        "session_ms": 3000,
        "kafka_timeout_s": 2,
        "bounds_s": 0.3,
        "prefill": 1000,
        "tail_bytes": 1 << 20,
        "cache_bytes": 2 << 20,
        "stuck_s": 5,
        "retry_after_ms": 300,
    }
    return PublisherProcess(bootstrap, topic, directory, name, **{**small, **settings})


async def eventually(holds: object, what: str, timeout_s: float = 30) -> None:
    """Wait until `holds()`, with the loop free meanwhile."""
    assert callable(holds)
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + timeout_s
    while not holds():
        assert loop.time() < deadline_s, f"not within {timeout_s:g} s: {what}"
        await asyncio.sleep(0.03)


__all__ = ["Kafka", "Stage", "eventually", "publisher_on", "single_kafka", "stage_on", "wait_for"]
