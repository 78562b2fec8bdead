"""Soak: a minute of live events and of subscribers that come and go; memory must stay flat."""

from __future__ import annotations

import asyncio
import random

from bench.feed import Feed
from bench.ground import Ground, measured
from bench.load.plan import Plan, Subscriber, websocket_request
from bench.report.result import Bars, Result, Target, at_most
from bench.servers import server as servers
from bench.servers.usage import rss_mib

RATE, LIVE, JOINERS, SECONDS, HISTORY = 1_000, 100, 300, 60, 20_000
SETTINGS = {"tail_bytes": 4 << 20, "cache_bytes": 8 << 20}
"""Full early, so that what grows later is not the buffers' filling."""


def _plans(seconds: int, seed: int) -> tuple[Plan, Plan]:
    stop = HISTORY + RATE * seconds
    chance = random.Random(seed)

    def joiner() -> Subscriber:
        join_ms = chance.randrange(int(seconds * 900))
        at = chance.randrange(HISTORY)
        end = at + chance.randrange(1, HISTORY)
        end = min(end, HISTORY)
        request = websocket_request(f"/websocket?since={at}&until={end}")
        return Subscriber((at,), (end,), request, 1, join_ms)

    live = Plan(0, b"", (Subscriber((HISTORY,), (stop,)),) * LIVE, deadline_s=seconds + 40)
    joiners = tuple(joiner() for _ in range(JOINERS))
    return live, Plan(0, b"", joiners, deadline_s=seconds + 40)


async def run(ground: Ground) -> Result:
    """One run: time is what it needs."""
    seconds = ground.scaled(SECONDS, 9)
    topic = await ground.topic()
    memory: list[float] = []
    async with Feed(ground.bootstrap, topic) as feed:
        await feed.burst(HISTORY)
        async with servers.publisher(ground.bootstrap, topic, ground.directory, SETTINGS) as server:

            async def watch() -> None:
                while True:
                    memory.append(rss_mib(server.pid))
                    await asyncio.sleep(0.5)

            watching = asyncio.ensure_future(watch())
            try:
                sample, _ = await measured(
                    server, *_plans(seconds, 5), drive=lambda: feed.paced(RATE, seconds)
                )
            finally:
                watching.cancel()
    await ground.drop(topic)
    third = len(memory) // 3
    parts = [max(memory[:third]), max(memory[third : 2 * third]), max(memory[2 * third :])]
    growth = parts[2] / parts[1]
    row = (
        str(seconds), f"{sample.events:,}", f"{sample.usage.cpu_s:.2f}",
        " ".join(f"{each:.0f}" for each in parts), f"{growth:.3f}", str(sample.breaks),
    )  # fmt: skip
    return Result(
        "soak",
        f"Soak: {RATE:,} events/s × {LIVE} live, {JOINERS} bounded replays come and go",
        ("seconds", "deliveries", "server CPU s", "most RSS MiB by thirds", "growth", "breaks"),
        (row,),
        (
            at_most("most RSS of the last third against the second", growth, 1.1),
            Target("breaks: 0", str(sample.breaks), sample.breaks == 0),
        ),
        (
            Bars(
                "RSS by thirds", "MiB", tuple(zip(("first", "second", "last"), parts, strict=True))
            ),
        ),
    )
