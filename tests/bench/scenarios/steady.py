"""Steady: a hundred events a second to a thousand subscribers; how late each event comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bench.fed_publisher import fed_publisher
from bench.ground import Ground, measured
from bench.load.client import Report
from bench.load.plan import Plan
from bench.report.result import (
    Bars,
    Result,
    Sample,
    Target,
    Variant,
    at_most,
    no_breaks,
)
from bench.scenarios.burst import live_plan
from bench.servers import server as servers

RATE, SUBSCRIBERS, SECONDS, RUNS = 100, 1_000, 10, 5
IN_TURN = "publisher, PUBLISHER_IO_URING=off"
ALONE = "limit, nothing beside it"
HEADER = (
    "variant", "deliveries", "server CPU s (least–most)", "kernel", "p50 ms (least–most)",
    "p99 ms (least–most)", "breaks",
)  # fmt: skip


def plan(events: int) -> Plan:
    """All subscribers, latencies kept."""
    return replace(live_plan(SUBSCRIBERS, events), sampled=frozenset({0}))


def with_latency(sample: Sample, report: Report) -> Sample:
    """Group 0's quantiles among the figures."""
    group = report.groups[0]
    latencies = {f"p{share}": group.latency_ms(share / 100) for share in (50, 99)}
    return replace(sample, figures=sample.figures | latencies)


async def run(ground: Ground) -> Result:
    """Product and limit in turns. What else goes on is the same for both: the limit has a producer,
    Kafka and an instance without subscribers beside it.
    """
    seconds = ground.scaled(SECONDS, 2)
    events = RATE * seconds

    def product(**settings: object) -> Callable[[], Awaitable[Sample]]:
        async def run() -> Sample:
            async with fed_publisher(ground, settings) as (feed, server):
                sample, (report,) = await measured(
                    server, plan(events), drive=lambda: feed.paced(RATE, seconds)
                )
            return with_latency(sample, report)

        return run

    async def alone() -> Sample:
        async with servers.limit(ground.directory, events, RATE) as server:
            sample, (report,) = await measured(server, plan(events))
            return with_latency(sample, report)

    async def limit() -> Sample:
        async with fed_publisher(ground) as (feed, _), asyncio.TaskGroup() as beside:
            beside.create_task(feed.paced(RATE, seconds))
            return await alone()

    runs = RUNS if ground.runs >= 3 else ground.runs
    variants = {
        "publisher": product(),
        "limit": limit,
        IN_TURN: product(io_uring="off"),
        ALONE: alone,
    }
    found = await ground.interleaved(variants, runs)
    ours, raw, quiet = found["publisher"], found["limit"], found[ALONE]
    targets = (
        *_targets("the limit", ours, raw),
        *_targets("it with nothing beside it", ours, quiet),
        no_breaks(found.values()),
    )
    return Result(
        "steady",
        f"Steady: {RATE} events/s × {SUBSCRIBERS:,} subscribers, {seconds} s",
        HEADER,
        tuple(row(variant) for variant in found.values()),
        targets,
        tuple(
            Bars(f"Latency, {name}", "ms", tuple((n, v.figure(name)) for n, v in found.items()))
            for name in ("p50", "p99")
        ),
        (
            "The limit's latency is one thread's turn through the sockets and the client's "
            "reading; the publisher's begins at the producer and holds Kafka's way as well.",
            "The limit is measured as the publisher is: the same events are produced to Kafka and "
            "consumed beside it, on the same two processors and through the same loopback. With "
            "nothing beside it it is what it was measured as before.",
            "A reader on the same machine that keeps up with the writer sleeps after each frame, "
            "and to wake it costs the writer as much as the write. Whether it does depends on a "
            "few tenths of a microsecond a frame, and so the limit's figures come in two kinds.",
        ),
    )


def _targets(whom: str, ours: Variant, raw: Variant) -> tuple[Target, ...]:
    return (
        at_most(f"CPU against {whom}", ours.cpu_s / raw.cpu_s, 1.5),
        at_most(f"p50 against {whom}", ours.figure("p50") / raw.figure("p50"), 1.5),
        at_most(f"p99 against {whom}", ours.figure("p99") / raw.figure("p99"), 2.5),
    )


def row(variant: Variant) -> tuple[str, ...]:
    """A row below `HEADER`."""

    def span(name: str) -> str:
        least, most = variant.spread(lambda sample: sample.figures[name])
        return f"{variant.figure(name):.2f} ({least:.2f}–{most:.2f})"

    least, most = variant.spread(lambda sample: sample.usage.cpu_s)
    kernel = variant.median(lambda sample: sample.usage.system_s / sample.usage.cpu_s)
    return (
        variant.name,
        f"{variant.median(lambda sample: sample.events):,.0f}",
        f"{variant.cpu_s:.2f} ({least:.2f}–{most:.2f})",
        f"{kernel:.0%}",
        span("p50"),
        span("p99"),
        str(variant.breaks),
    )
