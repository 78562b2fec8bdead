"""Storm: two hundred join anywhere in the log while live events go on; how late live ones get."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bench.feed import Feed
from bench.ground import Ground, measured
from bench.load.plan import Plan, Subscriber, websocket_request
from bench.report.result import Bars, Result, Sample, Target, at_most, no_breaks
from bench.scenarios.steady import HEADER, with_latency
from bench.scenarios.steady import row as latency_row
from bench.servers import server as servers

RATE, LIVE, JOINERS, JOIN_S, SECONDS = 2_000, 100, 200, 5, 8
SETTINGS = {"tail_bytes": 8 << 20}
"""So that joiners read pages too, and not the tail alone."""


def _live(history: int, stop: int) -> Plan:
    each = Subscriber((history,), (stop,))
    return Plan(0, b"", (each,) * LIVE, sampled=frozenset({0}), deadline_s=60)


def _joiners(history: int, stop: int, seed: int) -> Plan:
    chance = random.Random(seed)

    def one() -> Subscriber:
        at = chance.randrange(history)
        request = websocket_request(f"/websocket?since={at}")
        return Subscriber((at,), (stop,), request, 1, chance.randrange(JOIN_S * 1000))

    return Plan(0, b"", tuple(one() for _ in range(JOINERS)), deadline_s=60)


def _product(ground: Ground, history: int, joiners: bool) -> Callable[[], Awaitable[Sample]]:
    seconds = max(SECONDS * ground.scale, JOIN_S + 2)
    stop = history + int(RATE * seconds)

    async def run() -> Sample:
        topic = await ground.topic()
        async with Feed(ground.bootstrap, topic) as feed:
            await feed.burst(history)
            async with servers.publisher(
                ground.bootstrap, topic, ground.directory, SETTINGS
            ) as server:
                plans = [_live(history, stop)]
                plans += [_joiners(history, stop, 11)] if joiners else []
                sample, reports = await measured(
                    server, *plans, drive=lambda: feed.paced(RATE, seconds)
                )
        await ground.drop(topic)
        sample = with_latency(sample, reports[0])
        replayed = reports[1].groups[1].events if joiners else 0
        return replace(sample, figures=sample.figures | {"replayed": replayed})

    return run


async def run(ground: Ground) -> Result:
    """With and without the storm, in turns."""
    history = ground.scaled(100_000, 1000)
    calm, storm = "live alone", f"live while {JOINERS} join"
    found = await ground.interleaved(
        {calm: _product(ground, history, False), storm: _product(ground, history, True)}
    )
    ratio = found[storm].figure("p99") / found[calm].figure("p99")
    targets: tuple[Target, ...] = (
        at_most("live p99 in the storm, against without", ratio, 4),
        no_breaks(found.values()),
    )
    return Result(
        "storm",
        f"Storm: {JOINERS} join anywhere in {history:,}; {RATE:,} events/s × {LIVE} live",
        (*HEADER, "to joiners"),
        tuple((*latency_row(v), f"{v.figure('replayed'):,.0f}") for v in found.values()),
        targets,
        (Bars("Live latency, p99", "ms", tuple((n, v.figure("p99")) for n, v in found.items())),),
        ("Joiners are a load client process of their own; latencies are those of the live ones.",),
    )
