"""Retries: one record, whatever is sent how often, as long as anything is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from listener_fakes.ticket import FakeTicket

from contracts.problem import Problem
from listener.domain.delivery import OUTCOME_UNKNOWN, WAITED_TOO_LONG
from listener.domain.retry_window import RetryWindow


class Line:
    """A window, and a log behind it that stores what is a first attempt."""

    def __init__(self, window_s: float = 10, max_events: int = 100) -> None:
        self.window = RetryWindow(window_s, max_events, now=0)
        self.taken: list[tuple[str, FakeTicket]] = []

    def send(self, identity: str = "e") -> FakeTicket:
        ticket = FakeTicket()
        if self.window.take(identity, ticket):
            self.taken.append((identity, ticket))
        return ticket

    def store(self, offset: int = 7) -> None:
        """All that was taken."""
        self.window.stored([identity for identity, _ in self.taken], 3, offset)
        for at, (_, ticket) in enumerate(self.taken):
            ticket.stored(3, offset + at)
        self.taken.clear()

    def fail(self, problem: Problem) -> None:
        self.window.failed([identity for identity, _ in self.taken], problem)
        for _, ticket in self.taken:
            ticket.failed(problem)
        self.taken.clear()


@pytest.fixture
def line() -> Line:
    return Line()


def told(ticket: FakeTicket) -> tuple[object, bool]:
    return ticket.answer, ticket.duplicate


def test_a_retry_of_a_stored_event_has_its_position_and_is_not_taken(line: Line) -> None:
    line.send("other")
    first = line.send()
    line.store()
    second = line.send()
    assert line.taken == []
    assert (told(first), told(second)) == (((3, 8), False), ((3, 8), True))


def test_a_retry_of_an_event_in_flight_is_answered_with_it(line: Line) -> None:
    line.send("other")
    first, *retries = [line.send() for _ in range(3)]
    assert len(line.taken) == 2
    assert [each.answer for each in retries] == [None, None]
    line.store()
    assert told(first) == ((3, 8), False)
    assert [told(each) for each in retries] == [((3, 8), True)] * 2


@pytest.mark.parametrize("problem", [WAITED_TOO_LONG, OUTCOME_UNKNOWN])
def test_who_waits_beside_a_failing_event_hears_the_same(line: Line, problem: Problem) -> None:
    tickets = [line.send(), line.send()]
    line.fail(problem)
    assert [ticket.answer for ticket in tickets] == [problem, problem]


def test_what_was_not_stored_is_stored_by_the_retry(line: Line) -> None:
    line.send()
    line.fail(WAITED_TOO_LONG)
    retry = line.send()
    line.store()
    assert told(retry) == ((3, 7), False)
    assert len(line.window) == 1


def test_while_an_outcome_is_unknown_a_retry_is_not_stored_beside_it(line: Line) -> None:
    line.send()
    line.fail(OUTCOME_UNKNOWN)
    assert line.send().problem == "outcome-unknown"
    assert line.taken == []
    line.window.stored(["e"], 3, 41)  # after all
    assert told(line.send()) == ((3, 41), True)


def test_what_nobody_will_ever_know_is_stored_by_the_retry(line: Line) -> None:
    line.send()
    line.fail(OUTCOME_UNKNOWN)
    line.window.never_known(["e"])
    line.send()
    assert [identity for identity, _ in line.taken] == ["e"]


def test_events_without_an_identity_keep_their_places() -> None:
    window = RetryWindow(10, 100, now=0)
    ticket = FakeTicket()
    assert window.take("a", ticket)
    window.stored([None, "a", None], 0, 5)
    again = FakeTicket()
    assert not window.take("a", again)
    assert again.answer == (0, 6)
    window.failed([None], WAITED_TOO_LONG)
    assert len(window) == 1


def test_an_event_is_known_for_the_window_and_at_most_twice_as_long(line: Line) -> None:
    line.window.tick(5)
    line.send()
    line.store()
    for now in range(6, 20):
        line.window.tick(now)
        line.send()
        assert line.taken == [], now
    line.window.tick(20)
    line.send()
    assert len(line.taken) == 1


def test_what_the_window_has_passed_by_leaves_nothing_behind() -> None:
    line = Line(max_events=4)
    line.send("a")
    flying, line.taken = line.taken, []
    for name in "bcde":
        line.send(name)
    line.taken = flying
    line.store()
    assert len(line.window) <= 4
    line.send("a")
    assert [identity for identity, _ in line.taken] == ["a"]


def test_in_flight_in_the_older_generation_it_is_still_one() -> None:
    line = Line(max_events=4)
    line.send("a")
    line.send("b")  # half is full
    retry = line.send("a")
    line.store()
    assert told(retry) == ((3, 7), True)
    line.fail(WAITED_TOO_LONG)
    assert told(line.send("b")) == ((3, 8), True)


def test_freed_in_the_older_generation_it_may_be_taken_again_once() -> None:
    line = Line(max_events=4)
    line.send("a")
    line.send("b")
    line.fail(WAITED_TOO_LONG)
    line.send("a")
    line.send("a")
    assert [identity for identity, _ in line.taken] == ["a"]


@given(st.lists(st.one_of(st.integers(0, 9), st.none()), max_size=200), st.integers(1, 9))
def test_it_is_bounded_and_always_knows_the_newest_half(
    steps: list[int | None], max_events: int
) -> None:
    """Numbers are events, stored at once; None is a second's passing."""
    line = Line(3, max_events)
    newest: list[str] = []
    now = 0.0
    for offset, step in enumerate(steps):
        if step is None:
            now += 1
            line.window.tick(now)
            newest.clear()
            continue
        name = str(step)
        ticket = line.send(name)
        first = bool(line.taken)
        line.store(offset)
        assert isinstance(ticket.answer, tuple)
        if name in newest[-max(1, max_events // 2) :]:
            assert not first
        if first:
            assert ticket.answer == (3, offset)
            newest.append(name)
        assert len(line.window) <= max(2, max_events)
