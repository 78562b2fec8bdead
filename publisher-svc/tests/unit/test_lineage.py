"""The log's lineage: a new leader epoch is looked into, and what is lost for certain is told."""

from __future__ import annotations

import pytest

from publisher.domain.lineage import Lineage, Reading, lost_from


def test_the_same_epoch_is_no_change_however_far_the_tips_move() -> None:
    lineage = Lineage()
    assert not lineage.look((3, 3), (10, 20))
    assert not lineage.look((3, 3), (15, 25))


def test_a_new_epoch_is_a_change_since_the_last_look_at_the_old_one_until_it_is_settled() -> None:
    lineage = Lineage()
    lineage.look((3, 7), (10, 20))
    lineage.look((3, 7), (15, 25))
    assert lineage.look((3, 8), (16, 40)) == {1: Reading(7, 25)}
    assert lineage.look((3, 9), (17, 50)) == {1: Reading(7, 25)}
    lineage.settle(1, 9, 50)
    assert not lineage.look((3, 9), (18, 60))
    assert lineage.look((3, 10), (19, 70)) == {1: Reading(9, 60)}


def test_an_epoch_that_is_not_known_now_changes_nothing() -> None:
    lineage = Lineage()
    lineage.look((3,), (10,))
    assert not lineage.look((-1,), (12,))
    assert lineage.look((4,), (14,)) == {0: Reading(3, 10)}


def test_a_new_partition_is_no_change_and_another_topic_begins_anew() -> None:
    lineage = Lineage()
    lineage.look((3,), (10,))
    assert not lineage.look((3, 0), (11, 0))
    lineage.clear()
    assert not lineage.look((9, 9), (0, 0))


@pytest.mark.parametrize(
    ("epoch_end", "tip", "lost"),
    [(10, 30, None), (9, 30, 9), (25, 30, None), (9, 9, None), (0, 30, 0)],
    ids=["whole", "cut", "since the look: not certain", "not read that far", "all of it"],
)
def test_what_was_read_under_an_epoch_and_is_beyond_its_end_is_lost(
    epoch_end: int, tip: int, lost: int | None
) -> None:
    assert lost_from(Reading(epoch=3, tip=10), epoch_end, tip) == lost
