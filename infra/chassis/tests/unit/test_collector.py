"""The collector's rules, with the collector itself: what is walked when, and what is found."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from chassis import collector
from chassis.collector import YOUNG, YOUNG_TWICE, Collector


class Knot:
    """Garbage that only the cyclic collector frees."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """Started; its looks are the test's."""
    monkeypatch.setattr(collector, "LEAST", 1000)
    loop = asyncio.new_event_loop()
    rules = Collector(loop)
    rules.start()
    yield rules
    rules.stop()
    loop.close()


def grow_old(objects: int) -> list[list[None]]:
    """So many objects that outlive the young collections."""
    held: list[list[None]] = [[] for _ in range(objects)]
    gc.collect(1)
    return held


def knots(count: int) -> weakref.WeakSet[Knot]:
    """Old garbage: in cycles that were cut off only when they had grown old."""
    held = [Knot() for _ in range(count)]
    seen = weakref.WeakSet(held)
    gc.collect(1)
    return seen


def test_young_cycles_go_by_themselves(rules: Collector) -> None:
    seen = weakref.ref(Knot())
    held = [[None] for _ in range(YOUNG * (YOUNG_TWICE + 2))]
    assert seen() is None
    assert len(held) > YOUNG
    assert rules.walks == 1  # that of the start


def test_what_came_and_went_causes_no_walk(rules: Collector) -> None:
    everything = gc.get_freeze_count()
    for _ in range(4):
        grow_old(everything)
        rules.look()
    assert rules.walks == 1


def test_all_is_walked_once_twice_as_much_is_held(rules: Collector) -> None:
    everything = gc.get_freeze_count()
    held = [grow_old(everything // 2)]
    rules.look()
    assert rules.walks == 1
    held.append(grow_old(everything))
    rules.look()
    assert rules.walks == 2
    held.append(grow_old(everything))
    rules.look()
    assert rules.walks == 2  # now that twice is four times what there was


def test_old_garbage_is_found_in_time(rules: Collector) -> None:
    everything = gc.get_freeze_count()
    seen = knots(100)
    rules.look()
    assert len(seen) == 100
    held = grow_old(2 * everything)
    rules.look()
    assert len(seen) == 0
    assert held


def test_nothing_is_looked_at_where_nothing_grew_old(rules: Collector) -> None:
    frozen = gc.get_freeze_count()
    held = [[None] for _ in range(10)]
    rules.look()
    assert gc.get_freeze_count() <= frozen
    assert held


def test_the_rules_are_given_back() -> None:
    before, loop = gc.get_threshold(), asyncio.new_event_loop()
    rules = Collector(loop)
    rules.start()
    assert gc.get_threshold() != before
    rules.stop()
    loop.close()
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
