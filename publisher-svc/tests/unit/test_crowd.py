"""The crowd: who is behind, how near, and how many places are read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from publisher.domain.crowd import Crowd, Standing


def crowd(*standings: tuple[float, int, tuple[int, ...]]) -> Crowd:
    return Crowd(Standing(*each) for each in standings)


def test_the_nearest_before_that_time_is_told() -> None:
    some = crowd((300.0, 0, (30,)), (100.0, 0, (10,)), (200.0, 0, (20,)))
    assert some.behind(0, 1024, 250.0, 0.0) == 200.0
    assert some.behind(0, 1024, 200.0, 0.0) == 100.0, "who stands there is not behind"
    assert some.behind(0, 1024, 100.0, 0.0) is None
    assert len(some) == 3


def test_who_is_too_far_behind_is_nobody() -> None:
    some = crowd((100.0, 0, (10,)))
    assert some.behind(0, 1024, 250.0, 100.0) == 100.0
    assert some.behind(0, 1024, 250.0, 101.0) is None


def test_who_has_read_there_already_will_not_come() -> None:
    some = crowd((100.0, 1, (2048, 10)), (90.0, 1, (2047, 10)))
    assert some.behind(0, 2048, 250.0, 0.0) == 90.0


def test_places_are_the_blocks_that_are_read_now() -> None:
    assert crowd((1.0, 0, (0, 9)), (2.0, 0, (1023, 9)), (3.0, 1, (0, 0))).places == 2
    assert Crowd(()).places == 0


@given(
    st.lists(st.tuples(st.floats(0, 50), st.just(0), st.tuples(st.integers(0, 50)))),
    st.integers(0, 50), st.floats(0, 50), st.floats(0, 50),
)  # fmt: skip
def test_it_is_what_a_look_at_each_gives(
    standings: list[tuple[float, int, tuple[int]]], stop: int, time_ms: float, since_ms: float
) -> None:
    behind = [at for at, _, (read,) in standings if since_ms <= at < time_ms and read < stop]
    assert crowd(*standings).behind(0, stop, time_ms, since_ms) == max(behind, default=None)
