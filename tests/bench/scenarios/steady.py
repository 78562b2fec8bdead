"""Steady: a hundred events a second to a thousand subscribers; how late each event comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bench.feed import Feed
from bench.ground import Ground, measured
from bench.load.client import Report
from bench.load.plan import Plan
from bench.report.result import (
    Bars,
    Result,
    Sample,
    Variant,
    at_most,
    no_breaks,
)
from bench.scenarios.burst import live_plan
from bench.servers import server as servers

RATE, SUBSCRIBERS, SECONDS, RUNS = 100, 1_000, 10, 5
PAUSE_NS = 500
"""Between two writes of the limit's other form: about what a write takes in Python alone."""
PAUSED = "limit, 0.5 µs between writes"
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
    """Product and limit in turns."""
    seconds = ground.scaled(SECONDS, 2)
    events = RATE * seconds

    async def product() -> Sample:
        topic = await ground.topic()
        async with (
            Feed(ground.bootstrap, topic) as feed,
            servers.publisher(ground.bootstrap, topic, ground.directory) as server,
        ):
            sample, (report,) = await measured(
                server, plan(events), drive=lambda: feed.paced(RATE, seconds)
            )
        await ground.drop(topic)
        return with_latency(sample, report)

    def limit(pause_ns: int) -> Callable[[], Awaitable[Sample]]:
        async def run() -> Sample:
            async with servers.limit(ground.directory, events, RATE, pause_ns) as server:
                sample, (report,) = await measured(server, plan(events))
                return with_latency(sample, report)

        return run

    runs = RUNS if ground.runs >= 3 else ground.runs
    found = await ground.interleaved(
        {"publisher": product, "limit": limit(0), PAUSED: limit(PAUSE_NS)}, runs
    )
    ours, raw = found["publisher"], found["limit"]
    targets = (
        at_most("CPU against the limit", ours.cpu_s / raw.cpu_s, 1.5),
        at_most("p50 against the limit", ours.figure("p50") / raw.figure("p50"), 1.5),
        at_most("p99 against the limit", ours.figure("p99") / raw.figure("p99"), 2.5),
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
            "A reader on the same machine that keeps up with the writer sleeps after each frame; "
            "to wake it costs the writer as much as the write. The limit alone is too quick for "
            "that, on most days; with half a microsecond of its own between two writes it pays as "
            "the publisher does.",
        ),
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
