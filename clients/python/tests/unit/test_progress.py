"""The replay's bar: how far it thinks it is."""

from __future__ import annotations

import io

from rich.console import Console

from broadcaster.cli.progress import ReplayBar


def bar(*, terminal: bool = True) -> ReplayBar:
    return ReplayBar(Console(file=io.StringIO(), force_terminal=terminal, width=80))


def test_the_way_is_measured_in_offsets_up_to_the_tip() -> None:
    made = bar()
    made.begin({"cursor": "0:10,1:5", "tip": "0:30,1:5", "until": None})
    assert made.drawn
    made.advance(0, 19)
    assert made._way(made._at) == 10
    made.reach("0:40,1:9")
    assert made._way(made._at) == 20
    made.stop()
    made.stop()
    assert not made.drawn


def test_a_nearer_end_is_the_goal() -> None:
    made = bar()
    made.begin({"cursor": "0:0", "tip": "0:30", "until": "0:10"})
    assert made._way(made._goal) == 10
    made.stop()


def test_nothing_is_drawn_without_a_way_to_go_or_a_terminal() -> None:
    hello = {"cursor": "0:0", "tip": "0:30"}
    for made, members in [
        (bar(), {"cursor": "0:30", "tip": "0:30"}),
        (bar(), {"cursor": "nonsense", "tip": "0:30"}),
        (bar(terminal=False), hello),
    ]:
        made.begin(members)
        assert not made.drawn
        made.advance(0, 1)
        made.reach("0:2")


def test_a_partition_newer_than_the_start_does_not_trip_it() -> None:
    made = bar()
    made.begin({"cursor": "0:0", "tip": "0:30"})
    made.advance(3, 7)
    made.reach("0:3,1:4")
    assert made._way(made._at) == 3
    made.stop()
