"""The sweep of pings: one timer, shared bytes, an interval from the handshake, given up in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from chassis.ping_sweep import CHUNK, SLOTS, PingSweep

INTERVAL_S, TIMEOUT_S = 64.0, 20.0


class FakeLoop:
    """A clock, and what is due."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self._due: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self.turns = 0

    def time(self) -> float:
        return self.now_s

    def call_later(self, delay_s: float, call: Callable[..., None], *given: Any) -> None:
        self._count += 1
        self._due.append((self.now_s + delay_s, self._count, call, given))

    def call_soon(self, call: Callable[..., None], *given: Any) -> None:
        self.turns += 1
        self.call_later(0.0, call, *given)

    @property
    def timers(self) -> int:
        return len(self._due)

    def advance(self, seconds: float) -> None:
        until_s = self.now_s + seconds
        while self._due and min(self._due)[0] <= until_s:
            first = min(self._due, key=lambda due: due[:2])
            self._due.remove(first)
            self.now_s = first[0]
            first[2](*first[3])
        self.now_s = until_s


class FakeConnection:
    """Notes what is written; answers when told."""

    def __init__(self) -> None:
        self.transport = self
        self.close_sent = False
        self.closing = False
        self.read_paused = False
        self.unsent_bytes = 0
        self.pending_ping_payload: bytes | None = None
        self.ping_sent_at = 0.0
        self.written: list[bytes] = []
        self.given_up = 0

    def get_write_buffer_size(self) -> int:
        return self.unsent_bytes

    def is_closing(self) -> bool:
        return self.closing

    def write_ping(self, data: bytes) -> None:
        self.written.append(data)

    def keepalive_timeout(self) -> None:
        self.given_up += 1

    def answer(self) -> None:
        assert self.pending_ping_payload == self.written[-1][2:]
        self.pending_ping_payload = None


class Desk:
    def __init__(self, timeout_s: float | None = TIMEOUT_S) -> None:
        self.loop = FakeLoop()
        loop = cast("asyncio.AbstractEventLoop", self.loop)
        self.sweep = PingSweep(loop, INTERVAL_S, timeout_s)

    def open(self, count: int = 1) -> list[FakeConnection]:
        made = [FakeConnection() for _ in range(count)]
        for each in made:
            self.sweep.add(each)
        return made


def test_the_first_ping_comes_an_interval_after_the_handshake() -> None:
    desk = Desk()
    desk.loop.advance(7.3)
    (one,) = desk.open()
    desk.loop.advance(INTERVAL_S - 1)
    assert one.written == []
    desk.loop.advance(1)
    assert [frame[:2] for frame in one.written] == [b"\x89\x04"]
    assert len(one.written[0]) == 6
    assert one.ping_sent_at == desk.loop.now_s


def test_who_answers_is_pinged_once_an_interval() -> None:
    desk = Desk()
    (one,) = desk.open()
    for _ in range(5):
        desk.loop.advance(INTERVAL_S)
        one.answer()
    assert len(one.written) == len(set(one.written)) == 5
    assert one.given_up == 0


def test_who_does_not_answer_in_time_is_given_up() -> None:
    desk = Desk()
    one, other = desk.open(2)
    desk.loop.advance(INTERVAL_S)
    other.answer()
    desk.loop.advance(TIMEOUT_S - 0.1)
    assert one.given_up == 0
    desk.loop.advance(0.1)
    assert (one.given_up, other.given_up) == (1, 0)


def test_who_is_not_read_is_asked_again_and_not_given_up() -> None:
    desk = Desk()
    (one,) = desk.open()
    one.read_paused = True
    desk.loop.advance(INTERVAL_S + TIMEOUT_S)
    assert (len(one.written), one.given_up) == (1, 0)
    one.read_paused = False
    desk.loop.advance(INTERVAL_S)
    assert (len(one.written), one.given_up) == (2, 1)


def test_no_second_ping_while_the_first_is_unanswered() -> None:
    desk = Desk(timeout_s=2.5 * INTERVAL_S)
    (one,) = desk.open()
    desk.loop.advance(2.5 * INTERVAL_S)
    assert len(one.written) == 1
    one.answer()
    desk.loop.advance(INTERVAL_S)
    assert len(one.written) == 2
    assert one.given_up == 0


def test_without_a_timeout_nobody_is_given_up() -> None:
    desk = Desk(timeout_s=None)
    (one,) = desk.open()
    desk.loop.advance(10 * INTERVAL_S)
    assert (len(one.written), one.given_up) == (1, 0)


@pytest.mark.parametrize("sign", ["close_sent", "closing"])
def test_what_ends_is_not_pinged(sign: str) -> None:
    desk = Desk()
    (one,) = desk.open()
    setattr(one, sign, True)
    desk.loop.advance(2 * INTERVAL_S)
    assert one.written == []


def test_who_went_is_forgotten_and_the_timer_ends_with_the_last() -> None:
    desk = Desk()
    one, other = desk.open(2)
    assert len(desk.sweep) == 2
    desk.sweep.discard(one)
    desk.sweep.discard(one)
    desk.loop.advance(INTERVAL_S)
    assert (one.written, len(other.written)) == ([], 1)
    desk.sweep.discard(other)
    desk.loop.advance(INTERVAL_S)
    assert (len(desk.sweep), desk.loop.timers) == (0, 0)
    (late,) = desk.open()
    desk.loop.advance(INTERVAL_S)
    assert len(late.written) == 1


def test_thousands_cost_one_timer_and_share_their_bytes() -> None:
    desk = Desk()
    crowds = []
    for _ in range(SLOTS):
        crowds.append(desk.open(50))
        desk.loop.advance(INTERVAL_S / SLOTS)
    assert desk.loop.timers <= 2  # the next tick, and the first slot's end of patience
    desk.loop.advance(INTERVAL_S / SLOTS)
    assert len({id(one.written[0]) for one in crowds[0]}) == 1


def test_who_is_not_read_and_does_not_read_itself_is_given_up() -> None:
    desk = Desk()
    stuck, slow = desk.open(2)
    for each in (stuck, slow):
        each.read_paused, each.unsent_bytes = True, 1000
    desk.loop.advance(INTERVAL_S)
    slow.unsent_bytes = 999
    desk.loop.advance(TIMEOUT_S)
    assert (stuck.given_up, slow.given_up) == (1, 0)


def test_those_who_came_together_are_not_pinged_in_one_piece() -> None:
    desk = Desk()
    crowd = desk.open(2 * CHUNK + 1)
    crowd[-1].closing = True
    desk.loop.advance(INTERVAL_S)
    assert desk.loop.turns == 2
    assert [len(each.written) for each in crowd] == [1] * 2 * CHUNK + [0]
    desk.loop.advance(TIMEOUT_S)
    assert all(each.given_up == 1 for each in crowd[:-1])


def test_a_write_may_end_a_connection_within_the_round() -> None:
    """uvloop writes at once, and a write may find out that the peer is gone."""
    desk = Desk()
    one, other = desk.open(2)

    def both_go(data: bytes) -> None:  # noqa: ARG001 - as a transport
        desk.sweep.discard(one)
        desk.sweep.discard(other)
        one.closing = other.closing = True

    one.write_ping = other.write_ping = both_go  # type: ignore[method-assign]
    desk.loop.advance(INTERVAL_S)
    assert len(desk.sweep) == 0
