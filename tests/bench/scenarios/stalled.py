"""Stalled: one subscriber in ten stops reading for ten seconds; nobody else must notice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bench.fed_publisher import fed_publisher
from bench.ground import Ground, measured
from bench.load.plan import Plan, Stall, Subscriber
from bench.report.result import (
    FAN_OUT_HEADER,
    Bars,
    Result,
    Sample,
    Variant,
    at_most,
    fan_out_row,
    no_breaks,
)

OTHERS, STALLED, RATE, STALL_S = 450, 50, 12_000, 10
SETTINGS = {"tail_bytes": 8 << 20, "cache_bytes": 16 << 20}
"""Less than the burst, so that who has stalled is served from Kafka's log again."""


def _plan(events: int, stall: Stall) -> Plan:
    others = (Subscriber((0,), (events,)),) * OTHERS
    stalled = (Subscriber((0,), (events,), group=1, stall=stall),) * STALLED
    return Plan(0, b"", others + stalled, deadline_s=90)


def _product(ground: Ground, events: int, stall: Stall) -> Callable[[], Awaitable[Sample]]:
    async def run() -> Sample:
        async with fed_publisher(ground, SETTINGS) as (feed, server):
            sample, (report,) = await measured(
                server, _plan(events, stall), drive=lambda: feed.paced(RATE, events / RATE)
            )
        others = report.groups[0]
        took_s = (others.last_ns - others.first_ns) / 1e9
        return replace(sample, figures={"others_s": took_s})

    return run


async def run(ground: Ground) -> Result:
    """With and without, in turns."""
    events = ground.scaled(100_000, 20_000)
    calm, stalled = "all read", f"{STALLED} of {OTHERS + STALLED} stop for {STALL_S} s"
    found = await ground.interleaved(
        {
            calm: _product(ground, events, Stall()),
            stalled: _product(ground, events, Stall(500, STALL_S * 1000)),
        }
    )
    one, other = found[stalled], found[calm]
    targets = (
        at_most("server CPU against a run without stalls", one.cpu_s / other.cpu_s, 1.2),
        at_most(
            "the others' time against it", one.figure("others_s") / other.figure("others_s"), 1.2
        ),
        at_most("peak RSS against it", one.peak_mib / other.peak_mib, 1.5),
        no_breaks(found.values()),
    )
    return Result(
        "stalled",
        f"Stalled: {events:,} events at {RATE:,}/s to {OTHERS + STALLED}",
        (*FAN_OUT_HEADER, "the others' seconds"),
        tuple(_row(variant) for variant in found.values()),
        targets,
        (Bars("Server CPU", "s", tuple((n, v.cpu_s) for n, v in found.items())),),
    )


def _row(variant: Variant) -> tuple[str, ...]:
    return (*fan_out_row(variant), f"{variant.figure('others_s'):.2f}")
