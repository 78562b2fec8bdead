"""Live delivery under filters: who is asked, how often, and that nobody is forgotten."""

from __future__ import annotations

import pytest
from publisher_fakes.sink import FakeSink
from publisher_fakes.stage import Stage, finish

from publisher.app import takers
from publisher.domain.encoding import Encoding
from publisher.domain.filter import EVERYTHING, Filter, parse_filter
from publisher.domain.page import Page
from publisher.domain.view import View


def narrow(name: str) -> Filter:
    return Filter(types=frozenset({name}))


def offsets(sink: FakeSink) -> list[int]:
    return [offset for _, offset in sink.events()]


def test_each_filter_gets_its_own() -> None:
    stage = Stage(0)
    wanted = [EVERYTHING, narrow("a"), narrow("b"), parse_filter("o.*", []), parse_filter("b", [])]
    sinks = [stage.join(wanted=each)[1] for each in wanted]
    for type_ in ("a", "b", "o.x", "o.y", "c"):
        stage.publish(type_=type_)
    assert list(map(offsets, sinks)) == [[0, 1, 2, 3, 4], [0], [1], [2, 3], [1]]


def test_keys_and_types_together() -> None:
    stage = Stage(0)
    _, sink = stage.join(wanted=parse_filter("a", ["k"]))
    _, keys_alone = stage.join(wanted=parse_filter(None, ["k"]))
    for type_, key in (("a", b"k"), ("a", None), ("b", b"k")):
        stage.publish(type_=type_, key=key)
    assert (offsets(sink), offsets(keys_alone)) == ([0], [0, 2])


def test_who_comes_and_who_goes_is_known_at_once() -> None:
    stage = Stage(0)
    first, one = stage.join(wanted=narrow("a"))
    stage.publish(type_="a")
    _, two = stage.join(wanted=parse_filter("a,b", []))
    stage.publish(type_="a")
    stage.hub.unsubscribe(first)
    stage.publish(type_="a")
    _, three = stage.join(wanted=narrow("a"))
    stage.publish(type_="a")
    assert (offsets(one), offsets(two), offsets(three)) == ([0, 1], [1, 2, 3], [3])


def test_a_filter_is_asked_once_a_type_and_not_once_a_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    takes_type = Filter.takes_type

    def counting(self: Filter, name: str) -> bool:
        asked.append(name)
        return takes_type(self, name)

    stage = Stage(0)
    for number in range(50):
        stage.join(wanted=narrow(f"t{number}"))
    monkeypatch.setattr(Filter, "takes_type", counting)
    stage.publish(type_="t1")
    before = len(asked)
    for _ in range(20):
        stage.publish(type_="t1")
    assert len(asked) - before <= 20 * 3, "of the one filter that takes it"


@pytest.mark.parametrize(("types", "entries"), [(3, 100), (100, 3)])
def test_what_is_remembered_of_types_is_bounded(
    monkeypatch: pytest.MonkeyPatch, types: int, entries: int
) -> None:
    monkeypatch.setattr(takers, "MOST_TYPES", types)
    monkeypatch.setattr(takers, "MOST_TAKERS", entries)
    stage = Stage(0)
    sinks = [stage.join(wanted=parse_filter("t1,t5," + more, []))[1] for more in "xyz"]
    for number in (1, 2, 3, 4, 5, 1, 5):
        stage.publish(type_=f"t{number}")
        remembered = stage.hub._live._takers._by_type
        assert len(remembered) <= types
        assert sum(map(len, remembered.values())) <= entries
    assert all(offsets(sink) == [0, 4, 5, 6] for sink in sinks)


def test_filters_by_key_are_found_by_it_and_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Filter] = []
    may_hold = Page.may_hold

    def counting(self: Page, wanted: Filter) -> bool:
        asked.append(wanted)
        return may_hold(self, wanted)

    stage = Stage(0)
    sinks = [stage.join(wanted=parse_filter(None, [f"k{number}"]))[1] for number in range(30)]
    both = stage.join(wanted=parse_filter("t", ["k1", "k2"]))[1]
    monkeypatch.setattr(Page, "may_hold", counting)
    for _ in range(5):
        stage.publish(type_="t", key=b"none")
        stage.publish(type_="t")
    assert asked == []
    stage.publish(type_="t", key=b"k2")
    stage.publish(type_="u", key=b"k1")
    assert set(asked) == {Filter(keys=frozenset({key})) for key in (b"k1", b"k2")} | {
        parse_filter("t", ["k1", "k2"])
    }
    assert [offsets(sink) for sink in sinks[:4]] == [[], [11], [10], []]
    assert offsets(both) == [10]


def test_of_who_went_nothing_is_kept() -> None:
    stage = Stage(0)
    wanted = [EVERYTHING, narrow("a"), parse_filter("a", ["k"]), parse_filter(None, ["k", "l"])]
    stay = [stage.join(wanted=parse_filter(None, ["k"]))[1], stage.join(wanted=narrow("a"))[1]]
    for each in wanted:
        subscription, _ = stage.join(wanted=each)
        stage.publish(type_="a", key=b"k")
        stage.hub.unsubscribe(subscription)
    lane = stage.hub._live
    assert len(lane._groups) == 2
    found = lane._takers
    assert (len(found._taking_all), len(found._narrow)) == (0, 1)
    assert {key: len(groups) for key, groups in found._by_key.items()} == {b"k": 1}
    stage.publish(type_="a", key=b"k")
    assert [offsets(sink) for sink in stay] == [[0, 1, 2, 3, 4]] * 2


def test_who_goes_or_comes_back_within_a_round_is_found_after_it() -> None:
    stage = Stage(0)
    first = stage.join()[1]
    gone, _ = stage.join(wanted=parse_filter(None, ["k"]))
    back, sink = stage.join(wanted=parse_filter(None, ["l"]))
    for key in (b"k", b"l"):
        stage.broker[0].append("a", key)
    steps = stage.round(suspended=True)
    stage.hub.unsubscribe(gone)
    sink.paused = True
    stage.hub.pause(back)
    sink.drain()
    finish(steps)
    stage.settle()
    assert len(stage.hub._live._groups) == 2
    stage.publish(key=b"l")
    assert (offsets(first), offsets(sink)) == ([0, 1, 2], [1, 2])
    assert set(stage.hub._live._takers._by_key) == {b"l"}


def test_who_goes_twice_within_a_round_is_ended_once() -> None:
    stage = Stage(0)
    members = [stage.join() for _ in range(2)]
    stage.broker[0].append("a")
    steps = stage.round(suspended=True)
    for subscription, sink in members:
        sink.paused = True
        stage.hub.pause(subscription)
        sink.drain()
    stage.settle()
    for subscription, _ in members:
        stage.hub.unsubscribe(subscription)
    finish(steps)
    assert not stage.hub._live._groups


def test_blocks_are_made_in_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of filters may have something in one poll: others get a turn in between."""
    made: list[Filter] = []
    view = Page.view

    def counting(self: Page, wanted: Filter, encoding: Encoding) -> View:
        made.append(wanted)
        return view(self, wanted, encoding)

    monkeypatch.setattr(Page, "view", counting)
    stage = Stage(0)
    sinks = [stage.join(wanted=parse_filter(None, [f"k{number}"]))[1] for number in range(10)]
    for number in range(10):
        stage.broker[0].append("a", b"k%d" % number)
    steps = stage.round(suspended=True)
    assert len(made) == 1
    finish(steps)
    assert [offsets(sink) for sink in sinks] == [[number] for number in range(10)]
