"""What was read and is lost is told for each partition, whatever becomes of the others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from publisher_fakes.broker_log import FakeBrokerLog
from publisher_fakes.page_reader import FakePageReader

from publisher.domain.log import Log
from publisher.infra.kafka_connection import KafkaAwayError
from publisher.infra.kafka_epochs import _RequestV3
from publisher.infra.kafka_lineage import KafkaLineage
from publisher.infra.kafka_topic import TopicIdentity


class Connection:
    """Its one broker leads everything and says where an epoch ended."""

    topic = "events"

    def __init__(self, ends: dict[int, int], error_code: int = 0) -> None:
        self.ends = ends
        self.error_code = error_code
        self.asked: Any = None
        self.refreshed = False

    async def leaders(self, partitions: int) -> dict[int, list[int]]:
        return {1: list(range(partitions))}

    async def send(self, _node: int, request: Any) -> Any:
        self.asked = request
        answers = [(self.error_code, partition, 3, end) for partition, end in self.ends.items()]
        return SimpleNamespace(topics=[(self.topic, answers)])

    def check(self, error_code: int) -> None:
        assert error_code == 0

    def refresh(self) -> None:
        self.refreshed = True


class Offsets:
    async def stable_ends(self, partitions: int) -> tuple[int, ...]:
        return (20,) * partitions


async def _told(
    lineage: KafkaLineage, epoch: int, tips: tuple[int, int]
) -> tuple[dict[int, int], bool]:
    """What is told in a look, and whether the look came to its end."""
    found: dict[int, int] = {}
    try:
        async for partition, end in lineage.lost(TopicIdentity("g", 2, (epoch, epoch)), tips):
            found |= {partition: end}
    except KafkaAwayError:
        return found, False
    return found, True


def _ten_each() -> tuple[FakeBrokerLog, Log]:
    """Two partitions of ten events, all of them read live."""
    broker = FakeBrokerLog(2)
    log = Log(tail_limit_bytes=1 << 20, cache_limit_bytes=1 << 20)
    for partition in range(2):
        for _ in range(10):
            broker[partition].append()
        log.add_partition(floor=0, tip=0)
        log.append(broker.page(partition, 0, 10))
    return broker, log


@pytest.mark.parametrize("fails", [False, True], ids=["all can be asked", "one cannot"])
async def test_a_loss_is_told_though_another_partition_cannot_be_compared(fails: bool) -> None:
    broker, log = _ten_each()
    reader = FakePageReader(broker)
    connection: Any = Connection({0: 4, 1: 6})
    offsets: Any = Offsets()
    lineage = KafkaLineage(connection, offsets, reader, log)
    assert await _told(lineage, 3, (10, 5)) == ({}, True)

    if fails:  # of partition 1 the look knows 5 offsets, so the rest must be compared
        reader.errors.append(KafkaAwayError("gone again"))
    assert await _told(lineage, 4, (10, 10)) == ({0: 4}, not fails)
    assert await _told(lineage, 4, (4, 10)) == ({}, True), "told once, and settled"


async def test_an_epoch_that_the_leader_does_not_know_proves_nothing_and_is_compared() -> None:
    broker, log = _ten_each()
    connection: Any = Connection({0: -1, 1: -1})
    offsets: Any = Offsets()
    lineage = KafkaLineage(connection, offsets, FakePageReader(broker), log)
    assert await _told(lineage, 3, (10, 10)) == ({}, True)
    assert await _told(lineage, 5, (10, 10)) == ({}, True), "the broker has what was read"

    broker[1].cut_end(6)
    for _ in range(8):
        broker[1].append()
    assert await _told(lineage, 7, (10, 10)) == ({1: 6}, True)


@pytest.mark.parametrize("error_code", [74, 75])
async def test_a_leader_of_another_epoch_than_was_told_is_asked_again(error_code: int) -> None:
    """While a leader changes, brokers know of it one after the other, and within one too."""
    broker, log = _ten_each()
    connection: Any = Connection({0: -1, 1: -1}, error_code)
    offsets: Any = Offsets()
    lineage = KafkaLineage(connection, offsets, FakePageReader(broker), log)
    assert await _told(lineage, 3, (10, 10)) == ({}, True)
    assert await _told(lineage, 5, (10, 10)) == ({}, False)
    assert connection.refreshed
    assert connection.asked.build(_RequestV3).topics == [("events", [(0, 5, 3), (1, 5, 3)])]
    connection.error_code, connection.ends = 0, {0: 10, 1: 4}
    assert await _told(lineage, 5, (10, 10)) == ({1: 4}, True)
