"""Who is stalled: no byte drained within the limit."""

from __future__ import annotations

from publisher.domain.slowness import Standstill, is_stalled, observe


def test_a_socket_that_takes_bytes_stands_nowhere() -> None:
    assert observe(None, paused=False, buffered_bytes=100, now_s=5.0) is None
    assert observe(Standstill(1.0, 100), paused=False, buffered_bytes=100, now_s=5.0) is None


def test_it_begins_when_it_is_first_seen() -> None:
    assert observe(None, paused=True, buffered_bytes=100, now_s=5.0) == Standstill(5.0, 100)


def test_without_progress_it_goes_on() -> None:
    before = Standstill(1.0, 100)
    assert observe(before, paused=True, buffered_bytes=100, now_s=5.0) is before
    assert observe(before, paused=True, buffered_bytes=150, now_s=5.0) is before


def test_one_byte_of_progress_begins_anew() -> None:
    assert observe(Standstill(1.0, 100), paused=True, buffered_bytes=99, now_s=5.0) == Standstill(
        5.0, 99
    )


def test_only_longer_than_the_limit_is_stalled() -> None:
    assert not is_stalled(None, limit_s=30.0, now_s=1e9)
    assert not is_stalled(Standstill(1.0, 1), limit_s=30.0, now_s=31.0)
    assert is_stalled(Standstill(1.0, 1), limit_s=30.0, now_s=31.1)
