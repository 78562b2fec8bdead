"""How much is taken in each minute."""

from __future__ import annotations

from chassis.per_minute import PerMinute


def test_so_many_frames_a_minute_are_taken_however_they_come() -> None:
    now_s = 1000.0
    allowance = PerMinute(5, lambda: now_s)
    assert allowance.takes(3)
    assert allowance.takes(2)
    assert not allowance.takes(1)
    now_s += 60.1
    assert not allowance.takes(6), "a minute's worth is not saved up"
    assert not allowance.takes(1)
    now_s += 60.1
    assert allowance.takes(5)
