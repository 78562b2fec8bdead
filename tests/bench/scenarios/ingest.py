"""Ingest: validated and Kafka-acked events over each way in, beside aiokafka alone."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from bench.ground import Ground
from bench.load.events import event_template, made
from bench.load.ingest_client import Mode, Task
from bench.report.result import Bars, Result, Sample, Target, Variant, at_least
from bench.servers.usage import Usage, forget_peak, peak_rss_mib, usage
from contracts.catalogue import load_catalogue
from contracts.judge import Accepted, Judge
from support.producer import BASIC
from support.services import ListenerProcess

EVENTS, ONE_BY_ONE = 100_000, 2_000
_TESTS = Path(__file__).parents[2]
HEADER = (
    "way in", "events", "acked events/s", "of the limit", "CPU s (least–most)", "µs an event",
    "peak RSS MiB", "breaks",
)  # fmt: skip


def listened(ground: Ground, mode: Mode, connections: int) -> Callable[[], Awaitable[Sample]]:
    """A fresh topic and a fresh listener."""
    events = ground.scaled(EVENTS, 5_000) // (100 * connections) * 100 * connections

    async def run() -> Sample:
        topic = await ground.topic()
        process = ListenerProcess(ground.bootstrap, topic, ground.directory)
        with process.launch():
            await asyncio.to_thread(process.wait_until_ready, 60)
            pid = process.process.pid
            client = await _python("bench.load.ingest_client")
            assert client.stdin is not None
            assert client.stdout is not None
            task = Task(process.port, mode, events, connections)
            client.stdin.write(orjson.dumps(asdict(task)) + b"\n")
            async with asyncio.timeout(60):
                opened = await client.stdout.readline()
            assert opened == b"open\n", "the producers could not connect"
            before = usage(pid)
            forget_peak(pid)
            client.stdin.write(b"go\n")
            answers = orjson.loads(await client.stdout.readline())
            used = usage(pid).since(before)
            peak_mib = peak_rss_mib(pid)
            await client.wait()
        await ground.drop(topic)
        return _sample(answers, events, used, peak_mib)

    return run


def direct(ground: Ground, mode: str, events: int) -> Callable[[], Awaitable[Sample]]:
    """aiokafka alone."""

    async def run() -> Sample:
        topic = await ground.topic()
        client = await _python(
            "bench.load.direct_client", ground.bootstrap, topic, str(events), mode
        )
        async with asyncio.timeout(120):
            answers = orjson.loads((await client.communicate())[0])
        await ground.drop(topic)
        return _sample(answers, events, Usage(answers["cpu_s"], 0.0), 0.0)

    return run


async def _python(module: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=_TESTS,
    )


def _sample(answers: dict[str, Any], events: int, used: Usage, peak_mib: float) -> Sample:
    acked = answers["acked"]
    wrong = sum(answers.get(name, 0) for name in ("refused", "repeats", "wrong"))
    return Sample(
        acked, answers["seconds"], used, events - acked + wrong, peak_mib, answers["cpu_s"]
    )


async def takes_batches(ground: Ground) -> bool:
    """Whether this listener offers HTTP batches."""
    import httpx

    topic = await ground.topic()
    process = ListenerProcess(ground.bootstrap, topic, ground.directory)
    with process.launch():
        await asyncio.to_thread(process.wait_until_ready, 60)
        body = b"[" + made(event_template())(0, 0, 1) + b"]"
        headers = BASIC | {"Content-Type": "application/cloudevents-batch+json"}
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(f"{process.http_url}/events", content=body, headers=headers)
    await ground.drop(topic)
    return answer.status_code == 201


def validation_us(contracts: Path, events: int = 20_000) -> tuple[float, float]:
    """Microseconds an event to parse it, and to judge it, alone in a loop (the least of five)."""
    judge = Judge(load_catalogue(contracts))
    make = made(event_template())
    texts = [make(0, number, 1) for number in range(events)]

    def parse() -> list[Any]:
        return [orjson.loads(text) for text in texts]

    def least_us(work: Callable[[], object]) -> float:
        taken = []
        for _ in range(5):
            begun_s = time.perf_counter()
            work()
            taken.append(time.perf_counter() - begun_s)
        return min(taken) / events * 1e6

    parsed = parse()
    assert isinstance(judge.judge(parsed[0]), Accepted)
    return least_us(parse), least_us(lambda: [judge.judge(event) for event in parsed])


async def run(ground: Ground) -> Result:
    """All ways in, in turns."""
    single, arrays = "WebSocket, single frames", "WebSocket, arrays of 100"
    fifty, batches = "WebSocket, 50 connections", "HTTP, batches of 100, 8 connections"
    each, limit = "(a) aiokafka, awaiting each send", "(b) aiokafka alone: the limit"
    ways: dict[str, Callable[[], Awaitable[Sample]]] = {
        single: listened(ground, "single", 1),
        limit: direct(ground, "all", ground.scaled(EVENTS, 5_000)),
        arrays: listened(ground, "array", 1),
        fifty: listened(ground, "single", 50),
        each: direct(ground, "each", ground.scaled(ONE_BY_ONE, 500)),
    }
    if await takes_batches(ground):
        ways[batches] = listened(ground, "http", 8)
    found = await ground.interleaved(ways)
    best = found[limit].per_s
    floor = found[each].per_s
    targets = [
        at_least("single frames, of the limit", 100 * found[single].per_s / best, 30, "%"),
        at_least("arrays of 100, of the limit", 100 * found[arrays].per_s / best, 50, "%"),
        _batches(found.get(batches), best),
        at_least("single frames against awaiting each send", found[single].per_s / floor, 20),
        Target(
            "nacks, repeated or wrong acks, missing: 0",
            str(sum(variant.breaks for variant in found.values())),
            not any(variant.breaks for variant in found.values()),
        ),
    ]
    parse_us, judge_us = validation_us(_TESTS.parent / "contracts")
    whole_us = found[single].us_an_event
    return Result(
        "ingest",
        "Ingest: validated, and acked by Kafka (acks=all, idempotent)",
        HEADER,
        tuple(_row(variant, best) for variant in found.values()),
        tuple(targets),
        (Bars("Acked events a second", "", tuple((n, v.per_s) for n, v in found.items())),),
        (
            f"Validation (envelope and JSON Schema) is {judge_us:.2f} µs an event, parsing "
            f"{parse_us:.2f} µs, of {whole_us:.1f} µs of the listener's CPU with single frames: "
            f"{judge_us / whole_us:.0%} and {parse_us / whole_us:.0%}.",
            "CPU is the listener's; for (a) and (b) the producing process's own.",
        ),
    )


def _batches(variant: Variant | None, best: float) -> Target:
    if variant is None:
        return Target("HTTP batches of 100, of the limit ≥ 50 %", "this listener offers none", None)
    return at_least("HTTP batches of 100, of the limit", 100 * variant.per_s / best, 50, "%")


def _row(variant: Variant, best: float) -> tuple[str, ...]:
    least, most = variant.spread(lambda sample: sample.usage.cpu_s)
    return (
        variant.name,
        f"{variant.median(lambda sample: sample.events):,.0f}",
        f"{variant.per_s:,.0f}",
        f"{variant.per_s / best:.0%}",
        f"{variant.cpu_s:.2f} ({least:.2f}–{most:.2f})",
        f"{variant.us_an_event:.1f}",
        f"{variant.peak_mib:.0f}" if variant.peak_mib else "",
        str(variant.breaks),
    )
