"""Live delivery under filters: who is asked, how often, and that nobody is forgotten."""

from __future__ import annotations

import pytest
from publisher_fakes.sink import FakeSink
from publisher_fakes.stage import Stage

from publisher.app import takers
from publisher.domain.filter import EVERYTHING, Filter, parse_filter


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


def test_filters_by_key_alone_cost_nothing_a_type(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Filter] = []

    def hash_of(self: Filter) -> int:
        asked.append(self)
        return id(self)

    def takes_type(self: Filter, _: str) -> bool:
        asked.append(self)
        return True

    stage = Stage(0)
    sinks = [stage.join(wanted=parse_filter(None, [f"k{number}"]))[1] for number in range(30)]
    stage.publish(type_="t", key=b"none")
    monkeypatch.setattr(Filter, "__hash__", hash_of)
    monkeypatch.setattr(Filter, "takes_type", takes_type)
    for number in range(20):
        stage.broker[0].append(f"t{number}", key=b"none")
    stage.round()
    assert len(asked) <= len(sinks), "each asked at most once, whether the page may hold its key"
    assert not stage.hub._live._takers._remembered
