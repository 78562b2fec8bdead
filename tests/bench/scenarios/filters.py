"""Filters: fifty distinct ones over five hundred subscribers, beside no filter.

At equal numbers of deliveries and of bytes, in two ways. *Burst*: each filter takes half of fifty
types, other ones each, so that fifty different blocks are made and written where there was one, of
twice the events. *Paced*: each filter takes two of fifty types; beside it few subscribers without a
filter get as many events at the same rate, in as many deliveries, so that consuming, which costs
most at one event a poll, is in both. What is judged of bursts is CPU a write (by the
publisher's own count), of paced ones CPU, since who gets every event gets more of them in a write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bench.fed_publisher import fed_publisher
from bench.ground import Ground, measured
from bench.load.events import KINDS, event_template
from bench.load.plan import Plan, Subscriber, websocket_request
from bench.load.sequence import Share
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

SUBSCRIBERS, RATE, SECONDS = 500, 50, 10
HALF, NARROW = KINDS // 2, 2
FEW = SUBSCRIBERS * NARROW // KINDS
"""So many without a filter get as many deliveries of as many events."""
_EVENT = event_template(b"bench.t%K")


def filtered(index: int, width: int, events: int) -> Subscriber:
    """Filter number `index`: `width` types from that one on."""
    types = ",".join(f"bench.t{(index + n) % KINDS:02d}" for n in range(width))
    request = websocket_request(f"/websocket?type={types}")
    return Subscriber((0,), (events,), request, share=Share(KINDS, index, width))


def _product(
    ground: Ground, subscribers: tuple[Subscriber, ...], events: int, rate: int = 0
) -> Callable[[], Awaitable[Sample]]:
    async def run() -> Sample:
        async with fed_publisher(ground, event=_EVENT) as (feed, server):
            plan = Plan(0, b"", subscribers)
            sample, _ = await measured(
                server,
                plan,
                drive=lambda: feed.paced(rate, events / rate) if rate else feed.burst(events),
            )
            assert server.publisher is not None
            writes = await asyncio.to_thread(server.publisher.metric, "writes_total")
        return replace(sample, figures={"writes": writes})

    return run


async def run(ground: Ground) -> Result:
    """Each pair in turns."""
    burst = ground.scaled(10_000, 500) // KINDS * KINDS
    paced = ground.scaled(RATE * SECONDS, 100)
    doubled, many = burst * KINDS // HALF, paced * KINDS // NARROW

    def all_filters(width: int, events: int) -> tuple[Subscriber, ...]:
        return tuple(filtered(n % KINDS, width, events) for n in range(SUBSCRIBERS))

    found = await ground.interleaved(
        {
            "burst, no filter": _product(ground, _unfiltered(burst), burst),
            "burst, 50 filters of 25 types": _product(ground, all_filters(HALF, doubled), doubled),
            "paced, no filter": _product(ground, _unfiltered(paced), paced, RATE),
            f"paced, no filter, {FEW} subscribers": _product(
                ground, _unfiltered(many, FEW), many, RATE * KINDS // NARROW
            ),
            "paced, 50 filters of 2 types": _product(
                ground, all_filters(NARROW, many), many, RATE * KINDS // NARROW
            ),
        }
    )
    plain, half, _, few, narrow = found.values()
    targets = (
        at_most(
            "burst: CPU a write against unfiltered", _us_a_write(half) / _us_a_write(plain), 1.5
        ),
        at_most(
            "paced: CPU against unfiltered, as many events and deliveries",
            narrow.us_an_event / few.us_an_event,
            1.5,
        ),
        no_breaks(found.values()),
    )
    return Result(
        "filters",
        f"Filters over {SUBSCRIBERS} subscribers",
        (*FAN_OUT_HEADER, "writes", "µs a write"),
        tuple(_row(variant) for variant in found.values()),
        targets,
        (Bars("Server CPU a delivery", "µs", tuple((n, v.us_an_event) for n, v in found.items())),),
        (
            f"Paced: {RATE}/s to {SUBSCRIBERS} unfiltered, {RATE * KINDS // NARROW:,}/s filtered "
            f"and to {FEW} unfiltered, which is as many deliveries. The first consumes a "
            f"{KINDS // NARROW}th of the events, and is no measure of what filters cost.",
        ),
    )


def _us_a_write(variant: Variant) -> float:
    return variant.median(lambda sample: sample.usage.cpu_s / sample.figures["writes"] * 1e6)


def _row(variant: Variant) -> tuple[str, ...]:
    own = (f"{variant.figure('writes'):,.0f}", f"{_us_a_write(variant):.1f}")
    return (*fan_out_row(variant), *own)


def _unfiltered(events: int, subscribers: int = SUBSCRIBERS) -> tuple[Subscriber, ...]:
    return (Subscriber((0,), (events,)),) * subscribers
