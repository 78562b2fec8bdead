"""What a fault is, and how one is run: each on fresh services and a topic of its own."""

from __future__ import annotations

import asyncio
import tempfile
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.row import Row
from chaos.scene import Scene
from chaos.stage import QUICK_BROKER, Kafka, Stage, single_kafka, stage_on
from local_kafka.cluster import Cluster
from support.services import ServiceProcess

Act = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """`act` does it under load; what it needs besides is said here."""

    name: str
    act: Act
    cluster: bool = False
    """On three brokers (RF 3, min ISR 2) instead of one."""
    stage: dict[str, Any] = field(default_factory=dict)
    """Arguments of `stage_on`."""
    scene: dict[str, Any] = field(default_factory=dict)
    """Arguments of `Scene`."""
    timeout_s: float = 240

    @property
    def says(self) -> str:
        """What it does, in a sentence."""
        return (self.act.__doc__ or "").strip().splitlines()[0]


FAULTS: dict[str, Fault] = {}


def fault(
    *,
    cluster: bool = False,
    scene: dict[str, Any] | None = None,
    timeout_s: float = 240,
    **stage: Any,
) -> Callable[[Act], Act]:
    """Register a fault under its function's name."""

    def register(act: Act) -> Act:
        name = act.__name__.replace("_", "-")
        FAULTS[name] = Fault(name, act, cluster, stage, scene or {}, timeout_s)
        return act

    return register


@asynccontextmanager
async def kafka_for(chosen: Fault, directory: Path) -> AsyncIterator[Kafka | Cluster]:
    """The brokers that it wants, running."""
    if not chosen.cluster:
        async with single_kafka(directory / "kafka") as kafka:
            yield kafka
        return
    cluster = Cluster(directory / "cluster", 3, properties=QUICK_BROKER)
    await asyncio.to_thread(cluster.start)
    try:
        yield cluster
    finally:
        await asyncio.to_thread(cluster.kill)


async def run_fault(chosen: Fault, seed: int = 0) -> Row:
    """Run it from nothing to its row. What breaks in between is a complaint of the row."""
    begun_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        directory = Path(name)
        try:
            async with (
                asyncio.timeout(chosen.timeout_s),
                kafka_for(chosen, directory) as kafka,
                stage_on(kafka, directory, **chosen.stage) as stage,
            ):
                return await _perform(chosen, stage, seed, begun_s)
        except Exception as error:  # noqa: BLE001 - a fault's failure is its row
            complaint = str(error)
            if not isinstance(error, AssertionError):
                complaint = traceback.format_exc(limit=-3)
            short = "\n".join(line[:240] for line in complaint.splitlines()[:40])
            return Row(chosen.name, took_s=time.monotonic() - begun_s, complaints=(short,))


async def _perform(chosen: Fault, stage: Stage, seed: int, begun_s: float) -> Row:
    scene = Scene(stage, seed=seed, **chosen.scene)
    try:
        await scene.begin()
        await chosen.act(scene)
        if not scene.healed_s:
            scene.healed()
        recovered_s = await scene.recover()
        await scene.more(2.0)
        return await scene.finish(chosen.name, recovered_s, time.monotonic() - begun_s)
    except AssertionError as error:
        said = "\n".join(_tail(each) for each in (stage.listener, *stage.publishers))
        raise AssertionError(f"{error}\n{said}") from error
    finally:
        await scene.close()


def _tail(service: ServiceProcess) -> str:
    lines = [line for line in service.logs().splitlines() if '"level":"info"' not in line]
    return f"-- {service.log_path.name}\n" + "\n".join(lines[-6:])
