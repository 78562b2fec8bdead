"""What is kept of a run: `results.json`, and the page and plots made from it alone.

A run of some scenarios replaces theirs and leaves the others as they were, each with what it was
measured on and when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from bench.report.machine import was_busy
from bench.report.plot import svg
from bench.report.result import Bars, Result, Target

_INTRODUCTION = """\
# Benchmarks

Written by `make bench`; nothing here is edited by hand. Everything ran on one machine, load client
and Kafka included, over loopback: compare ratios of server CPU within one table, not rates between
machines or days. Each figure is the median of interleaved runs of fresh processes. Every event that
any subscriber got was verified, byte for byte, and its offset was the next one due to that
subscriber; "breaks" counts what was not.

- **limit**: one thread in C that writes the same bytes to the same sockets, and nothing else.
- **naive**: the broadcast that one would write first, on the same libraries: a queue and a task per
  subscriber, JSON per subscriber, a Kafka consumer per replay
  ([source](../../tests/bench/servers/naive.py)).
- Server CPU is user and system time of the server process; µs a delivery is that, by deliveries.
- How each scenario is made, and how to run one alone:
  [tests/bench](../../tests/bench/README.md).
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A scenario's result, with what it was measured on."""

    result: Result
    machine: dict[str, str]


def read_results(directory: Path) -> dict[str, Kept]:
    """What earlier runs left, by scenario."""
    path = directory / "results.json"
    if not path.exists():
        return {}
    return {name: _kept(each) for name, each in orjson.loads(path.read_bytes()).items()}


def write_results(directory: Path, kept: dict[str, Kept], order: list[str]) -> None:
    """The JSON, the page and the plots."""
    directory.mkdir(parents=True, exist_ok=True)
    ordered = {name: kept[name] for name in order if name in kept}
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    document = {name: asdict(each) for name, each in ordered.items()}
    (directory / "results.json").write_bytes(orjson.dumps(document, option=options))
    for each in ordered.values():
        for name, plot in _plots(each.result):
            (directory / name).write_text(svg(plot))
    (directory / "README.md").write_text(page(list(ordered.values())))


def page(kept: list[Kept]) -> str:
    """The page as Markdown."""
    targets = [
        (each.result.name, target.asked, target.measured, target.verdict)
        for each in kept
        for target in each.result.targets
    ]
    parts = [
        _INTRODUCTION,
        *_warning(kept),
        "## Targets\n",
        table(("scenario", "asked for", "measured", ""), targets),
    ]
    for each in kept:
        parts += [f"\n## {each.result.title}\n", section(each.result)]
        parts += [f"\n![{plot.title}]({name})" for name, plot in _plots(each.result)]
        parts += ["\n" + _measured_on(each.machine)]
    return "\n".join(parts) + "\n"


def _warning(kept: list[Kept]) -> list[str]:
    busy = [each.result.name for each in kept if was_busy(each.machine)]
    if not busy:
        return []
    return [
        "**The machine had other work to do** when these were measured: "
        f"{', '.join(busy)}. Of bursts and replays the ratios of CPU hold roughly; rates, "
        "latencies, and whatever is paced (steady above all), say little.\n"
    ]


def section(result: Result) -> str:
    """A scenario's table and notes; what the terminal shows, too."""
    notes = [f"\n{note}" for note in result.notes]
    return "\n".join([table(result.header, result.rows), *notes])


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _measured_on(machine: dict[str, str]) -> str:
    return "<sub>" + " · ".join(f"{name}: {value}" for name, value in machine.items()) + "</sub>"


def _plots(result: Result) -> list[tuple[str, Bars]]:
    return [(f"{result.name}-{n}.svg", plot) for n, plot in enumerate(result.plots, 1)]


def _kept(document: dict[str, Any]) -> Kept:
    result = document["result"]
    plots = tuple(
        Bars(plot["title"], plot["unit"], tuple((name, value) for name, value in plot["values"]))
        for plot in result["plots"]
    )
    return Kept(
        Result(
            result["name"],
            result["title"],
            tuple(result["header"]),
            tuple(tuple(row) for row in result["rows"]),
            tuple(Target(**target) for target in result["targets"]),
            plots,
            tuple(result["notes"]),
        ),
        document["machine"],
    )
