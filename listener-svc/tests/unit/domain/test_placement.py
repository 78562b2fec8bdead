"""Placement of records on partitions."""

from __future__ import annotations

from listener.domain.placement import Placement


def placement(count: int, writable: list[int]) -> Placement:
    placed = Placement(lambda key: -len(key))
    placed.update(count, writable)
    return placed


def test_nothing_is_known_before_the_first_update() -> None:
    placed = Placement(len)
    assert not placed.known
    placed.batch_taken()
    placed.update(2, [0, 1])
    assert placed.known
    placed.update(0, [])
    assert not placed.known


def test_a_key_goes_where_its_hash_says_also_where_nobody_leads() -> None:
    placed = placement(3, [0])
    assert placed.partition_of(b"1") == (-1 & 0x7FFFFFFF) % 3
    assert placed.partition_of(b"12") == (-2 & 0x7FFFFFFF) % 3


def test_records_without_key_stay_until_a_batch_leaves() -> None:
    placed = placement(4, [0, 2, 3])
    seen = []
    for _ in range(4):
        seen += [placed.partition_of(None), placed.partition_of(None)]
        placed.batch_taken()
    assert seen == [0, 0, 2, 2, 3, 3, 0, 0]


def test_with_no_leader_at_all_any_partition_will_do() -> None:
    assert placement(2, []).partition_of(None) == 0
