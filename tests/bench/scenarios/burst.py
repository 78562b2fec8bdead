"""Burst: everything at once to many live subscribers, beside the limit and the naive server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import ModuleType

from bench.fed_publisher import fed_publisher
from bench.feed import Feed
from bench.ground import Ground, measured
from bench.load.plan import Plan, Subscriber
from bench.report.result import (
    FAN_OUT_HEADER,
    Bars,
    Result,
    Sample,
    Variant,
    at_least,
    at_most,
    fan_out_row,
    no_breaks,
)
from bench.servers import server as servers
from bench.servers.peers import centrifugo, nats
from bench.servers.peers import found as found_on_path

PEERS = (nats, centrifugo)

FEW, MANY, MOST = 500, 2_000, 5_000


def live_plan(subscribers: int, events: int, deadline_s: int = 90) -> Plan:
    """Subscribers from 0 on, all connected before the first event."""
    each = Subscriber((0,), (events,))
    return Plan(0, b"", (each,) * subscribers, deadline_s=deadline_s)


def product(ground: Ground, subscribers: int, events: int) -> Callable[[], Awaitable[Sample]]:
    """A fresh topic and a fresh publisher."""

    async def run() -> Sample:
        async with fed_publisher(ground) as (feed, server):
            plan = live_plan(subscribers, events)
            return (await measured(server, plan, drive=lambda: feed.burst(events)))[0]

    return run


def limit(ground: Ground, subscribers: int, events: int) -> Callable[[], Awaitable[Sample]]:
    """The same bytes, raw."""

    async def run() -> Sample:
        async with servers.limit(ground.directory, events) as server:
            return (await measured(server, live_plan(subscribers, events)))[0]

    return run


def naive(ground: Ground, subscribers: int, events: int) -> Callable[[], Awaitable[Sample]]:
    """The yardstick."""

    async def run() -> Sample:
        topic = await ground.topic()
        async with (
            Feed(ground.bootstrap, topic) as feed,
            servers.naive(ground.bootstrap, topic, ground.directory) as server,
        ):
            plan = live_plan(subscribers, events, deadline_s=120)
            sample, _ = await measured(server, plan, drive=lambda: feed.burst(events))
        await ground.drop(topic)
        return sample

    return run


def peer(
    ground: Ground, adapter: ModuleType, subscribers: int, events: int
) -> Callable[[], Awaitable[Sample]]:
    """Another server that was found here."""

    async def run() -> Sample:
        async with adapter.serve(ground.directory, events) as other:
            each = Subscriber((0,), (events,), other.request)
            plan = Plan(0, b"", (each,) * subscribers, other.greeting, deadline_s=120)
            return (await measured(other.server, plan))[0]

    return run


async def run(ground: Ground) -> Result:
    """All of it, interleaved."""
    large, small, less = (ground.scaled(each, 10) for each in (20_000, 4_000, 1_000))
    fifth = small
    few, many, most = (
        f"publisher, {n:,} × {e:,}" for n, e in ((FEW, large), (MANY, small), (MOST, small))
    )
    raw, simple = f"limit, {FEW} × {large:,}", f"naive, {FEW} × {less:,}"
    found = await ground.interleaved(
        {
            few: product(ground, FEW, large),
            raw: limit(ground, FEW, large),
            many: product(ground, MANY, small),
            simple: naive(ground, FEW, less),
            most: product(ground, MOST, small),
        }
        | {
            f"{each.NAME}, {FEW} × {fifth:,}": peer(ground, each, FEW, fifth)
            for each in PEERS
            if found_on_path(each.PROGRAM)
        }
    )
    return _judged(found, found[few], found[raw], found[simple], found[most])


def _judged(
    found: dict[str, Variant], few: Variant, raw: Variant, simple: Variant, most: Variant
) -> Result:
    kib = (most.peak_mib - few.peak_mib) * 1024 / (MOST - FEW)
    targets = (
        at_most("CPU against the limit", few.cpu_s / raw.cpu_s, 1.2),
        at_least("CPU per delivery, naive against ours", simple.us_an_event / few.us_an_event, 30),
        at_most("CPU per delivery, 5,000 against 500", most.us_an_event / few.us_an_event, 1.3),
        at_most("peak RSS a subscriber, from 500 to 5,000", kib, 25, "KiB"),
        no_breaks(found.values()),
    )
    bars = tuple((name, variant.us_an_event) for name, variant in found.items())
    return Result(
        "burst",
        "Burst to live subscribers",
        FAN_OUT_HEADER,
        tuple(fan_out_row(variant) for variant in found.values()),
        targets,
        (Bars("Server CPU a delivery", "µs", bars),),
        tuple(
            f"{each.NAME}: not found on this machine (`{each.PROGRAM}` on the PATH)."
            for each in PEERS
            if not found_on_path(each.PROGRAM)
        ),
    )
