"""Several events in a frame: which share one, what is made once, what is bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publisher_fakes.broker_log import FakeBrokerLog, FakePartition
from publisher_fakes.sink import frames_of, payloads_of

from chassis.websocket_deflate import deflated_text_frame
from contracts.frames import Event, frames_in
from publisher.domain.encoding import WEBSOCKET, Encoding, websocket_batch, websocket_text
from publisher.domain.filter import EVERYTHING, Filter
from publisher.domain.page import Page
from publisher.domain.view import View

MOST_MADE = 4
TYPE_A = Filter(types=frozenset({"a"}))


class Packing:
    """Counts what is packed."""

    def __init__(self) -> None:
        self.packed: list[bytes] = []

    def __call__(self, payload: bytes) -> bytes:
        self.packed.append(payload)
        return deflated_text_frame(payload)


def page_of(kinds: str, *, size: int = 100) -> Page:
    """``.`` is a hole, another letter an event of that type."""
    part = FakePartition()
    for kind in kinds:
        if kind == ".":
            part.hole()
        else:
            part.append(kind, size=size)
    broker = FakeBrokerLog(1)
    broker.partitions = [part]
    return broker.page(0, 0, part.end)


def batch(limit_bytes: int, packing: Packing | None = None) -> Encoding:
    return websocket_batch("batch", limit_bytes, packing or websocket_text)


def whole_of(view: View) -> bytes:
    return bytes(view.whole(MOST_MADE)[0])


def offsets_in(data: bytes | memoryview) -> list[int]:
    return [frame.offset for frame in frames_of(bytes(data)) if isinstance(frame, Event)]


def test_a_frame_carries_the_stored_bytes_of_several_events() -> None:
    page = page_of("ab.a")
    (payload,) = payloads_of(whole_of(page.view(EVERYTHING, batch(10_000))))
    assert payload.startswith(b'{"type":"events","events":[{"partition":0,"offset":0,"event":{')
    assert frames_in(payload) == payloads_of(page.data)


@pytest.mark.parametrize("limit_bytes", [1, 170, 400, 1 << 20])
def test_frames_keep_to_the_limit_but_for_one_event_alone(limit_bytes: int) -> None:
    page = page_of("abcabc")
    for payload in payloads_of(whole_of(page.view(EVERYTHING, batch(limit_bytes)))):
        assert len(payload) <= limit_bytes or len(frames_in(payload)) == 1


def test_what_was_packed_is_shared_and_counts_in_the_weight() -> None:
    page, packing = page_of("a" * 12), Packing()
    encoding = batch(500, packing)
    before = page.weight_bytes
    first = page.view(EVERYTHING, encoding).slice(0, 1)
    again = page.view(EVERYTHING, encoding).slice(0, 1)
    assert first.data == again.data
    assert len(packing.packed) == 1
    assert page.weight_bytes >= before + len(first.data)
    whole = page.weight_bytes
    page.view(EVERYTHING, encoding).slice(0, 1)
    assert page.weight_bytes == whole


def test_equal_filters_share_and_others_do_not() -> None:
    page, packing = page_of("abab"), Packing()
    encoding = batch(10_000, packing)
    before = page.weight_bytes
    for wanted in (TYPE_A, Filter(types=frozenset({"a"})), EVERYTHING):
        page.view(wanted, encoding).slice(0, 1)
    assert len(packing.packed) == 2
    view = page.view(TYPE_A, WEBSOCKET)
    assert isinstance(view, Page)
    assert page.weight_bytes - before >= view.weight_bytes


def test_at_most_one_frame_is_made_in_a_read_and_then_there_is_a_rest() -> None:
    page, packing = page_of("a" * 12), Packing()
    encoding = batch(500, packing)
    position, made = 0, 0
    while position < page.next:
        part = page.view(EVERYTHING, encoding).slice(position, 1 << 20)
        made += 1
        assert part.rest
        assert len(packing.packed) == made
        position = part.next
    again = page.view(EVERYTHING, encoding).slice(0, 1 << 20)
    assert (again.next, again.events, again.rest) == (page.next, 12, False)
    assert len(packing.packed) == made


def test_what_is_kept_goes_out_up_to_the_limit() -> None:
    view = page_of("a" * 8).view(EVERYTHING, batch(500, Packing()))
    everything = whole_of(view)
    assert view.slice(0, 1 << 20).data == everything
    assert len(payloads_of(bytes(view.slice(0, 1).data))) == 1


def test_kept_frames_go_out_before_another_is_made() -> None:
    packing = Packing()
    view = page_of("a" * 12).view(EVERYTHING, batch(500, packing))
    assert len(payloads_of(whole_of(view))) > MOST_MADE
    part = view.slice(0, 1 << 20)
    assert (len(payloads_of(bytes(part.data))), part.rest) == (MOST_MADE, False)
    assert offsets_in(part.data) == list(range(part.next))
    assert len(packing.packed) == MOST_MADE
    assert view.slice(part.next, 1 << 20).rest
    assert len(packing.packed) == MOST_MADE + 1


def test_within_a_frame_one_gets_the_rest_of_it_plain_and_it_is_not_kept() -> None:
    page, packing = page_of("a" * 4), Packing()
    view = page.view(EVERYTHING, batch(10_000, packing))
    before = page.weight_bytes
    part = view.slice(1, 1 << 20)
    assert bytes(part.data)[0] == 0x81
    assert (part.next, part.events, part.rest) == (4, 3, False)
    bounded = view.slice(0, 1 << 20, stop=2)
    assert offsets_in(bounded.data) == [0, 1]
    assert page.weight_bytes == before
    assert not packing.packed


def test_a_block_makes_only_so_many_frames_and_leaves_the_others_plain() -> None:
    page, packing = page_of("a" * 40), Packing()
    data = whole_of(page.view(EVERYTHING, batch(500, packing)))
    assert offsets_in(data) == list(range(40))
    assert len(packing.packed) == MOST_MADE


def test_no_events_are_no_frame() -> None:
    page = page_of("..b.")
    view = page.view(TYPE_A, batch(500))
    assert (len(view), whole_of(view)) == (0, b"")
    assert view.slice(0, 1 << 20)[:3] == (b"", 4, 0)
    assert page_of("...").view(EVERYTHING, batch(500)).slice(1, 9)[:3] == (b"", 3, 0)


def test_a_page_is_freed_when_it_is_dropped_not_when_the_collector_runs() -> None:
    page = page_of("aa")
    page.view(EVERYTHING, batch(500)).slice(0, 1)
    (batches,) = page._batches.values()
    assert not any(isinstance(each, Page) for each in (batches.cuts, *batches.frames.values()))


@given(
    kinds=st.text("aab.", max_size=40),
    start=st.integers(0, 40),
    stop=st.one_of(st.none(), st.integers(0, 40)),
    limits=st.lists(st.sampled_from([1, 300, 5000]), min_size=1),
    limit_bytes=st.sampled_from([1, 300, 700, 100_000]),
    wanted=st.sampled_from([EVERYTHING, TYPE_A]),
    most=st.sampled_from([None, 1, 3]),
)
def test_slices_chain_to_every_event_once(
    kinds: str,
    start: int,
    stop: int | None,
    limits: list[int],
    limit_bytes: int,
    wanted: Filter,
    most: int | None,
) -> None:
    page, encoding = page_of(kinds), batch(limit_bytes, Packing())
    end = page.next if stop is None else min(stop, page.next)
    position, got, turn = min(start, page.next), list[int](), 0
    begin = position
    while position < end:
        view = page.view(wanted, encoding)
        part = view.slice(position, limits[turn % len(limits)], stop, most)
        found = offsets_in(part.data)
        assert len(found) == part.events <= (most or 40)
        assert part.next > position
        position, turn, got = part.next, turn + 1, got + found
    taken = {"a"} if wanted is TYPE_A else {"a", "b"}
    assert got == [at for at in range(begin, max(begin, end)) if kinds[at] in taken]
