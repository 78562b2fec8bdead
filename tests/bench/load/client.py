"""A load client process, from here: start it with a plan, let it go, get its report."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson

from bench.load.compiled import compiled
from bench.load.latency import quantile_ms
from bench.load.plan import Plan

_HERE = Path(__file__).parent
_LINE_BYTES = 1 << 20


class LoadError(Exception):
    """The client failed, or what subscribers got was not what they were due."""


@dataclass(frozen=True, slots=True)
class Received:
    """What one group of subscribers got."""

    subscribers: int
    complete: int
    events: int
    bytes: int
    gaps: int
    repeats: int
    wrong: int
    missing: int
    failed: int
    heartbeats: int
    first_ns: int
    last_ns: int
    took_p50_ns: int
    took_max_ns: int
    histogram: Counter[int]

    @property
    def breaks(self) -> int:
        """0, or the figures mean nothing."""
        return self.gaps + self.repeats + self.wrong + self.missing + self.failed

    def latency_ms(self, share: float) -> float:
        """A quantile of time stamp → received."""
        return quantile_ms(self.histogram, share)


@dataclass(frozen=True, slots=True)
class Report:
    """What a client process reports."""

    cpu_s: float
    samples: tuple[str, ...]
    groups: dict[int, Received]

    @property
    def events(self) -> int:
        """Of all groups."""
        return sum(group.events for group in self.groups.values())

    @property
    def breaks(self) -> int:
        """Of all groups."""
        return sum(group.breaks for group in self.groups.values())


def parse_report(line: bytes) -> Report:
    """A client's last line."""
    document: dict[str, Any] = orjson.loads(line)
    groups = {}
    for number, values in document["groups"].items():
        histogram = Counter({int(k): v for k, v in values.pop("histogram").items()})
        groups[int(number)] = Received(**values, histogram=histogram)
    return Report(document["cpu_s"], tuple(document["samples"]), groups)


def client_command() -> list[str]:
    """How the client is started: the C one, or the one in Python."""
    program = compiled(*sorted((_HERE / "c").glob("*.[ch]")))
    return [str(program)] if program else [sys.executable, "-m", "bench.load.python_client"]


class LoadClient:
    """See the module."""

    def __init__(self, process: asyncio.subprocess.Process, deadline_s: int) -> None:
        self._process = process
        self._deadline_s = deadline_s

    @classmethod
    async def open(cls, plan: Plan, command: list[str] | None = None) -> Self:
        """Start one; returns when all who connect at the start are greeted."""
        process = await asyncio.create_subprocess_exec(
            *(command or client_command()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=_HERE.parents[1],
            limit=_LINE_BYTES,
        )
        client = cls(process, plan.deadline_s)
        try:
            await client._tell(plan.text())
            await client._opened()
        except BaseException:
            process.kill()
            raise
        return client

    async def close(self) -> None:
        """End it, if it has not ended."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def go(self) -> None:
        """From here on joiners' times count, and it may end."""
        await self._tell("go\n")

    async def stop(self) -> Report:
        """End one that holds; its report."""
        await self._tell("stop\n")
        return await self.report()

    async def report(self) -> Report:
        """Wait until everybody has everything, or the deadline."""
        report = parse_report(await self._line())
        async with asyncio.timeout(20):
            await self._process.wait()
        return report

    async def _opened(self) -> None:
        line = await self._line()
        if line != b"open\n":
            raise LoadError(f"subscribers could not connect: {line[:500]!r}")

    async def _tell(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode())
        await self._process.stdin.drain()

    async def _line(self) -> bytes:
        assert self._process.stdout is not None
        async with asyncio.timeout(self._deadline_s + 30):
            line = await self._process.stdout.readline()
        if not line:
            raise LoadError(f"the load client ended with {await self._process.wait()}")
        return line
