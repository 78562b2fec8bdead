"""The queue of loads: oldest in time first, what pays to wait is held, nobody starves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from publisher.app.load_queue import MOST_LOOKED_AT, PATIENCE, LoadQueue, Patience
from publisher.domain.log import Miss


def miss(start: int, partition: int = 0) -> Miss:
    return Miss(partition, start, start + 1, 1 << 20)


class Desk:
    """A queue whose judgement is a set, and its clock."""

    def __init__(self, longest_s: float = 0.5) -> None:
        self.waits_for: set[Miss] = set()
        self.now_s = 100.0
        self.queue = LoadQueue(self.waits_for.__contains__, lambda: self.now_s, longest_s)

    def add(self, start: int, about_ms: float | None, partition: int = 0) -> None:
        self.queue.add(miss(start, partition), about_ms, Patience())

    def taken(self) -> list[tuple[int, int]]:
        """All that can be loaded now, in order."""
        taken = []
        while (each := self.queue.take()) is not None:
            taken.append((each.partition, each.start))
        return taken


def test_the_oldest_in_time_goes_first_over_all_partitions() -> None:
    desk = Desk()
    for start, about_ms, partition in ((5, 300.0, 0), (9, 100.0, 1), (1, 200.0, 2), (7, None, 0)):
        desk.add(start, about_ms, partition)
    assert len(desk.queue) == 4
    assert desk.taken() == [(0, 7), (1, 9), (2, 1), (0, 5)]
    assert len(desk.queue) == 0


def test_the_lowest_goes_first_where_no_time_is_known() -> None:
    desk = Desk()
    for start in (3, 1, 2):
        desk.add(start, None)
    assert desk.taken() == [(0, 1), (0, 2), (0, 3)]


def test_what_pays_to_wait_is_held_until_it_does_no_more() -> None:
    desk = Desk()
    desk.waits_for |= {miss(1), miss(2)}
    for start in (1, 2, 3):
        desk.add(start, float(start))
    assert desk.taken() == [(0, 3)]
    assert desk.queue.held == 2
    desk.waits_for.discard(miss(2))
    assert desk.taken() == [], "not before the next look"
    desk.queue.look()
    assert desk.taken() == [(0, 2)]
    assert (desk.queue.held, len(desk.queue)) == (1, 1)


def test_it_is_held_for_so_long_at_most() -> None:
    desk = Desk()
    desk.waits_for.add(miss(1))
    desk.add(1, 1.0)
    desk.now_s += 0.4
    desk.queue.look()
    assert desk.taken() == []
    desk.now_s += 0.2
    desk.queue.look()
    assert desk.taken() == [(0, 1)]


def test_after_twice_as_long_the_order_of_asking_goes_before_all() -> None:
    desk = Desk()
    desk.waits_for.add(miss(8))
    for start in (9, 8):
        desk.add(start, float(start))
    desk.now_s += 1.0
    for start in (1, 2):
        desk.add(start, float(start))
    assert desk.taken() == [(0, 9), (0, 8), (0, 1), (0, 2)]
    assert desk.queue.held == 0


def test_with_a_bound_of_nothing_it_is_the_order_of_asking_and_nothing_is_held() -> None:
    desk = Desk(longest_s=0.0)
    desk.waits_for.add(miss(9))
    for start in (9, 1, 5):
        desk.add(start, float(start))
    assert desk.queue.held == 0
    assert desk.taken() == [(0, 9), (0, 1), (0, 5)]


def test_a_look_is_bounded() -> None:
    desk = Desk()
    every = {miss(start) for start in range(MOST_LOOKED_AT + 10)}
    desk.waits_for |= every
    for each in every:
        desk.queue.add(each, float(each.start), Patience())
    desk.waits_for.clear()
    desk.queue.look()
    assert desk.queue.held == 10
    assert len(desk.taken()) == MOST_LOOKED_AT


def test_without_patience_nothing_is_held() -> None:
    desk = Desk()
    desk.waits_for |= {miss(1), miss(2)}
    desk.queue.add(miss(1), 1.0, None)
    assert desk.taken() == [(0, 1)]
    desk.add(2, 2.0)
    assert desk.taken() == []
    desk.queue.join(miss(2), None)
    assert (desk.taken(), desk.queue.held) == ([(0, 2)], 0)
    desk.queue.join(miss(2), None)  # it is loading by now
    assert (desk.taken(), desk.queue.held) == ([], 0)


def held_for_s(desk: Desk, patience: Patience) -> float:
    """How long a page that pays to wait for is held back from this reader."""
    begin_s, desk.waits_for = desk.now_s, {miss(1)}
    desk.queue = LoadQueue(desk.waits_for.__contains__, lambda: desk.now_s, 0.5)
    desk.queue.add(miss(1), 1.0, patience)
    while not desk.taken():
        desk.now_s += 0.01
        desk.queue.look()
    return desk.now_s - begin_s


def test_a_reader_is_held_back_for_half_of_its_time_at_most_and_a_while_in_advance() -> None:
    desk, patience = Desk(), Patience()
    begin_s = desk.now_s
    held_s = 0.0
    for _ in range(200):
        held_s += held_for_s(desk, patience)
        desk.now_s += 0.1
        others_s = desk.now_s - begin_s - held_s
        assert held_s <= others_s + PATIENCE * 0.5 + 0.02
    assert held_for_s(desk, patience) < 0.2
    assert held_for_s(desk, Patience()) >= 0.5
    desk.now_s += 10.0
    assert held_for_s(desk, patience) >= 0.5, "it is forgotten"


def test_who_has_no_patience_left_takes_the_page_for_all_who_wait() -> None:
    desk, patience = Desk(), Patience()
    desk.waits_for.add(miss(1))
    desk.add(1, 1.0)
    patience.spend(0.0, desk.now_s)
    desk.queue.join(miss(1), patience)
    assert desk.taken() == [(0, 1)]


def test_reading_ahead_is_worth_it_only_when_nobody_waits() -> None:
    desk = Desk()
    assert desk.queue.is_worth_it(miss(5))
    desk.waits_for.add(miss(5))
    assert not desk.queue.is_worth_it(miss(5))
    desk.waits_for.clear()
    desk.add(3, 3.0)
    assert not desk.queue.is_worth_it(miss(5))


@given(st.lists(st.one_of(st.integers(0, 9), st.sampled_from(["take", "look", "wait", "mind"]))))
def test_whatever_is_asked_for_is_taken_once_and_in_time(steps: list[int | str]) -> None:
    """A taker who comes whenever it can gets everything after twice the bound."""
    desk = Desk()
    waiting: set[int] = set()
    for step in steps:
        if step == "take":
            got = desk.queue.take()
            if got is not None:
                waiting.remove(got.start)
        elif step == "look":
            desk.queue.look()
        elif step == "wait":
            desk.now_s += 0.1
        elif step == "mind":
            desk.waits_for ^= {miss(0), miss(3), miss(5)}
        elif isinstance(step, int) and step not in waiting:
            waiting.add(step)
            desk.add(step, float(step))
        assert len(desk.queue) == len(waiting)
        assert 0 <= desk.queue.held <= len(waiting)
    desk.now_s += 1.0
    assert {start for _, start in desk.taken()} == waiting
    assert desk.queue.held == 0
