"""Allowances: what may be saved up, what is owed, and that the rate holds over time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.domain.allowance import Allowance, Rates


def test_what_is_saved_up_may_be_sent_at_once_and_then_one_waits() -> None:
    allowance = Allowance(Rates(events=10, burst_s=2), now=100.0)
    for _ in range(20):
        assert allowance.wait_s(100.0) == 0
        allowance.spend(1, 0, 100.0)
    assert allowance.wait_s(100.0) == 0
    allowance.spend(1, 0, 100.0)
    assert allowance.wait_s(100.0) == pytest.approx(0.1)
    assert allowance.wait_s(100.1) == pytest.approx(0, abs=1e-9)


def test_a_batch_larger_than_what_can_be_saved_up_is_paid_for_afterwards() -> None:
    allowance = Allowance(Rates(events=10, burst_s=1), now=0.0)
    allowance.spend(100, 0, 0.0)
    assert allowance.wait_s(0.0) == pytest.approx(9)


def test_bytes_count_beside_events() -> None:
    allowance = Allowance(Rates(events=1000, size_bytes=100, burst_s=1), now=0.0)
    allowance.spend(1, 400, 0.0)
    assert allowance.wait_s(0.0) == pytest.approx(3)


def test_without_a_limit_of_its_kind_nothing_is_counted() -> None:
    allowance = Allowance(Rates(size_bytes=100, burst_s=1), now=0.0)
    allowance.spend(10**6, 1, 0.0)
    assert allowance.wait_s(0.0) == 0
    assert not Rates().limited
    assert Rates(events=1).limited
    assert Rates(size_bytes=1).limited


def test_no_more_is_saved_up_than_the_burst() -> None:
    allowance = Allowance(Rates(events=10, burst_s=1), now=0.0)
    allowance.spend(11, 0, 1000.0)
    assert allowance.wait_s(1000.0) == pytest.approx(0.1)


@given(
    st.floats(1, 1000),
    st.floats(0, 5),
    st.lists(st.tuples(st.floats(0, 2), st.integers(1, 50)), max_size=30),
)
def test_who_sends_only_when_it_may_is_never_above_its_rate(
    rate: float, burst_s: float, sends: list[tuple[float, int]]
) -> None:
    allowance = Allowance(Rates(events=rate, burst_s=burst_s), now=0.0)
    now, sent = 0.0, 0
    for pause_s, events in sends:
        now += pause_s + allowance.wait_s(now + pause_s)
        assert sent <= rate * (now + burst_s) + 1e-6
        allowance.spend(events, 0, now)
        sent += events
