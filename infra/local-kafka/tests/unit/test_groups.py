"""Positions and lag of a group."""

from aiokafka import TopicPartition

from local_kafka.groups import Member, Position, positions

P0, P1, P2 = (TopicPartition("t", n) for n in range(3))


def test_assigned_and_committed_partitions_are_listed_in_order() -> None:
    member = Member("c", "127.0.0.1", (P1,))

    found = positions([member], {P2: 5, P0: 7}, {P0: 10, P1: 3, P2: 5})

    assert found == (Position("t", 0, 7, 10), Position("t", 1, None, 3), Position("t", 2, 5, 5))
    assert [position.lag for position in found] == [3, None, 0]


def test_a_commit_beyond_the_end_is_no_negative_lag() -> None:
    assert Position("t", 0, committed=9, end=4).lag == 0


def test_commits_of_a_deleted_topic_have_no_lag() -> None:
    assert Position("t", 0, committed=9, end=None).lag is None
