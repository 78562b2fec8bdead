"""What every scenario stands on: one Kafka, fresh topics, a way to measure a server under load."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.load.client import LoadClient, Report
from bench.load.plan import Plan
from bench.report.result import Sample, Variant
from bench.servers.server import Server
from bench.servers.usage import Usage, peak_rss_mib, usage
from local_kafka.topics import LOG_APPEND_TIME, create_topic, delete_topic


@dataclass(frozen=True, slots=True)
class Ground:
    """See the module."""

    bootstrap: str
    directory: Path
    runs: int = 3
    scale: float = 1.0
    """Of numbers of events, so that a part can be tried quickly."""

    def scaled(self, number: int, least: int = 1) -> int:
        """`number` times the scale."""
        return max(least, int(number * self.scale))

    async def topic(self, partitions: int = 1) -> str:
        """A new one."""
        name = f"bench-{uuid.uuid4().hex[:8]}"
        await create_topic(self.bootstrap, name, partitions, LOG_APPEND_TIME)
        return name

    async def drop(self, topic: str) -> None:
        """Delete one: a long run must not fill the disk."""
        await delete_topic(self.bootstrap, topic)

    async def interleaved(
        self, variants: dict[str, Callable[[], Awaitable[Sample]]], runs: int | None = None
    ) -> dict[str, Variant]:
        """Run them in turns, so that what drifts on this machine drifts for all."""
        found = {name: Variant(name) for name in variants}
        for run in range(runs or self.runs):
            for name, measure in variants.items():
                sample = await measure()
                found[name].samples.append(sample)
                print(
                    f"  run {run + 1}, {name}: {sample.events:,} in {sample.seconds:.2f} s, "
                    f"server CPU {sample.usage.cpu_s:.2f} s, client CPU {sample.client_cpu_s:.2f} s"
                    + (f", {sample.breaks} BREAKS" if sample.breaks else ""),
                    flush=True,
                )
        return found


async def measured(
    server: Server, *plans: Plan, drive: Callable[[], Awaitable[None]] | None = None
) -> tuple[Sample, list[Report]]:
    """The server's usage from the moment that all are connected until all have everything.

    A load client process per plan. Who joins later (``join_ms`` from 0 on) is measured from its
    connecting on.
    """
    at = [replace(plan, port=server.port, template=server.template) for plan in plans]
    clients = await asyncio.gather(*[LoadClient.open(plan) for plan in at])
    before = usage(server.pid)
    reporting = asyncio.gather(*[_report(client) for client in clients])
    try:
        if server.begin is not None:
            await server.begin()
        elif drive is not None:
            await drive()
        reports = await reporting
    finally:
        reporting.cancel()
        for client in clients:
            await client.close()
    used = usage(server.pid).since(before)
    for text in [text for report in reports for text in report.samples]:
        print(f"    ! {text}", flush=True)
    return sample_of(reports, used, peak_rss_mib(server.pid)), reports


async def _report(client: LoadClient) -> Report:
    await client.go()
    return await client.report()


def sample_of(reports: Sequence[Report], used: Usage, peak_mib: float) -> Sample:
    """What the clients report together, beside what the server used."""
    heard = [g for report in reports for g in report.groups.values() if g.first_ns]
    seconds = 0.0
    if heard:
        seconds = (max(g.last_ns for g in heard) - min(g.first_ns for g in heard)) / 1e9
    return Sample(
        sum(report.events for report in reports),
        seconds,
        used,
        sum(report.breaks for report in reports),
        peak_mib,
        sum(report.cpu_s for report in reports),
    )
