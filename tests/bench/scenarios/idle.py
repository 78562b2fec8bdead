"""Idle: five thousand subscribers who only get heartbeats and pings."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bench.ground import Ground
from bench.load.client import LoadClient
from bench.load.plan import Plan, Subscriber
from bench.report.result import Result, Target, at_most
from bench.servers import server as servers
from bench.servers.usage import rss_mib, usage

SUBSCRIBERS, WINDOW_S, WINDOWS, HEARTBEAT_S = 5_000, 20, 3, 15


async def run(ground: Ground) -> Result:
    """One process; consecutive windows, so that heartbeats and pings fall in as they do."""
    topic = await ground.topic()
    windows: list[float] = []
    async with servers.publisher(ground.bootstrap, topic, ground.directory) as server:
        empty_mib = rss_mib(server.pid)
        plan = Plan(0, b"", (Subscriber((0,), (0,)),) * SUBSCRIBERS, hold=True, deadline_s=180)
        client = await LoadClient.open(replace(plan, port=server.port, template=server.template))
        await client.go()
        for _ in range(WINDOWS):
            before = usage(server.pid)
            await asyncio.sleep(WINDOW_S)
            windows.append(usage(server.pid).since(before).cpu_s / WINDOW_S)
        full_mib = rss_mib(server.pid)
        report = await client.stop()
    await ground.drop(topic)
    group = report.groups[0]
    due = SUBSCRIBERS * (WINDOW_S * WINDOWS // HEARTBEAT_S - 1)
    share = 100 * sum(windows) / len(windows)
    kib = (full_mib - empty_mib) * 1024 / SUBSCRIBERS
    row = (
        f"{SUBSCRIBERS:,}", " ".join(f"{100 * each:.2f}" for each in windows), f"{share:.2f}",
        f"{group.heartbeats:,}", f"{empty_mib:.0f} → {full_mib:.0f}", f"{kib:.1f}",
        str(report.breaks),
    )  # fmt: skip
    return Result(
        "idle",
        "Idle subscribers",
        (
            "subscribers", f"% of a core, windows of {WINDOW_S} s", "mean %", "heartbeats",
            "RSS MiB", "KiB a subscriber", "cut",
        ),
        (row,),
        (
            at_most("of a core", share, 2, "%"),
            Target(f"heartbeats ≥ {due:,}", f"{group.heartbeats:,}", group.heartbeats >= due),
            Target("cut: 0", str(report.breaks), report.breaks == 0),
        ),
    )  # fmt: skip
