"""Plans: where a stream starts and ends, or why it is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.cursor import Cursor
from contracts.problem import Problem, ProblemType
from contracts.since import Ago, Earliest, End, Instant, Last, Now, Offset, Point
from publisher.domain.plan import Bounds, Needs, OffsetsByTime, Plan, Request, needs, resolve

GENERATION = "0badcafe"
NOW_MS = 1_000_000
ONE = Bounds(GENERATION, (10,), (100,), (90,))
THREE = Bounds(GENERATION, (10, 0, 5), (100, 20, 5), (90, 20, 5))


def plan(request: Request, bounds: Bounds = ONE, times: OffsetsByTime | None = None) -> Plan:
    """The plan, which there is."""
    answer = resolve(request, bounds, times or {}, NOW_MS)
    assert isinstance(answer, Plan), answer
    return answer


def refusal(
    request: Request, bounds: Bounds = ONE, times: OffsetsByTime | None = None
) -> tuple[ProblemType, str, dict[str, Any]]:
    """The refusal, which there is."""
    answer = resolve(request, bounds, times or {}, NOW_MS)
    assert isinstance(answer, Problem), answer
    return answer.type, answer.detail, dict(answer.members)


# -- needs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (Request(), Needs(False, ())),
        (Request(Earliest()), Needs(True, ())),
        (Request(Offset(3)), Needs(True, ())),
        (Request(Now(), Now()), Needs(True, ())),
        (Request(Instant(7)), Needs(True, (7,))),
        (Request(Ago(400)), Needs(True, (NOW_MS - 400,))),
        (Request(Ago(NOW_MS * 2)), Needs(True, (0,))),
        (Request(Instant(9), Ago(NOW_MS - 4)), Needs(True, (4, 9))),
        (Request(Instant(9), Instant(9)), Needs(True, (9,))),
    ],
)
def test_needs(request_: Request, expected: Needs) -> None:
    assert needs(request_, NOW_MS) == expected


# -- starts --------------------------------------------------------------------------------------


def test_now_is_this_instances_tip() -> None:
    assert plan(Request(), THREE) == Plan((90, 20, 5), None)


def test_now_where_retention_has_passed_the_tip_is_what_comes_next() -> None:
    assert plan(Request(), Bounds(GENERATION, (95, 0), (100, 20), (90, 20))).start == (95, 20)


def test_earliest_is_what_is_retained_and_truncates_nothing() -> None:
    assert plan(Request(Earliest()), THREE) == Plan((10, 0, 5), None)


def test_last_counts_from_the_brokers_end_in_each_partition() -> None:
    assert plan(Request(Last(15)), THREE) == Plan((85, 5, 5), None, truncated=True)
    assert plan(Request(Last(15))) == Plan((85,), None)
    assert plan(Request(Last(90))) == Plan((10,), None)
    assert plan(Request(Last(91))) == Plan((10,), None, truncated=True)
    assert plan(Request(Last(0))) == Plan((100,), None)


def test_last_beyond_the_beginning_of_a_whole_log_truncates_nothing() -> None:
    whole = Bounds(GENERATION, (0,), (3,), (3,))
    assert plan(Request(Last(2**63 - 1)), whole) == Plan((0,), None)


def test_times_start_at_the_first_event_at_or_after_them() -> None:
    bounds = Bounds(GENERATION, (10, 0), (100, 20), (90, 20))
    assert plan(Request(Instant(7)), bounds, {7: (50, None)}) == Plan((50, 20), None)
    assert plan(Request(Ago(NOW_MS - 7)), ONE, {7: (50,)}) == Plan((50,), None)


def test_a_time_below_what_is_retained_says_so() -> None:
    assert plan(Request(Instant(7)), ONE, {7: (10,)}).truncated
    whole = Bounds(GENERATION, (0,), (3,), (3,))
    assert not plan(Request(Instant(7)), whole, {7: (0,)}).truncated
    emptied = Bounds(GENERATION, (5,), (5,), (5,))  # what it held may well have been later
    assert plan(Request(Instant(7)), emptied, {7: (None,)}) == Plan((5,), None, truncated=True)


def test_a_time_that_retention_overtook_since_it_was_looked_up_is_moved_and_says_so() -> None:
    assert plan(Request(Instant(7)), ONE, {7: (4,)}) == Plan((10,), None, truncated=True)


def test_a_bare_offset_is_inclusive() -> None:
    assert plan(Request(Offset(42))) == Plan((42,), None)


def test_a_bare_offset_needs_one_partition() -> None:
    kind, detail, _ = refusal(Request(Offset(42)), THREE)
    assert kind is ProblemType.INVALID_CURSOR
    assert "has 3" in detail
    assert "0:10,1:0,2:5@0badcafe" in detail


def test_cursors() -> None:
    assert plan(Request(Cursor((50, 3, 5))), THREE).start == (50, 3, 5)
    assert plan(Request(Cursor((10, 0, 5), GENERATION)), THREE).start == (10, 0, 5)


def test_partitions_that_a_cursor_does_not_know_start_at_their_beginning() -> None:
    assert plan(Request(Cursor((50,))), THREE) == Plan((50, 0, 5), None)


def test_a_cursor_with_more_partitions_than_the_topic_is_refused() -> None:
    kind, detail, _ = refusal(Request(Cursor((10, 0))))
    assert kind is ProblemType.INVALID_CURSOR
    assert "names partition 1 and the topic has 1" in detail


def test_another_generation_is_foreign_whatever_it_says() -> None:
    for positions in ((50,), (1,), (500,), (1, 1, 1)):
        kind, _, members = refusal(Request(Cursor(positions, "11111111"), None, True, True))
        assert kind is ProblemType.CURSOR_FOREIGN
        assert members == {"generation": GENERATION}


def test_between_this_tip_and_the_brokers_end_one_waits() -> None:
    assert plan(Request(Cursor((95,)))).start == (95,)
    assert plan(Request(Cursor((100,)))).start == (100,)


def test_beyond_the_brokers_end_is_ahead() -> None:
    kind, detail, members = refusal(Request(Cursor((50, 21, 5))), THREE)
    assert kind is ProblemType.CURSOR_AHEAD
    assert "partition 1 ends at 20" in detail
    assert members == {"end": "0:100,1:20,2:5@0badcafe"}


def test_on_ahead_moves_just_those_partitions() -> None:
    moved = plan(Request(Cursor((101, 3, 9)), move_ahead=True), THREE)
    assert moved.start == (90, 3, 5)
    assert moved.moved_from == {}


def test_on_ahead_never_moves_below_what_is_retained() -> None:
    bounds = Bounds(GENERATION, (95,), (100,), (90,))
    assert plan(Request(Offset(101), move_ahead=True), bounds).start == (95,)


def test_below_the_earliest_is_expired() -> None:
    kind, detail, members = refusal(Request(Cursor((50, 3, 4))), THREE)
    assert kind is ProblemType.CURSOR_EXPIRED
    assert "partition 2 now begins at 5" in detail
    assert members == {"earliest": "0:10,1:0,2:5@0badcafe"}


def test_on_expired_moves_just_those_partitions_and_says_from_where() -> None:
    moved = plan(Request(Cursor((9, 3, 4)), move_expired=True), THREE)
    assert moved.start == (10, 3, 5)
    assert moved.moved_from == {"0": 9, "2": 4}


def test_expired_and_ahead_at_once() -> None:
    cursor = Cursor((9, 21, 5))
    assert refusal(Request(cursor), THREE)[0] is ProblemType.CURSOR_AHEAD
    ahead_moved = Request(cursor, move_ahead=True)
    assert refusal(ahead_moved, THREE)[0] is ProblemType.CURSOR_EXPIRED
    assert refusal(Request(cursor, move_expired=True), THREE)[0] is ProblemType.CURSOR_AHEAD
    both = plan(Request(cursor, move_expired=True, move_ahead=True), THREE)
    assert (both.start, both.moved_from) == ((10, 20, 5), {"0": 9})


# -- ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "stop"),
    [
        (Now(), (100,)),
        (Earliest(), (10,)),
        (Last(10), (90,)),
        (Last(1000), (10,)),
        (Offset(50), (50,)),
        (Offset(100), (100,)),
        (Cursor((50,), GENERATION), (50,)),
        (Instant(7), (70,)),
        (Ago(NOW_MS - 8), (100,)),
        (Ago(0), (100,)),
    ],
)
def test_ends(until: Point, stop: tuple[int, ...]) -> None:
    times: OffsetsByTime = {7: (70,), 8: (None,), NOW_MS: (None,)}
    assert plan(Request(Earliest(), until), ONE, times).stop == stop


def test_an_end_at_the_start_is_an_empty_stream() -> None:
    assert plan(Request(Offset(50), Offset(50))) == Plan((50,), (50,))


def test_an_end_below_the_start_in_any_partition_is_refused() -> None:
    assert refusal(Request(Offset(50), Offset(49)))[0] is ProblemType.INVALID_CURSOR
    kind, detail, _ = refusal(Request(Cursor((50, 3)), Cursor((60, 2))), THREE)
    assert (kind, "before since" in detail) == (ProblemType.INVALID_CURSOR, True)


def test_now_until_something_past_is_refused() -> None:
    assert refusal(Request(Now(), Last(50)))[0] is ProblemType.INVALID_CURSOR
    assert plan(Request(Now(), Now())) == Plan((90,), (100,))


def test_an_end_does_not_forget_what_the_start_had_to_say() -> None:
    resolved = plan(Request(Last(500), Now()))
    assert (resolved.truncated, resolved.stop) == (True, (100,))
    moved = plan(Request(Offset(3), Now(), move_expired=True))
    assert moved.moved_from == {"0": 3}


def test_an_end_in_the_future_is_refused() -> None:
    for until in (Offset(101), Cursor((101,)), Instant(NOW_MS + 1)):
        kind, detail, _ = refusal(Request(Earliest(), until), ONE, {NOW_MS + 1: (None,)})
        assert kind is ProblemType.INVALID_CURSOR
        assert "future" in detail


def test_partitions_that_an_end_does_not_know_end_where_the_log_does() -> None:
    assert plan(Request(Earliest(), Cursor((50,))), THREE).stop == (50, 20, 5)


def test_an_end_of_another_generation_or_shape_is_refused() -> None:
    foreign = Request(Earliest(), Cursor((50,), "11111111"))
    assert refusal(foreign)[0] is ProblemType.CURSOR_FOREIGN
    assert refusal(Request(Earliest(), Offset(1)), THREE)[0] is ProblemType.INVALID_CURSOR


def test_a_refused_start_is_told_before_a_refused_end() -> None:
    assert refusal(Request(Offset(101), Offset(102)))[0] is ProblemType.CURSOR_AHEAD


# -- whatever is asked ---------------------------------------------------------------------------

POINTS = st.one_of(
    st.just(Now()),
    st.just(Earliest()),
    st.integers(0, 60).map(Offset),
    st.integers(0, 60).map(Last),
    st.integers(0, 60).map(Instant),
    st.integers(0, 70).map(Ago),
    st.lists(st.integers(0, 60), min_size=1, max_size=4).map(lambda at: Cursor(tuple(at))),
)


@st.composite
def bounds_of_some_topic(draw: st.DrawFn) -> Bounds:
    rows = draw(st.lists(st.tuples(*[st.integers(0, 50)] * 3).map(sorted), min_size=1, max_size=3))
    late = draw(st.booleans())  # retention has passed the tip
    low, tip = (1, 0) if late else (0, 1)
    columns = [tuple(row[column] for row in rows) for column in (low, 2, tip)]
    return Bounds(GENERATION, *columns)


@given(
    st.builds(Request, POINTS, st.none() | POINTS, st.booleans(), st.booleans()),
    bounds_of_some_topic(),
    st.data(),
)
def test_a_plan_lies_within_the_log_and_begins_before_it_ends(
    request_: Request, bounds: Bounds, data: st.DataObject
) -> None:
    now_ms = 60
    times = {
        ms: tuple(data.draw(st.none() | st.integers(0, end)) for end in bounds.ends)
        for ms in needs(request_, now_ms).times_ms
    }
    answer = resolve(request_, bounds, times, now_ms)
    if isinstance(answer, Problem):
        return
    for partition, (low, end) in enumerate(zip(bounds.earliest, bounds.ends, strict=True)):
        assert low <= answer.start[partition] <= end
        if answer.stop is not None:
            assert answer.start[partition] <= answer.stop[partition] <= end
    if isinstance(request_.since, Cursor | Offset) and not answer.moved_from:
        asked = request_.since
        positions = asked.positions if isinstance(asked, Cursor) else (asked.offset,)
        for partition, at in enumerate(positions):
            assert answer.start[partition] == at or (
                request_.move_ahead and at > bounds.ends[partition]
            )


# -- an end that was resolved before (an SSE id carries it) ---------------------------------------


def test_an_end_resolved_before_is_that_end() -> None:
    request = Request(Cursor((20,), GENERATION), End(Cursor((50,), GENERATION)))
    assert plan(request) == Plan((20,), (50,))


def test_partitions_newer_than_that_end_have_nothing_to_give() -> None:
    request = Request(Cursor((20,), GENERATION), End(Cursor((50,), GENERATION)))
    assert plan(request, THREE) == Plan((20, 0, 5), (50, 0, 5))
    grown = Request(Cursor((20, 3), GENERATION), End(Cursor((50,), GENERATION)))
    assert plan(grown, THREE) == Plan((20, 3, 5), (50, 3, 5))


def test_an_end_that_the_log_lost_is_told() -> None:
    request = Request(Cursor((20,)), End(Cursor((101,))))
    kind, detail, members = refusal(request)
    assert kind is ProblemType.CURSOR_AHEAD
    assert "lost its end" in detail
    assert members == {"end": f"0:100@{GENERATION}"}


def test_an_end_of_another_generation_is_foreign() -> None:
    request = Request(Cursor((20,)), End(Cursor((50,), "1badcafe")))
    assert refusal(request)[0] is ProblemType.CURSOR_FOREIGN


def test_what_expired_beyond_that_end_has_nothing_left_to_give() -> None:
    request = Request(Cursor((2,)), End(Cursor((5,))), move_expired=True)
    assert plan(request) == Plan((10,), (10,), moved_from={"0": 2})
    assert refusal(Request(Cursor((2,)), End(Cursor((5,)))))[0] is ProblemType.CURSOR_EXPIRED
