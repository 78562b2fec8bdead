"""Pages: slices, views, merging, weights."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publisher_fakes.broker_log import FakeBrokerLog, FakePartition
from publisher_fakes.sink import payloads_of

from contracts.frames import Event, parse_frame
from publisher.domain.encoding import WEBSOCKET, Encoding
from publisher.domain.filter import EVERYTHING, Filter
from publisher.domain.page import Page
from publisher.domain.view import Slice

TYPE_A = Filter(types=frozenset({"a"}))
LINES = Encoding("lines", bytes, form="lines", event=lambda _, frame: frame + b"\n")


def page_of(kinds: str, first: int = 0, *, size: int = 0) -> Page:
    """`a`, `b`: events; `k`: one with the key k; `f`: foreign; `t`: tombstone; `.`: a hole."""
    part = FakePartition(first, first)
    for kind in kinds:
        match kind:
            case ".":
                part.hole()
            case "f":
                part.append_raw(b"[1]")
            case "t":
                part.append_raw(None)
            case "k":
                part.append("a", b"k", size=size)
            case _:
                part.append(kind, size=size)
    broker = FakeBrokerLog(1)
    broker.partitions = [part]
    return broker.page(0, first, part.end)


def offsets_in(data: bytes | memoryview) -> list[int]:
    """The offsets of the events in wire bytes."""
    frames = [parse_frame(each) for each in payloads_of(bytes(data))]
    return [frame.offset for frame in frames if isinstance(frame, Event)]


def view_of(page: Page, wanted: Filter, encoding: Encoding = WEBSOCKET) -> Page:
    """A view with a frame for each event, which is a page too."""
    view = page.view(wanted, encoding)
    assert isinstance(view, Page)
    return view


def test_covers_its_bounds_and_counts_what_it_skipped() -> None:
    page = page_of("..aft.b.", 10)
    assert (page.first, page.next, len(page), page.skipped) == (10, 18, 2, 2)
    assert offsets_in(page.data) == [12, 16]
    assert (page.first_ms, page.last_ms) == (1_000_012, 1_000_016)


def test_a_page_of_holes_has_no_times() -> None:
    page = page_of("...")
    assert (page.first_ms, page.last_ms, len(page), page.next) == (0, 0, 0, 3)
    assert page.slice(1, 100) == Slice(b"", 3, 0)


def test_whole_page_is_not_copied() -> None:
    page = page_of("aaa")
    assert page.slice(0, 1 << 20).data is page.data


def test_slice_begins_at_the_first_event_at_or_after_the_offset() -> None:
    page = page_of("a..a", 5)
    assert offsets_in(page.slice(6, 1 << 20).data) == [8]
    assert offsets_in(page.slice(0, 1 << 20).data) == [5, 8]  # below the page: from its start


def test_slice_keeps_to_the_limit_with_at_least_one_event() -> None:
    page = page_of("aaaaa", size=100)
    one = len(page.data) // 5
    assert page.slice(0, 1).events == 1
    part = page.slice(1, 2 * one)
    assert (offsets_in(part.data), part.next, part.events) == ([1, 2], 3, 2)


def test_slice_leaves_no_small_rest() -> None:
    page = page_of("aaaaa", size=100)
    limit = int(len(page.data) / 1.4)
    assert page.slice(0, limit).events == 5


def test_one_large_last_event_is_given_whole() -> None:
    page = page_of("a", size=5000)
    assert page.slice(0, 10) == Slice(page.data, 1, 1)


def test_stop_is_exclusive_and_becomes_the_next_position() -> None:
    page = page_of("aa..aa")
    assert page.slice(0, 1 << 20, stop=3)[1:3] == (3, 2)
    assert page.slice(0, 1 << 20, stop=4)[1:3] == (4, 2)
    assert page.slice(0, 1 << 20, stop=5)[1:3] == (5, 3)
    assert page.slice(0, 1 << 20, stop=6)[1:3] == (6, 4)
    assert page.slice(0, 1 << 20, stop=60)[1:3] == (6, 4)
    assert page.slice(3, 1 << 20, stop=2) == Slice(b"", 3, 0)  # never backwards


@given(
    kinds=st.text("abkft.", min_size=1, max_size=30),
    limit=st.integers(1, 400),
    start=st.integers(0, 30),
    stop=st.one_of(st.none(), st.integers(0, 40)),
    wanted=st.sampled_from([EVERYTHING, TYPE_A, Filter(keys=frozenset({b"k"}))]),
)
def test_slices_chain_to_every_event_once(
    kinds: str, limit: int, start: int, stop: int | None, wanted: Filter
) -> None:
    page = view_of(page_of(kinds), wanted)
    at, end = min(start, page.next), page.next if stop is None else min(stop, page.next)
    begin, got, turns = at, [], 0
    while at < end:
        part = page.slice(at, limit, stop)
        assert part.next > at
        assert part.events == len(offsets_in(part.data))
        got += offsets_in(part.data)
        at, turns = part.next, turns + 1
        assert turns < 100
    takes = {"a": "ak", "k": "k"}.get("k" if wanted.keys else "a" if wanted.types else "", "abk")
    expected = [i for i, kind in enumerate(kinds) if kind in takes and begin <= i < end]
    assert got == expected
    assert at == max(begin, end)


@given(st.lists(st.text("abkft.", max_size=8), min_size=1, max_size=6))
def test_merging_is_the_same_as_building_at_once(parts: list[str]) -> None:
    whole = page_of("".join(parts), 7)
    merged, at = page_of(parts[0], 7), 7 + len(parts[0])
    for part in parts[1:]:
        merged = merged.merged(page_of(part, at))
        at += len(part)
    for wanted in (EVERYTHING, TYPE_A, Filter(keys=frozenset({b"k"}))):
        ours, other = view_of(whole, wanted), view_of(merged, wanted)
        assert ours.data == other.data
        for at in range(whole.first, whole.next + 1):
            assert ours.slice(at, 1) == other.slice(at, 1)
    assert (merged.skipped, merged.first_ms, merged.last_ms) == (
        whole.skipped,
        whole.first_ms,
        whole.last_ms,
    )


def test_a_view_has_the_same_bounds_and_only_what_is_wanted() -> None:
    page = page_of("abk.b", 3)
    view = view_of(page, TYPE_A)
    assert offsets_in(view.data) == [3, 5]
    assert (view.first, view.next, view.last_ms) == (page.first, page.next, page.last_ms)
    assert offsets_in(view_of(page, Filter(keys=frozenset({b"k"}))).data) == [5]
    assert page.view(Filter(types=frozenset({"z"})), WEBSOCKET).slice(3, 10) == Slice(b"", 8, 0)


def test_equal_filters_share_a_view() -> None:
    page = page_of("ab")
    assert page.view(TYPE_A, WEBSOCKET) is page.view(Filter(types=frozenset({"a"})), WEBSOCKET)


def test_views_count_in_the_weight_once() -> None:
    page = page_of("abab", size=100)
    before = page.weight_bytes
    view = view_of(page, TYPE_A)
    page.view(TYPE_A, WEBSOCKET)
    assert page.weight_bytes == before + view.weight_bytes


def test_a_view_that_takes_all_is_the_page_itself_and_weighs_nothing() -> None:
    page = page_of("aa")
    before = page.weight_bytes
    assert page.view(Filter(), WEBSOCKET) is page
    assert page.view(TYPE_A, WEBSOCKET) is page
    assert page.view(TYPE_A, WEBSOCKET) is page
    assert page.weight_bytes == before


def test_a_page_is_freed_when_it_is_dropped_not_when_the_collector_runs() -> None:
    """A page that keeps itself as its own view is a cycle of a megabyte."""
    page = page_of("aa")
    page.view(TYPE_A, WEBSOCKET)
    assert page not in page._views.values()


def test_keys_count_in_the_weight() -> None:
    part = FakePartition()
    part.append("a", b"k" * 100_000)
    broker = FakeBrokerLog(1)
    broker.partitions = [part]
    assert broker.page(0, 0, 1).weight_bytes > 100_000


@pytest.mark.parametrize("size", [0, 50, 200, 70_000])
def test_another_transport_has_the_same_payloads(size: int) -> None:
    page = page_of("ab", size=size)
    view = view_of(page, TYPE_A, LINES)
    assert view.data == payloads_of(page.data)[0] + b"\n"
    everything = view_of(page, EVERYTHING, LINES)
    assert everything.data.split(b"\n")[:-1] == payloads_of(page.data)
    assert everything is not page
    assert everything.slice(1, 1 << 20).events == 1


@given(
    st.text("abkf.", max_size=8),
    st.sets(st.sampled_from(["a", "b", "c"])),
    st.sets(st.sampled_from([b"k", b"x"])),
)
def test_what_a_page_may_not_hold_its_view_does_not_hold(
    kinds: str, types: set[str], keys: set[bytes]
) -> None:
    page, wanted = page_of(kinds), Filter(frozenset(types), (), frozenset(keys))
    holds = len(page.view(wanted, WEBSOCKET)) > 0
    assert page.may_hold(wanted) or not holds
    if not (types and keys):
        assert page.may_hold(wanted) == holds
