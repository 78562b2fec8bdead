"""Consumer groups: who is in them, and how far behind each partition is.

Invariant: lag is the partition's end minus the committed offset; where nothing is committed there
is no lag to tell, and None says so. Reads only; commits and deletes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment

from local_kafka.admin import administration, check
from local_kafka.topics import partition_ranges

_NO_OFFSET = -1


@dataclass(frozen=True, slots=True)
class Member:
    """A consumer that is in the group now."""

    client_id: str
    host: str
    partitions: tuple[TopicPartition, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """How far a group is in one partition; offsets count records."""

    topic: str
    partition: int
    committed: int | None
    end: int | None
    """None when the topic is gone but its commits are not."""

    @property
    def lag(self) -> int | None:
        if self.committed is None or self.end is None:
            return None
        return max(0, self.end - self.committed)


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group as its coordinator sees it."""

    name: str
    state: str
    members: tuple[Member, ...]
    positions: tuple[Position, ...]


async def consumer_groups(bootstrap: str, prefix: str = "") -> list[Group]:
    """All groups whose names begin so, by name. Raises `KafkaRefused`."""
    async with administration(bootstrap) as admin:
        listed = [name for name, *_ in await admin.list_consumer_groups()]
        names = sorted(name for name in listed if name.startswith(prefix))
        described = [await _describe(admin, name) for name in names]
        committed = [await _committed(admin, name) for name in names]
    topics = {tp.topic for offsets in committed for tp in offsets}
    topics |= {tp.topic for _, members in described for each in members for tp in each.partitions}
    ends = {
        TopicPartition(found.topic, found.partition): found.end
        for found in (await partition_ranges(bootstrap, of=topics) if topics else [])
    }
    return [
        Group(name, state, members, positions(members, offsets, ends))
        for name, (state, members), offsets in zip(names, described, committed, strict=True)
    ]


def positions(
    members: Iterable[Member],
    committed: dict[TopicPartition, int],
    ends: dict[TopicPartition, int],
) -> tuple[Position, ...]:
    """Every partition that the group has committed to or has assigned, in order."""
    assigned = {partition for member in members for partition in member.partitions}
    return tuple(
        Position(tp.topic, tp.partition, committed.get(tp), ends.get(tp))
        for tp in sorted(assigned | committed.keys())
    )


async def _describe(admin: AIOKafkaAdminClient, name: str) -> tuple[str, tuple[Member, ...]]:
    (answer,) = (await admin.describe_consumer_groups([name]))[0].to_object()["groups"]
    check(answer["error_code"], f"Group {name}")
    members = tuple(
        Member(
            found["client_id"],
            found["client_host"].lstrip("/"),
            _assignment(found["member_assignment"]),
        )
        for found in answer["members"]
    )
    return answer["state"], members


async def _committed(admin: AIOKafkaAdminClient, name: str) -> dict[TopicPartition, int]:
    # Its error for the whole group is dropped by aiokafka; `_describe` has just asked the same
    # coordinator and would have been refused for the same reason.
    found = await admin.list_consumer_group_offsets(name)
    return {tp: at.offset for tp, at in found.items() if at.offset != _NO_OFFSET}


def _assignment(encoded: bytes) -> tuple[TopicPartition, ...]:
    if not encoded:  # between two rebalances
        return ()
    return tuple(sorted(ConsumerProtocolMemberAssignment.decode(encoded).partitions()))
