"""Replay: one subscriber and two hundred, from the beginning and from anywhere."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from math import ceil

from bench.feed import Feed
from bench.ground import Ground, measured
from bench.load.plan import Plan, Subscriber, websocket_request
from bench.report.result import (
    FAN_OUT_HEADER,
    Bars,
    Result,
    Sample,
    Target,
    Variant,
    at_least,
    at_most,
    fan_out_row,
    no_breaks,
)
from bench.servers import server as servers

BLOCK = 1024
"""Offsets of a page (publisher.domain.cache); those of 300 bytes fill it."""
MANY, PARTITIONS = 200, 4
SMALL_CACHE = {"cache_bytes": 16 << 20, "tail_bytes": 1 << 20}


def replay_plan(subscribers: int, events: int, query: str, join_ms: int = 0) -> Plan:
    """All from 0; they connect when the clock runs, `join_ms` later."""
    request = websocket_request(f"/websocket?{query}")
    each = Subscriber((0,), (events,), request, join_ms=join_ms)
    return Plan(0, b"", (each,) * subscribers, deadline_s=120)


def anywhere_plan(subscribers: int, events: int, seed: int) -> Plan:
    """Each from a place of its own in every partition."""
    chance = random.Random(seed)

    def one() -> Subscriber:
        start = tuple(chance.randrange(events) for _ in range(PARTITIONS))
        cursor = ",".join(f"{partition}:{at}" for partition, at in enumerate(start))
        request = websocket_request(f"/websocket?since={cursor}")
        return Subscriber(start, (events,) * PARTITIONS, request, join_ms=0)

    return Plan(0, b"", tuple(one() for _ in range(subscribers)), deadline_s=180)


def product(
    ground: Ground, topic: str, plan: Plan, settings: Mapping[str, object] | None = None
) -> Callable[[], Awaitable[Sample]]:
    """A fresh publisher: its cache is cold."""

    async def run() -> Sample:
        async with servers.publisher(ground.bootstrap, topic, ground.directory, settings) as server:
            sample, (report,) = await measured(server, plan)
            took_s = report.groups[0].took_max_ns / 1e9
            assert server.publisher is not None
            loads = server.publisher.metric("page_loads_total")
            return replace(sample, seconds=took_s, figures=sample.figures | {"loads": loads})

    return run


def naive(ground: Ground, topic: str, plan: Plan) -> Callable[[], Awaitable[Sample]]:
    """A Kafka consumer per client."""

    async def run() -> Sample:
        async with servers.naive(ground.bootstrap, topic, ground.directory) as server:
            sample, (report,) = await measured(server, plan)
            return replace(sample, seconds=report.groups[0].took_max_ns / 1e9, figures={"loads": 0})

    return run


async def run(ground: Ground) -> Result:
    """All of it, interleaved."""
    whole, part, fifth = (ground.scaled(n, 100) for n in (500_000, 50_000, 100_000))
    few = ground.scaled(10_000, 100)
    spread = ground.scaled(60_000, 100)
    history, wide = await ground.topic(), await ground.topic(PARTITIONS)
    async with Feed(ground.bootstrap, history) as feed:
        await feed.burst(whole)
    async with Feed(ground.bootstrap, wide, PARTITIONS) as feed:
        await feed.burst(spread)
    names = (
        f"publisher, 1 × {whole:,}",
        f"naive, 1 × {fifth:,}",
        f"publisher, {MANY} × {part:,}",
        f"naive, 20 × {few:,}",
        f"publisher, {MANY} from anywhere in {PARTITIONS} × {spread:,}, 16 MiB cache",
    )
    one, simple_one, many, simple, anywhere = names
    found = await ground.interleaved(
        {
            one: product(ground, history, replay_plan(1, whole, f"since=0&until={whole}")),
            simple_one: naive(ground, history, replay_plan(1, fifth, "since=0")),
            many: product(ground, history, replay_plan(MANY, part, f"since=0&until={part}")),
            simple: naive(ground, history, replay_plan(20, few, "since=0")),
            anywhere: product(ground, wide, anywhere_plan(MANY, spread, 7), SMALL_CACHE),
        }
    )
    pages = (ceil(part / BLOCK), PARTITIONS * ceil(spread / BLOCK))
    for topic in (history, wide):
        await ground.drop(topic)
    return Result(
        "replay",
        "Replay",
        (*FAN_OUT_HEADER, "page loads"),
        tuple((*fan_out_row(v), f"{v.figure('loads'):.0f}") for v in found.values()),
        (*_targets([found[name] for name in names], pages), no_breaks(found.values())),
        (
            Bars("Events a second", "", tuple((n, v.per_s) for n, v in found.items())),
            Bars("Server CPU an event", "µs", tuple((n, v.us_an_event) for n, v in found.items())),
        ),
        ("Events/s are from the first connection until the last subscriber has everything.",),
    )


def _targets(variants: list[Variant], pages: tuple[int, int]) -> tuple[Target, ...]:
    one, simple_one, many, simple, anywhere = variants
    return (
        at_least("one subscriber", one.per_s, max(200_000, 3 * simple_one.per_s), "events/s"),
        at_least(
            "events per CPU second, 200 against naive", simple.us_an_event / many.us_an_event, 30
        ),
        at_most("page loads of 200 over the same", many.figure("loads"), pages[0], "loads"),
        at_most(
            f"page loads from anywhere, of {pages[1]} pages",
            anywhere.figure("loads"),
            3 * pages[1],
            "loads",
        ),
    )
