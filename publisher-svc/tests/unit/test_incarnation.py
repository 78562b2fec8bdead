"""Of two processes with one name the earlier serves."""

from __future__ import annotations

from publisher.domain.incarnation import Incarnation

FIRST = Incarnation(1_790_000_000_000, "0000000a", "p.1")
SAME_MOMENT = Incarnation(1_790_000_000_000, "0000000b", "p.1")
LATER = Incarnation(1_790_000_000_001, "00000000", "p.1")
OTHER = Incarnation(1_000_000_000_000, "00000000", "p.2")


def test_it_is_told_by_the_client_id() -> None:
    assert str(FIRST) == "broadcaster-publisher-p.1.1790000000000.0000000a"


def test_the_later_one_sees_its_elder_and_not_the_other_way_round() -> None:
    both = [str(FIRST), str(LATER)]
    assert LATER.elders(both) == [str(FIRST)]
    assert FIRST.elders(both) == []


def test_of_two_of_the_same_moment_one_is_the_elder() -> None:
    both = [str(FIRST), str(SAME_MOMENT)]
    assert SAME_MOMENT.elders(both) == [str(FIRST)]
    assert FIRST.elders(both) == []


def test_strangers_are_rivals_but_nobodys_elders() -> None:
    strangers = [str(OTHER), "rdkafka", "broadcaster-publisher-p.1", ""]
    assert FIRST.elders(strangers) == []
    assert FIRST.rivals(strangers) == strangers


def test_one_joins_beside_later_ones_and_beside_what_is_left_of_oneself() -> None:
    assert FIRST.rivals([str(FIRST), str(LATER)]) == []
    assert LATER.rivals([str(FIRST), str(LATER)]) == [str(FIRST)]
