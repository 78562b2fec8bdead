"""About when which offset was written: known points, and lines between them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from publisher.domain.time_index import MOST_POINTS, TimeIndex


def index(*points: tuple[int, int]) -> TimeIndex:
    made = TimeIndex()
    for offset, time_ms in points:
        made.note(offset, time_ms)
    return made


def test_nothing_is_known_of_an_empty_one() -> None:
    assert TimeIndex().estimate_ms(5) is None
    assert index((0, 0)).estimate_ms(5) is None, "a page of holes has no time"


def test_one_point_is_all_that_is_known() -> None:
    assert index((10, 1000)).estimate_ms(500) == 1000


def test_between_points_and_beyond_them_it_goes_straight_on() -> None:
    times = index((20, 3000), (0, 1000), (10, 1500))
    assert [times.estimate_ms(at) for at in (0, 5, 10, 15, 20)] == [1000, 1250, 1500, 2250, 3000]
    assert times.estimate_ms(22) == 3300
    assert index((10, 1000), (20, 2000)).estimate_ms(5) == 500


def test_a_cut_log_is_forgotten() -> None:
    times = index((0, 1000), (10, 2000))
    times.forget()
    assert times.estimate_ms(5) is None


def test_points_are_bounded_and_the_ends_stay() -> None:
    times = index(*[(at, 10 * at + 1) for at in range(3 * MOST_POINTS)])
    assert len(times._offsets) <= MOST_POINTS
    assert times._offsets[0] == 0
    assert times._offsets[-1] == 3 * MOST_POINTS - 1
    assert times.estimate_ms(777) == 7771


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 50)), min_size=2))
def test_estimates_never_run_backwards(steps: list[tuple[int, int]]) -> None:
    """As far as the broker's timestamps do not."""
    points = [(offset, 1000 + offset * 3) for offset, _ in steps]
    times = index(*points)
    found = [times.estimate_ms(at) or 0 for at in range(0, 1100, 7)]
    assert found == sorted(found)
