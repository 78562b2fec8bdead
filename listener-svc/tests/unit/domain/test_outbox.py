"""The outbox: order, sizes, deadlines."""

from __future__ import annotations

from listener_fakes.ticket import FakeTicket

from listener.domain.outbox import Outbox, Waiting
from listener.domain.record import Record


def waiting(name: str, size: int = 10, deadline: float = 0.0) -> Waiting:
    return Waiting(Record(None, name.encode(), [], size), FakeTicket(), deadline)


def names(batch: list[Waiting]) -> str:
    return "".join(each.record.value.decode() for each in batch)


def filled(text: str, size: int = 10) -> Outbox:
    outbox = Outbox()
    for at, name in enumerate(text):
        outbox.put(waiting(name, size, deadline=float(at)))
    return outbox


def test_events_leave_in_order_up_to_the_limit() -> None:
    outbox = filled("abcd")
    assert names(outbox.take(25)) == "ab"
    assert (len(outbox), outbox.size_bytes) == (2, 20)
    assert names(outbox.take(20)) == "cd"
    assert (len(outbox), outbox.size_bytes) == (0, 0)
    assert outbox.take(20) == []


def test_one_event_leaves_even_if_it_is_larger_than_the_limit() -> None:
    outbox = filled("ab", size=100)
    assert names(outbox.take(1)) == "a"
    assert outbox.size_bytes == 100


def test_what_is_put_back_goes_first_in_its_order() -> None:
    outbox = filled("abcd")
    outbox.put_back(outbox.take(20))
    assert outbox.size_bytes == 40
    assert names(outbox.take(1000)) == "abcd"


def test_events_expire_from_the_front_at_their_deadline() -> None:
    outbox = filled("abcd")
    assert names(outbox.expire(1.0)) == "ab"
    assert names(outbox.expire(1.5)) == ""
    assert (len(outbox), outbox.size_bytes) == (2, 20)
    assert names(outbox.expire(99.0)) == "cd"
    assert outbox.expire(99.0) == []


def test_clear_gives_everything() -> None:
    outbox = filled("abc")
    assert names(outbox.clear()) == "abc"
    assert (len(outbox), outbox.size_bytes) == (0, 0)
