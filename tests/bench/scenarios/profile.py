"""Profiles: where the servers' CPU goes. Runs of their own: watching costs what is watched."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from bench.fed_publisher import fed_publisher
from bench.feed import Feed
from bench.ground import Ground, measured
from bench.load.plan import Plan, Subscriber
from bench.report.profile import SHOWN, Profile, profiled, tools
from bench.report.result import Result, Sample
from bench.scenarios.burst import FEW, live_plan
from bench.scenarios.idle import SUBSCRIBERS as IDLE
from bench.scenarios.replay import replay_plan
from bench.scenarios.steady import RATE, plan
from bench.servers import server as servers
from bench.servers.server import Server

_Run = Callable[[str | None], Awaitable[tuple[Sample, Profile | None]]]


async def run(ground: Ground) -> Result:
    """Each once per tool, and once with neither for the split of user and kernel time."""
    rows: list[tuple[str, ...]] = []
    whole = ground.scaled(20_000, 1000)
    works: dict[str, _Run] = {
        f"burst, {FEW} × {whole:,}": _burst(ground, whole),
        "steady": _steady(ground, ground.scaled(10, 3)),
        "replay, one subscriber": _replay(ground, ground.scaled(500_000, 10_000)),
        f"idle, {IDLE:,}": _idle(ground, ground.scaled(20, 5)),
    }
    for name, work in works.items():
        sample, _ = await work(None)
        kernel = sample.usage.system_s / sample.usage.cpu_s if sample.usage.cpu_s else 0.0
        rows.append((name, "/proc", f"{kernel:.0%}", "kernel"))
        for tool in tools():
            _, profile = await work(tool)
            assert profile is not None
            print(f"  {name}, {tool}", flush=True)
            rows += _rows(name, profile)
    return Result(
        "profile",
        "Where the publisher's CPU goes",
        ("work", "told by", "share", "where"),
        tuple(rows),
        (),
        (),
        (
            "perf samples CPU time; py-spy samples Python stacks while they run, and time in a C "
            "call counts for the Python function that made it.",
            *(() if tools() else ("Neither perf nor py-spy is on this machine.",)),
        ),
    )


def _rows(name: str, profile: Profile) -> list[tuple[str, ...]]:
    places: list[tuple[str, ...]] = [
        (name, profile.tool, f"{profile.share(place, profile.places):.0%}", f"`{place}`")
        for place, _ in profile.places.most_common(SHOWN)
    ]
    if profile.tool == "py-spy":
        return places
    modules = ", ".join(
        f"{module} {profile.share(module, profile.modules):.0%}"
        for module, _ in profile.modules.most_common(6)
    )
    return [(name, profile.tool, "100%", f"by module: {modules}"), *places]


async def _watched(
    ground: Ground,
    server: Server,
    tool: str | None,
    plan: Plan,
    drive: Callable[[], Awaitable[None]],
) -> tuple[Sample, Profile | None]:
    """Measure; the tool is attached when all are connected, and looks at what `drive` causes."""
    profile: Profile | None = None

    async with AsyncExitStack() as stack:

        async def watch_and_drive() -> None:
            nonlocal profile
            if tool is not None:
                profile = await stack.enter_async_context(
                    profiled(server.pid, tool, ground.directory)
                )
            await drive()

        sample, _ = await measured(server, plan, drive=watch_and_drive)
    return sample, profile


def _burst(ground: Ground, events: int) -> _Run:
    async def work(tool: str | None) -> tuple[Sample, Profile | None]:
        async with fed_publisher(ground) as (feed, server):
            subscribers = live_plan(FEW, events)
            return await _watched(ground, server, tool, subscribers, lambda: feed.burst(events))

    return work


def _steady(ground: Ground, seconds: int) -> _Run:
    async def work(tool: str | None) -> tuple[Sample, Profile | None]:
        async with fed_publisher(ground) as (feed, server):
            subscribers = plan(RATE * seconds)
            return await _watched(
                ground, server, tool, subscribers, lambda: feed.paced(RATE, seconds)
            )

    return work


def _replay(ground: Ground, events: int) -> _Run:
    async def work(tool: str | None) -> tuple[Sample, Profile | None]:
        topic = await ground.topic()
        async with Feed(ground.bootstrap, topic) as feed:
            await feed.burst(events)
        later = replay_plan(1, events, f"since=0&until={events}", join_ms=1500)
        async with servers.publisher(ground.bootstrap, topic, ground.directory) as server:
            return await _watched(ground, server, tool, later, _nothing)

    return work


def _idle(ground: Ground, seconds: int) -> _Run:
    async def work(tool: str | None) -> tuple[Sample, Profile | None]:
        topic = await ground.topic()
        each = Subscriber((0,), (0,))
        last = Subscriber((0,), (0,), join_ms=seconds * 1000)  # measured until it is there
        subscribers = Plan(0, b"", (each,) * IDLE + (last,), deadline_s=120)
        async with servers.publisher(ground.bootstrap, topic, ground.directory) as server:
            return await _watched(ground, server, tool, subscribers, _nothing)

    return work


async def _nothing() -> None:
    """The plan alone decides what happens."""
