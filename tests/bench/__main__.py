"""``make bench``: measures, prints each target beside what was measured, writes docs/benchmarks.

    make bench BENCH_ARGS="--only burst,steady --runs 1 --scale 0.1"

Only what ran at least three times and at full scale is written to docs/benchmarks; the rest goes
where ``--out`` says, or is only printed. Bounded, and stops by itself; all that it starts ends
with it.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import shutil
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from bench.feed import FeedError
from bench.ground import Ground
from bench.load.client import LoadError
from bench.report.machine import BUSY, machine, was_busy
from bench.report.pages import Kept, read_results, section, write_results
from bench.report.result import Result
from local_kafka.broker import Broker
from local_kafka.ports import free_ports

SCENARIOS = [
    "burst", "transports", "steady", "replay", "storm", "stalled", "idle", "filters", "soak",
    "ingest", "profile",
]  # fmt: skip
_DOCS = Path(__file__).parents[2] / "docs" / "benchmarks"
_LONGEST_S = 300
"""Of one scenario; what takes longer has failed."""
_NEEDED_FILES = 6_000
_NEEDED_MIB = 3_000


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench BENCH_ARGS=…", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--only", default=",".join(SCENARIOS), help=f"of {','.join(SCENARIOS)}")
    parser.add_argument("--runs", type=int, default=3, help="interleaved runs of each variant")
    parser.add_argument("--scale", type=float, default=1.0, help="of the numbers of events")
    parser.add_argument("--out", type=Path, help="where to write, instead of docs/benchmarks")
    given = parser.parse_args()
    given.only = [name for name in given.only.split(",") if name]
    unknown = set(given.only) - set(SCENARIOS)
    if unknown:
        parser.error(
            f"no such scenario: {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}"
        )
    return given


def _raise_limits() -> str | None:
    """As many files as the system lets us have; what is wrong if that is too few."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < _NEEDED_FILES:
        return (
            f"{hard} open files are allowed and 5,000 subscribers need {_NEEDED_FILES}; raise that "
            "with `ulimit -Hn`"
        )
    free_mib = shutil.disk_usage(tempfile.gettempdir()).free >> 20
    if free_mib < _NEEDED_MIB:
        return f"{free_mib} MiB are free for temporary files; up to {_NEEDED_MIB} MiB are needed"
    return None


def _show(result: Result, seconds: float) -> None:
    print(f"\n{section(result)}\n")
    for target in result.targets:
        print(f"  {target.verdict:<10} {target.asked}: {target.measured}")
    print(f"  ({seconds:.0f} s)", flush=True)


async def _run(given: argparse.Namespace) -> dict[str, Kept]:
    kept: dict[str, Kept] = {}
    with tempfile.TemporaryDirectory(prefix="broadcaster-bench-") as name:
        directory = Path(name)
        port, controller_port = free_ports(2)
        with Broker(directory / "kafka", port, controller_port) as broker:
            ground = Ground(broker.bootstrap, directory, given.runs, given.scale)
            for scenario in given.only:
                on, begun_s = machine(), time.monotonic()
                print(f"\n== {scenario} (processors busy before: {on[BUSY]})", flush=True)
                result = await _measure(scenario, ground)
                if result is not None:
                    _show(result, time.monotonic() - begun_s)
                    kept[scenario] = Kept(result, on)
    return kept


async def _measure(scenario: str, ground: Ground) -> Result | None:
    """None when it failed, which is said; the others are measured all the same."""
    try:
        async with asyncio.timeout(_LONGEST_S * max(1.0, ground.runs / 3)):
            result: Result = await import_module(f"bench.scenarios.{scenario}").run(ground)
            return result
    except (LoadError, FeedError, AssertionError, TimeoutError, OSError) as error:
        print(
            f"  {scenario} failed: {str(error) or type(error).__name__}",
            file=sys.stderr,
            flush=True,
        )
        return None


def main() -> int:
    """Measure, show, write."""
    given = _arguments()
    lacking = _raise_limits()
    if lacking:
        print(f"The benchmark cannot run here: {lacking}.", file=sys.stderr)
        return 2
    kept = asyncio.run(_run(given))
    out = given.out or (_DOCS if given.runs >= 3 and given.scale >= 1 else None)
    if out is not None:
        write_results(out, read_results(out) | kept, SCENARIOS)
        print(f"\nWritten: {out}/README.md")
    if any(was_busy(each.machine) for each in kept.values()):
        print("\nThis machine was busy with other work: rates and latencies say little.")
    short = [t for each in kept.values() for t in each.result.targets if t.met is False]
    print(f"\n{len(short)} target(s) short" if short else "\nAll targets are met")
    return 0 if len(kept) == len(given.only) else 1


if __name__ == "__main__":
    sys.exit(main())
