"""Where a process spends its time, while it does: by `perf` and by py-spy, whichever is there.

perf tells kernel, interpreter and extension modules apart; py-spy names the Python functions (time
in a C call counts for the function that made it). Neither is installed by us; without them the
split of user and system time remains.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

_PERF_LINE = re.compile(r"^\s*([\d.]+)%\s+(\S+)\s+\[(.)\]\s+(.+?)(?:\s+-\s+-)?\s*$")
_FRAME = re.compile(r"^(.*) \((.*?)(?::\d+)?\)$")
SHOWN = 10


@dataclass(slots=True)
class Profile:
    """Shares of the samples, by where; filled when the profile ends."""

    tool: str
    modules: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)

    def share(self, name: str, of: Counter[str]) -> float:
        """Between 0 and 1."""
        total = sum(of.values())
        return of[name] / total if total else 0.0


def tools() -> list[str]:
    """Which of the two there are."""
    beside = Path(sys.executable).with_name("py-spy")
    spy = "py-spy" if shutil.which("py-spy") or beside.exists() else None
    return [name for name in ("perf" if shutil.which("perf") else None, spy) if name]


@asynccontextmanager
async def profiled(pid: int, tool: str, directory: Path) -> AsyncIterator[Profile]:
    """Sample the process while the block runs."""
    profile = Profile(tool)
    path = directory / f"{tool}.out"
    path.unlink(missing_ok=True)
    process = await asyncio.create_subprocess_exec(
        *_command(tool, pid, path),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await asyncio.sleep(0.7)  # neither says when it has begun
    try:
        yield profile
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await process.wait()
    if path.exists():
        if tool == "perf":
            await _read_perf(path, profile)
        else:
            read_folded(path.read_text(), profile)


def _command(tool: str, pid: int, path: Path) -> list[str]:
    if tool == "perf":
        return [
            "perf",
            "record",
            "-q",
            "-e",
            "cpu-clock",
            "-F",
            "997",
            "-p",
            str(pid),
            "-o",
            str(path),
        ]
    beside = Path(sys.executable).with_name("py-spy")
    program = str(beside) if beside.exists() else "py-spy"
    options = ["--rate", "250", "--format", "raw", "--duration", "120", "--nonblocking"]
    return [program, "record", "--pid", str(pid), *options, "--output", str(path)]


async def _read_perf(path: Path, profile: Profile) -> None:
    process = await asyncio.create_subprocess_exec(
        *("perf", "report", "-i", str(path), "--stdio", "--no-children", "--sort", "dso,symbol"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    read_perf((await process.communicate())[0].decode(errors="replace"), profile)


def read_perf(text: str, profile: Profile) -> None:
    """`perf report`'s lines."""
    for line in text.splitlines():
        found = _PERF_LINE.match(line)
        if found is None:
            continue
        share, module, kind, symbol = float(found[1]), found[2], found[3], found[4]
        name = "kernel" if kind == "k" else _module(module)
        profile.modules[name] += share  # type: ignore[assignment] # shares, not counts
        profile.places[f"{name}: {symbol}"] += share  # type: ignore[assignment]


def _module(dso: str) -> str:
    name = Path(dso).name.partition(".cpython")[0]
    return "interpreter" if name.startswith(("libpython", "python")) else name


def read_folded(text: str, profile: Profile) -> None:
    """py-spy's stacks, a line each: frames from the outermost, and a count."""
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        found = _FRAME.match(stack.rpartition(";")[2])
        if found is None or not count.isdigit():
            continue
        path = found[2].partition("site-packages/")[2] or found[2].rpartition("/src/")[2]
        where = path or Path(found[2]).name
        profile.places[f"{found[1]} ({where})"] += int(count)
        profile.modules[where.partition("/")[0]] += int(count)
