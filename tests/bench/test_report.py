"""What is said of figures: verdicts, pages, plots, profiles; and the ledger of acks."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.load.ingest_client import Ledger
from bench.report.machine import BUSY, machine, was_busy
from bench.report.pages import Kept, page, read_results, write_results
from bench.report.plot import svg
from bench.report.profile import Profile, read_folded, read_perf
from bench.report.result import (
    Bars,
    Result,
    Sample,
    Target,
    Variant,
    at_least,
    at_most,
    no_breaks,
)
from bench.servers.usage import Usage

RESULT = Result(
    "burst",
    "Burst",
    ("variant", "CPU"),
    (("publisher", "1.2"),),
    (at_most("CPU", 1.5, 1.2), Target("batches", "none", None)),
    (Bars("CPU", "s", (("publisher", 1.0), ("naive", 120.0))),),
    ("A note.",),
)


def sample(cpu_s: float, breaks: int = 0) -> Sample:
    return Sample(1_000_000, 2.0, Usage(cpu_s / 4, cpu_s * 3 / 4), breaks, figures={"p99": cpu_s})


def test_medians_are_over_runs() -> None:
    variant = Variant("publisher", [sample(1.0), sample(9.0), sample(2.0)])
    assert variant.cpu_s == 2.0
    assert variant.us_an_event == pytest.approx(2.0)
    assert variant.per_s == 500_000
    assert variant.figure("p99") == 2.0
    assert variant.spread(lambda each: each.usage.cpu_s) == (1.0, 9.0)


def test_verdicts() -> None:
    assert at_most("CPU", 1.2, 1.2).verdict == "pass"
    assert at_most("CPU", 1.21, 1.2).verdict == "short"
    assert at_least("rate", 29.9, 30).verdict == "short"
    assert at_least("rate", 250_000, 200_000, "events/s").measured == "250,000 events/s"
    assert Target("", "", None).verdict == "not judged"
    assert no_breaks([Variant("a", [sample(1)])]).met
    assert not no_breaks([Variant("a", [sample(1), sample(1, breaks=1)])]).met


def test_a_partial_run_replaces_its_own_scenario_alone(tmp_path: Path) -> None:
    other = Result("idle", "Idle", ("a",), (("b",),), ())
    write_results(tmp_path, {"burst": Kept(RESULT, {"commit": "1"})}, ["burst", "idle"])
    again = read_results(tmp_path)
    assert again["burst"].result == RESULT
    write_results(
        tmp_path, again | {"idle": Kept(other, {"commit": "2", BUSY: "3 %"})}, ["burst", "idle"]
    )
    both = read_results(tmp_path)
    assert was_busy(both["burst"].machine)  # it does not say
    assert [each.machine["commit"] for each in both.values()] == ["1", "2"]
    text = (tmp_path / "README.md").read_text()
    assert "other work to do** when these were measured: burst." in text
    assert "| burst | CPU ≤ 1.2 × | 1.5 × | short |" in text
    assert "A note." in text
    assert "![CPU](burst-1.svg)" in page(list(both.values()))
    assert (tmp_path / "burst-1.svg").exists()


@pytest.mark.system
def test_the_machine_is_told_without_names_or_paths() -> None:
    facts = machine()
    assert facts["processor"]
    assert not any("/" in value for value in facts.values())
    assert "%" in facts[BUSY]


def test_a_plot_is_well_formed_and_goes_logarithmic() -> None:
    bars = Bars("CPU <a>", "s", (("publisher & co", 1.0), ("naive", 100.0), ("none", 0.0)))
    drawing = ElementTree.fromstring(svg(bars))  # noqa: S314 - our own
    assert "logarithmic" in (drawing[0].text or "")
    widths = [
        float(each.attrib["width"])
        for each in drawing
        if "y" in each.attrib and each.tag.endswith("rect")
    ]
    assert widths[0] < widths[1]
    assert widths[2] == 0


def test_perf_is_read() -> None:
    profile = Profile("perf")
    read_perf(
        "# Overhead\n"
        "    60.50%  [kernel.kallsyms]                    [k] _copy_from_iter   -      -\n"
        "    30.00%  libpython3.11.so.1.0                 [.] _PyEval_EvalFrameDefault\n"
        "     9.50%  loop.cpython-311-x86_64-linux-gnu.so [.] uv__write\n",
        profile,
    )
    assert profile.modules == Counter({"kernel": 60.5, "interpreter": 30.0, "loop": 9.5})
    assert profile.share("kernel: _copy_from_iter", profile.places) == pytest.approx(0.605)


def test_folded_stacks_count_for_their_innermost_frame() -> None:
    profile = Profile("py-spy")
    read_folded(
        "main (a/src/publisher/main.py:1);write (a/src/publisher/app/live_lane.py:170) 30\n"
        "main (a/src/publisher/main.py:1);write (a/src/publisher/app/live_lane.py:171) 50\n"
        "main (a/src/publisher/main.py:1);feed (b/site-packages/uvicorn/x.py:3) 20\n",
        profile,
    )
    assert profile.places["write (publisher/app/live_lane.py)"] == 80
    assert profile.modules == Counter({"publisher": 80, "uvicorn": 20})


def test_acks_are_taken_once() -> None:
    ledger, first, second = Ledger(4), bytearray(2), bytearray(2)
    for refs, ref, offset in ((first, 0, 0), (second, 0, 1), (first, 1, 2), (second, 1, 3)):
        ledger.take(refs, ref, offset)
    assert (ledger.answers.acked, ledger.answers.repeats, ledger.answers.wrong) == (4, 0, 0)
    ledger.take(first, 0, 0)
    ledger.take(first, 2, 0)
    ledger.take(first, 0, 4)
    assert (ledger.answers.acked, ledger.answers.repeats, ledger.answers.wrong) == (4, 1, 2)


def test_an_offset_acked_twice_is_a_repeat() -> None:
    ledger, refs = Ledger(2), bytearray(2)
    ledger.take(refs, 0, 0)
    ledger.take(refs, 1, 0)
    assert ledger.answers.repeats == 1
