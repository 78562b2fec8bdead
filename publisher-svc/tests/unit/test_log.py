"""The log: hot, cached and cold are one read; below its start it is never silent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publisher_fakes.broker_log import FakeBrokerLog
from publisher_fakes.sink import payloads_of

from contracts.frames import Event, parse_frame
from publisher.domain.cache import BLOCK
from publisher.domain.encoding import WEBSOCKET
from publisher.domain.errors import InvariantError
from publisher.domain.filter import EVERYTHING, Filter
from publisher.domain.log import Expired, Log, Miss, Read
from publisher.domain.page import Page

TYPE_A = Filter(types=frozenset({"a"}))


def log_of(broker: FakeBrokerLog, *tips: int, tail: int = 1 << 20, cache: int = 1 << 20) -> Log:
    """A log of the broker's partitions that begins live at `tips`."""
    log = Log(tail_limit_bytes=tail, cache_limit_bytes=cache)
    for part, tip in zip(broker.partitions, tips, strict=True):
        log.add_partition(floor=part.start, tip=tip)
    return log


def broker_with(count: int, *, start: int = 0, size: int = 0) -> FakeBrokerLog:
    """One partition with so many events."""
    broker = FakeBrokerLog(1, start=start)
    for _ in range(count):
        broker[0].append(size=size)
    return broker


def read(
    log: Log,
    position: int,
    *,
    limit: int = 1 << 20,
    wanted: Filter = EVERYTHING,
    stop: int | None = None,
    in_hand: Page | None = None,
) -> Read | Miss | Expired:
    """A read of partition 0."""
    return log.read(
        0,
        position,
        limit_bytes=limit,
        wanted=wanted,
        encoding=WEBSOCKET,
        stop=stop,
        in_hand=in_hand,
    )


def offsets(answer: Read | Miss | Expired) -> list[int]:
    """The offsets of the events that were read."""
    assert isinstance(answer, Read), answer
    frames = [parse_frame(each) for each in payloads_of(b"".join(answer.buffers))]
    found = [frame.offset for frame in frames if isinstance(frame, Event)]
    assert answer.events == len(found)
    return found


def test_at_and_beyond_the_tip_there_is_nothing_yet() -> None:
    log = log_of(broker_with(5), 5)
    assert read(log, 5) == Read([], 5, 0)
    assert read(log, 9) == Read([], 9, 0)


def test_hot_is_read_from_the_tail() -> None:
    broker = broker_with(5)
    log = log_of(broker, 2)
    log.append(broker.page(0, 2, 5))
    assert offsets(read(log, 3)) == [3, 4]
    assert (log.hits, log.cold, log.tail_first(0)) == (0, 0, 2)


def test_cold_says_what_to_load_then_it_is_cached() -> None:
    broker = broker_with(5)
    log = log_of(broker, 5)
    assert read(log, 3) == Miss(0, 0, 5, 5)
    log.insert(broker.page(0, 0, 5))
    assert offsets(read(log, 3)) == [3, 4]
    assert (log.hits, log.cold) == (1, 1)


def test_a_miss_asks_for_the_rest_of_its_block() -> None:
    log = log_of(broker_with(0, start=0), 5000)
    assert read(log, 1500) == Miss(0, BLOCK, 2 * BLOCK, 5000)
    assert read(log, 4999) == Miss(0, 4096, 5000, 5000)
    broker = FakeBrokerLog(1)
    broker[0].append()
    log.insert(broker.page(0, 0, 700))
    assert read(log, 1000) == Miss(0, 700, BLOCK, 5000)


def test_below_the_floor_it_is_expired_wherever_the_bytes_may_be() -> None:
    broker = broker_with(10)
    log = log_of(broker, 4)
    log.append(broker.page(0, 4, 10))
    page = broker.page(0, 0, 4)
    log.insert(page)
    log.expire(0, 6)
    assert read(log, 3) == Expired(0, 3, 6)
    assert read(log, 5) == Expired(0, 5, 6)
    assert read(log, 3, in_hand=page) == Expired(0, 3, 6)
    assert offsets(read(log, 6)) == [6, 7, 8, 9]


def test_a_cut_inside_an_aligned_page_is_no_hole() -> None:
    """The page still covers what is below the cut; only the floor knows that it is gone."""
    broker = broker_with(10)
    log = log_of(broker, 10)
    broker[0].start = 5
    page = broker.page(0, 0, 10)
    assert page.first == 0
    log.expire(0, 5)
    log.insert(page)
    assert read(log, 2) == Expired(0, 2, 5)
    assert offsets(read(log, 5)) == [5, 6, 7, 8, 9]


def test_expiry_moves_upwards_only() -> None:
    log = log_of(broker_with(10), 10)
    log.expire(0, 6)
    log.expire(0, 3)
    assert log.floors == (6,)


def test_the_floor_may_pass_the_tip() -> None:
    log = log_of(broker_with(10), 4)
    log.expire(0, 8)
    assert read(log, 4) == Expired(0, 4, 8)
    assert read(log, 8) == Read([], 8, 0)
    assert log.miss_at(0, 4) is None


def test_a_page_in_hand_is_served_though_the_cache_has_dropped_it() -> None:
    broker = broker_with(10)
    log = log_of(broker, 10)
    page = broker.page(0, 0, 10)
    assert offsets(read(log, 2, in_hand=page)) == [2, 3, 4, 5, 6, 7, 8, 9]
    assert log.cold == 0
    assert isinstance(read(log, 2, in_hand=broker.page(0, 3, 10)), Miss)
    assert isinstance(read(log, 9, in_hand=broker.page(0, 0, 9)), Miss)
    two = FakeBrokerLog(2)
    two[1].append()
    assert isinstance(read(log, 0, in_hand=two.page(1, 0, 1)), Miss)


def test_a_page_of_holes_in_hand_is_served_too() -> None:
    """It has no events and so a length of 0: judged by its truth, it would be loaded for ever."""
    broker = FakeBrokerLog(1)
    broker[0].hole(10)
    log = log_of(broker, 10)
    assert read(log, 2, in_hand=broker.page(0, 0, 10)) == Read([], 10, 0)


def test_stop_holds_hot_and_cold() -> None:
    broker = broker_with(10)
    log = log_of(broker, 5)
    log.append(broker.page(0, 5, 10))
    log.insert(broker.page(0, 0, 5))
    assert read(log, 1, stop=3) == Read(read(log, 1, stop=3).buffers, 3, 2)  # type: ignore[union-attr]
    assert offsets(read(log, 5, stop=7)) == [5, 6]


def test_pages_that_nobody_can_read_any_more_are_not_kept() -> None:
    broker = broker_with(10)
    log = log_of(broker, 10)
    log.expire(0, 8)
    log.insert(broker.page(0, 0, 8))
    assert log.cache_bytes == 0
    log.insert(broker.page(0, 0, 9))
    assert log.cache_bytes > 0
    log.clear()
    assert (log.cache_bytes, log.partitions, log.tips) == (0, 0, ())
    log.insert(broker.page(0, 0, 10))
    assert log.cache_bytes == 0


def test_a_page_must_follow_the_tip() -> None:
    broker = broker_with(10)
    log = log_of(broker, 4)
    with pytest.raises(InvariantError):
        log.append(broker.page(0, 5, 10))


def test_reset_forgets_one_partition() -> None:
    broker = FakeBrokerLog(2)
    for part in broker.partitions:
        for _ in range(10):
            part.append()
    log = log_of(broker, 5, 5)
    for partition in (0, 1):
        log.append(broker.page(partition, 5, 10))
        log.insert(broker.page(partition, 0, 5))
    held = log.cache_bytes
    log.reset_partition(0, floor=2, tip=3)
    assert (log.tips, log.floors) == ((3, 10), (2, 0))
    assert read(log, 2) == Miss(0, 0, 3, 3, revision=1)
    assert 0 < log.cache_bytes < held


def test_what_comes_next_in_time() -> None:
    broker = broker_with(10)
    log = log_of(broker, 5)
    log.append(broker.page(0, 5, 10))
    assert log.about_ms(0, 7) == 1_000_005, "one point is known"
    log.insert(broker.page(0, 0, 5))
    assert [log.about_ms(0, at) for at in (0, 2, 5, 7)] == [
        1_000_000,
        1_000_002,
        1_000_005,
        1_000_007,
    ]
    log.reset_partition(0, floor=0, tip=5)
    assert log.about_ms(0, 2) is None, "another log's times say nothing"


def test_what_would_have_to_be_loaded() -> None:
    broker = broker_with(10)
    log = log_of(broker, 5)
    log.append(broker.page(0, 5, 10))
    assert log.miss_at(0, 7) is None
    assert log.miss_at(0, 2) == Miss(0, 0, 10, 10)
    log.insert(broker.page(0, 0, 5))
    assert log.miss_at(0, 2) is None
    log.expire(0, 1)
    assert log.miss_at(0, 0) is None


def test_the_tails_share_one_limit_and_keep_their_newest_page() -> None:
    broker = FakeBrokerLog(2)
    log = log_of(broker, 0, 0, tail=300_000)
    broker[1].append(size=250_000)
    log.append(broker.page(1, 0, 1))
    for at in range(10):
        broker[0].append(size=70_000)
        log.append(broker.page(0, at, at + 1))
    assert log.tail_first(1) == 0
    assert log.tail_first(0) == 9, "a large single page elsewhere must not save the old ones"
    assert len(log._tails[0]) == 1


def test_views_of_the_tail_push_old_pages_out() -> None:
    broker = FakeBrokerLog(1)
    log = log_of(broker, 0, tail=400_000)
    for at in range(0, 8, 2):
        broker[0].append("a", size=40_000)
        broker[0].append("b", size=40_000)
        log.append(broker.page(0, at, at + 2))
    assert log.tail_first(0) == 0
    read(log, 0, wanted=TYPE_A)
    assert log.tail_bytes <= 400_000
    assert log.tail_first(0) > 0


def test_accounting_a_page_that_was_merged_changes_nothing() -> None:
    broker = broker_with(2)
    log = log_of(broker, 0)
    first, second = broker.page(0, 0, 1), broker.page(0, 1, 2)
    log.append(first)
    log.append(second)
    before = log.tail_bytes
    second.view(Filter(types=frozenset({"z"})), WEBSOCKET)
    log.account(second)
    assert log.tail_bytes == before


@given(
    kinds=st.lists(st.sampled_from(["a", "a", "b", "foreign", "hole", "gap"]), max_size=40),
    start=st.integers(0, 20),
    cut=st.integers(0, 40),
    tip=st.floats(0, 1),
    wanted=st.sampled_from([EVERYTHING, TYPE_A]),
    limit=st.integers(1, 400),
    begin=st.floats(0, 1),
    short=st.integers(20, 2000),
)
def test_following_the_answers_gives_every_event_once(
    *,
    kinds: list[str],
    start: int,
    cut: int,
    tip: float,
    wanted: Filter,
    limit: int,
    begin: float,
    short: int,
) -> None:
    broker = FakeBrokerLog(1, start=start)
    part = broker[0]
    for kind in kinds:
        match kind:
            case "foreign":
                part.append_raw(b"x")
            case "hole":
                part.hole(3)
            case "gap":
                part.hole(1500)
            case _:
                part.append(kind)
    part.start = min(part.end, part.start + cut)
    live = part.start + round((part.end - part.start) * tip)
    log = log_of(broker, live, tail=500, cache=500)
    for at in range(live, part.end, 400):
        log.append(broker.page(0, at, min(part.end, at + 400)))
    position = origin = part.start + round((part.end - part.start) * begin)
    got: list[int] = []
    in_hand: Page | None = None
    for _ in range(2 * part.end + 10):
        if position == part.end:
            break
        answer = read(log, position, limit=limit, wanted=wanted, in_hand=in_hand)
        if isinstance(answer, Miss):
            assert answer.start <= position < answer.stop <= log.tips[0]
            page_end = max(position + 1, min(answer.stop, answer.start + short))
            in_hand = broker.page(0, answer.start, page_end)
            log.insert(in_hand)
            continue
        got += offsets(answer)
        assert isinstance(answer, Read)
        assert answer.next > position
        position = answer.next
    assert position == part.end
    assert got == list(broker.offsets(0, origin, part.end, wanted))
