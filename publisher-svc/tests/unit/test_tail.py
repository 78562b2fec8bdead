"""The tail: pages that chain up to the tip."""

from __future__ import annotations

import pytest
from publisher_fakes.broker_log import FakeBrokerLog

from publisher.domain.encoding import WEBSOCKET
from publisher.domain.errors import InvariantError
from publisher.domain.filter import EVERYTHING, Filter
from publisher.domain.page import Page
from publisher.domain.tail import MERGE_BYTES, Tail


def filled(sizes: list[int], start: int = 0) -> tuple[Tail, FakeBrokerLog]:
    """A tail that got one page per event, of these sizes."""
    broker = FakeBrokerLog(1, start=start)
    tail = Tail(start)
    for size in sizes:
        at = broker[0].append(size=size)
        tail.append(broker.page(0, at, at + 1))
    return tail, broker


def test_an_empty_tail_begins_at_its_tip() -> None:
    tail = Tail(7)
    assert (tail.first, tail.tip, len(tail), tail.bytes, tail.page_at(7)) == (7, 7, 0, 0, None)


def test_pages_must_follow_the_tip() -> None:
    tail, broker = filled([0, 0])
    for first, end in ((0, 2), (1, 2), (3, 3), (2, 1)):
        page = Page(0, (first, end), b"", *_no_index(broker))
        with pytest.raises(InvariantError, match=rf"\[{first}, {end}\) does not follow the tip 2"):
            tail.append(page)
    assert tail.tip == 2


def _no_index(broker: FakeBrokerLog):  # type: ignore[no-untyped-def]
    page = broker.page(0, 0, 0)
    return page._offsets, page._starts, page._types, page._keys, (0, 0)


def test_small_pages_are_merged_large_ones_are_not() -> None:
    assert len(filled([10] * 500)[0]) < 12
    assert len(filled([MERGE_BYTES] * 3)[0]) == 3
    mixed, _ = filled([MERGE_BYTES, 0, 0, 0])
    assert len(mixed) == 2


def test_holes_leave_no_row_of_empty_pages() -> None:
    tail, broker = filled([5000])
    for _ in range(100):
        broker[0].hole()
        tail.append(broker.page(0, tail.tip, broker[0].end))
    assert len(tail) == 2
    assert tail.tip == 101


def test_bytes_are_what_its_pages_weigh() -> None:
    tail, _ = filled([10, 3000, 10, 70_000, 10, 10])
    assert tail.bytes == sum(page.weight_bytes for page in tail._pages)
    tail.evict()
    assert tail.bytes == sum(page.weight_bytes for page in tail._pages)
    while len(tail):
        tail.evict()
    assert (tail.bytes, tail.first, tail.tip) == (0, 6, 6)


def test_expiry_drops_whole_pages_only() -> None:
    tail, _ = filled([MERGE_BYTES] * 3, start=10)
    tail.expire(11)
    assert (tail.first, len(tail)) == (11, 2)
    tail.expire(11)
    assert len(tail) == 2
    tail.expire(500)
    assert (len(tail), tail.first) == (0, 13)


def test_page_at() -> None:
    tail, _ = filled([MERGE_BYTES] * 3, start=10)
    assert [page.first if (page := tail.page_at(at)) else None for at in (9, 10, 12, 13)] == [
        None,
        10,
        12,
        None,
    ]


def test_reads_several_pages_for_one_write() -> None:
    tail, _ = filled([MERGE_BYTES] * 3)
    buffers, at, events = tail.read(1, 1 << 20, EVERYTHING, WEBSOCKET, None)
    assert (len(buffers), at, events) == (2, 3, 2)
    buffers, at, events = tail.read(0, 10, EVERYTHING, WEBSOCKET, None)
    assert (len(buffers), at, events) == (1, 1, 1)


def test_reads_stop_where_they_should() -> None:
    tail, _ = filled([MERGE_BYTES] * 3)
    for stop in range(4):
        _, at, events = tail.read(0, 1 << 30, EVERYTHING, WEBSOCKET, stop)
        assert (at, events) == (stop, stop)


def test_a_filter_that_takes_nothing_still_moves_to_the_tip() -> None:
    tail, _ = filled([MERGE_BYTES] * 3)
    nothing = Filter(types=frozenset({"z"}))
    assert tail.read(0, 1 << 20, nothing, WEBSOCKET, None) == ([], 3, 0)


def test_views_made_by_reading_are_entered() -> None:
    tail, broker = filled([])
    for type_ in "abab":
        broker[0].append(type_, size=1000)
    tail.append(broker.page(0, 0, 4))
    before = tail.bytes
    tail.read(0, 1 << 20, Filter(types=frozenset({"a"})), WEBSOCKET, None)
    assert tail.bytes > before + 2000
    assert tail.bytes == tail._pages[0].weight_bytes


def test_a_tail_agrees_with_the_log_it_was_read_from() -> None:
    tail, broker = filled([10, 5000, 10, 10])
    for first, end in ((0, 4), (1, 3), (0, 9)):
        assert tail.differs_at(broker.page(0, first, end)) is None


def test_it_differs_at_the_first_event_that_is_another_one() -> None:
    tail, broker = filled([10, 5000, 10, 10])
    broker[0].cut_end(2)
    for _ in range(5):
        broker[0].append()
    assert tail.differs_at(broker.page(0, 0, 7)) == 2
    assert tail.differs_at(broker.page(0, 3, 7)) == 3


def test_beyond_its_bounds_it_says_nothing() -> None:
    tail, broker = filled([10] * 4, start=10)
    broker[0].cut_end(10)
    for _ in range(8):
        broker[0].append()
    assert tail.differs_at(broker.page(0, 14, 18)) is None
    assert tail.differs_at(broker.page(0, 0, 10)) is None


def test_an_event_that_compaction_took_is_no_difference_but_one_never_read_is() -> None:
    tail, broker = filled([10] * 4)
    kept = dict(broker[0].records)
    del broker[0].records[1]
    assert tail.differs_at(broker.page(0, 0, 4)) is None
    broker[0].records = kept
    with_hole = Tail(0)
    with_hole.append(broker.page(0, 0, 1))
    with_hole.append(Page(0, (1, 2), b"", *_no_index(broker)))
    assert with_hole.differs_at(broker.page(0, 0, 2)) == 1
