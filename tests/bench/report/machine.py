"""What was measured on: processor, system, versions. No name, address or path of the machine."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

from bench.load.client import client_command

BUSY = "busy with other work before"
_MOST_BUSY_PERCENT = 20.0
_PACKAGES = ("uvicorn", "uvloop", "aiokafka", "starlette", "orjson", "jsonschema-rs")


def machine() -> dict[str, str]:
    """Facts by name, for the report."""
    memory_kb = _line("/proc/meminfo", "MemTotal").split()[0]
    client = "C" if len(client_command()) == 1 else "Python (no C compiler was found)"
    return {
        "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "commit": _commit(),
        "processor": f"{os.cpu_count()} × {_line('/proc/cpuinfo', 'model name')}",
        "memory": f"{int(memory_kb) / (1 << 20):.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "Python": platform.python_version(),
        "packages": ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
        "compiler": _compiler(),
        "load client": client,
        BUSY: f"{_busy_percent():.0f} %",
    }


def was_busy(machine: dict[str, str]) -> bool:
    """Whether other work went on when the scenario began: then rates and latencies mean little."""
    return float(machine.get(BUSY, "100 %").split()[0]) > _MOST_BUSY_PERCENT


def _busy_percent() -> float:
    """The share of all processors' time that was used, or taken away, within a second."""

    def times() -> list[int]:
        return [int(each) for each in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]

    before = times()
    time.sleep(1)
    spent = [after - earlier for after, earlier in zip(times(), before, strict=True)]
    idle = spent[3] + spent[4]
    return 100 * (1 - idle / max(1, sum(spent)))


def _line(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return ""


def _compiler() -> str:
    compiler = shutil.which("cc")
    if compiler is None:
        return "none"
    done = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[0] if done.stdout else "unknown"


def _commit() -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    if shutil.which("git") is None:
        return "unknown"
    changed = git(
        "status",
        "--porcelain",
        "--",
        "../publisher-svc/src",
        "../listener-svc/src",
        "../contracts/src",
        "../infra/chassis/src",
    )
    return git("rev-parse", "--short", "HEAD") + (" with changes" if changed else "")
