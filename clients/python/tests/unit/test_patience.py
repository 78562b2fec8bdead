"""Waits and outages."""

from __future__ import annotations

from random import Random

import pytest

from broadcaster.backoff import Backoff, planned_delay_s
from broadcaster.patience import Outage, Patience


def test_ceilings_double_up_to_the_cap() -> None:
    backoff = Backoff(base_s=0.5, cap_s=30)
    assert [backoff.ceiling_s(n) for n in (0, 1, 5, 6, 7)] == [0.5, 1, 16, 30, 30]
    assert backoff.ceiling_s(10**6) == 30


def test_full_jitter_reaches_from_zero_to_the_ceiling() -> None:
    random = Random(1)
    drawn = [Backoff(1, 8).delay_s(2, random) for _ in range(2000)]
    assert 0 <= min(drawn) < 0.05
    assert 3.95 < max(drawn) <= 4
    assert sum(drawn) / len(drawn) == pytest.approx(2, abs=0.1)


def test_a_planned_wait_is_what_was_asked_for() -> None:
    assert planned_delay_s(250, Random(1)) == 0.25
    assert planned_delay_s(0, Random(1)) == 0
    assert planned_delay_s(-5, Random(1)) == 0


def test_what_was_never_reached_is_given_up_at_once_by_default() -> None:
    assert Outage(Patience()).outlasts(0)


def test_what_stood_once_is_waited_for_without_end_by_default() -> None:
    outage = Outage(Patience())
    outage.over()
    assert not outage.outlasts(0)
    assert not outage.outlasts(10**9)


def test_each_outage_counts_for_itself() -> None:
    outage = Outage(Patience(outage_s=10))
    outage.over()
    assert not outage.outlasts(100)
    assert not outage.outlasts(109)
    outage.over()
    assert not outage.outlasts(200)
    assert outage.outlasts(210)


def test_the_first_outage_has_its_own_bound() -> None:
    outage = Outage(Patience(first_outage_s=5, outage_s=0))
    assert not outage.outlasts(0)
    assert outage.outlasts(5)
