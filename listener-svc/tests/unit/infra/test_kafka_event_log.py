"""The event log's books, without Kafka: what waits is bounded in memory, and room comes back."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator

import pytest
from listener_fakes.clock import FakeClock
from listener_fakes.producer import FakeProducer
from listener_fakes.ticket import FakeTicket

from listener.domain.record import Record, record_of
from listener.infra.kafka_event_log import KafkaEventLog, LogLimits
from listener.infra.kafka_link import LinkTimes

PENDING_BYTES = 1 << 20


class Outcomes:
    def late(self, *, stored: bool) -> None:
        raise AssertionError(stored)


def made(number: int) -> Record:
    event = {"type": "a", "id": f"id-{number}", "source": "/s"}
    return record_of(event, b"x" * (300 + number % 2), f"ann\n/s\nid-{number}")


@pytest.fixture
async def log() -> AsyncIterator[KafkaEventLog]:
    log = KafkaEventLog(
        "events", {}, LogLimits(PENDING_BYTES), LinkTimes(), FakeClock(), Outcomes()
    )
    log._link.state = log._link.down_since = None
    log._look(FakeProducer())  # type: ignore[arg-type]
    yield log
    await log.stop()
    await asyncio.sleep(0)


async def test_what_waits_takes_no_more_memory_than_it_is_reckoned(log: KafkaEventLog) -> None:
    tracemalloc.start()
    try:
        while log.has_room:
            log.append(made(log.pending_events), FakeTicket())
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert log.pending_bytes * 4 > PENDING_BYTES * 3
    assert taken < PENDING_BYTES


async def test_beyond_the_whole_of_it_events_are_refused(log: KafkaEventLog) -> None:
    tickets = [FakeTicket() for _ in range(2000)]
    for number, ticket in enumerate(tickets):
        log.append(made(number), ticket)
    assert log.pending_bytes <= PENDING_BYTES
    assert tickets[0].problem is None
    assert tickets[-1].problem == "unavailable"


async def test_room_comes_back_when_half_was_answered(log: KafkaEventLog) -> None:
    sizes: list[int] = []
    while log.has_room:
        record = made(log.pending_events)
        sizes.append(record.size_bytes)
        log.append(record, FakeTicket())
    log.left(1, sizes.pop())
    assert not log.has_room
    while not log.has_room:
        log.left(1, sizes.pop())
    assert log.pending_bytes * 2 <= PENDING_BYTES
    log.left(len(sizes), sum(sizes))
    assert (log.pending_events, log.pending_bytes) == (0, 0)
