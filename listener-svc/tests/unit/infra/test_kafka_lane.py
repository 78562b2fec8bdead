"""One partition's way into Kafka: what each fate of a batch means for its events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import aiokafka.errors as kafka
import pytest
from listener_fakes.clock import FakeClock
from listener_fakes.producer import FakeBatch, FakeBooks, FakeLink, FakeProducer
from listener_fakes.ticket import FakeTicket

from listener.domain.outbox import Waiting
from listener.domain.record import Record
from listener.infra.kafka_lane import KafkaLane
from listener.infra.kafka_link import KafkaLink

SIZE = 10


class Track:
    """A lane that runs, and what is around it."""

    def __init__(self) -> None:
        self.link = FakeLink()
        self.books = FakeBooks()
        self.clock = FakeClock(0.0)
        self.batches_taken = 0
        self.tickets: dict[str, FakeTicket] = {}
        self.lane = KafkaLane(
            3,
            cast("KafkaLink", cast("Any", self.link)),
            self.books,
            batch_bytes=4 * SIZE,
            delivery_timeout_s=30,
            clock=self.clock,
            on_batch=self._taken,
        )
        self.task = asyncio.create_task(self.lane.run())

    def _taken(self) -> None:
        self.batches_taken += 1

    @property
    def producer(self) -> FakeProducer:
        assert self.link.producer is not None
        return self.link.producer

    @property
    def handed(self) -> FakeBatch:
        return self.producer.batches[-1]

    def put(self, names: str, deadline: float = 10.0) -> None:
        for name in names:
            self.tickets[name] = FakeTicket()
            record = Record(None, name.encode(), [], SIZE, name)
            self.lane.put(Waiting(record, self.tickets[name], deadline))

    def answers(self) -> str:
        """Per event, in order: its offset, or its problem, or ``-`` for none yet."""
        told = []
        for ticket in self.tickets.values():
            if isinstance(ticket.answer, tuple):
                assert ticket.answer[0] == 3
                told.append(str(ticket.answer[1]))
            else:
                told.append(ticket.problem or "-")
        return " ".join(told)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
async def track() -> AsyncIterator[Track]:
    track = Track()
    await settle()
    yield track
    track.task.cancel()
    await asyncio.gather(track.task, return_exceptions=True)


async def test_batches_follow_each_other_in_order(track: Track) -> None:
    track.put("abcdef")
    await settle()
    assert [batch.values for batch in track.producer.batches] == [["a", "b", "c", "d"]]
    assert track.lane.pending == 6
    track.handed.answer(100)
    await settle()
    assert track.handed.values == ["e", "f"]
    track.handed.answer(104)
    await settle()
    assert track.answers() == "100 101 102 103 104 105"
    assert (track.books.events, track.books.bytes) == (6, 6 * SIZE)
    assert track.batches_taken == 2
    assert track.lane.pending == 0


async def test_overdue_in_hand_is_unknown_and_nothing_overtakes_it(track: Track) -> None:
    track.put("ab")
    await settle()
    track.put("c")
    track.handed.overdue.set()
    await settle()
    assert track.answers() == "outcome-unknown outcome-unknown -"
    assert track.books.failures == {"outcome-unknown": 2}
    assert len(track.producer.batches) == 1
    track.handed.answer(7)
    await settle()
    assert track.books.late_batches == [True]
    assert track.handed.values == ["c"]
    assert track.link.renewals == []


async def test_an_overdue_batch_that_fails_after_all_renews_the_producer(track: Track) -> None:
    track.put("a")
    await settle()
    track.handed.overdue.set()
    await settle()
    track.handed.answer(kafka.ProducerClosed(), attempts=3)
    await settle()
    assert track.answers() == "outcome-unknown"
    assert track.books.late_batches == [False]
    assert track.link.renewals == ["ProducerClosed"]


async def test_overdue_but_never_taken_for_sending_is_unavailable(track: Track) -> None:
    track.put("a")
    await settle()
    track.handed.attempts = 0
    track.handed.overdue.set()
    await settle()
    assert track.answers() == "unavailable"
    assert track.lane.pending == 0


@pytest.mark.parametrize(
    ("error", "attempts", "answer"),
    [
        (kafka.TopicAuthorizationFailedError("t"), 1, "unavailable"),
        (kafka.TopicAuthorizationFailedError("t"), 2, "outcome-unknown"),
        (kafka.MessageSizeTooLargeError(), 1, "too-large"),
        (kafka.UnknownError(), 1, "outcome-unknown"),
        (kafka.OutOfOrderSequenceNumber(), 2, "outcome-unknown"),
        (kafka.ProducerClosed(), 1, "outcome-unknown"),
    ],
)
async def test_a_failed_batch_is_answered_and_its_producer_replaced(
    track: Track, error: Exception, attempts: int, answer: str
) -> None:
    track.put("a")
    await settle()
    track.handed.answer(error, attempts)
    await settle()
    assert track.answers() == answer
    assert track.link.renewals == [type(error).__name__]


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (kafka.OutOfOrderSequenceNumber(), 1),
        (kafka.UnknownProducerId(), 1),
        (kafka.ProducerFenced(), 1),
        (kafka.ProducerClosed(), 0),
    ],
)
async def test_a_batch_certainly_not_stored_is_sent_again_in_its_place(
    track: Track, error: Exception, attempts: int
) -> None:
    track.put("ab")
    await settle()
    track.put("c")
    track.handed.answer(error, attempts)
    await settle()
    assert track.link.renewals == [type(error).__name__]
    assert track.handed.values == ["a", "b", "c"]
    track.handed.answer(0)
    await settle()
    assert track.answers() == "0 1 2"


async def test_it_is_not_sent_again_for_ever(track: Track) -> None:
    track.put("a", deadline=10)
    await settle()
    track.clock.now = 10
    track.handed.answer(kafka.OutOfOrderSequenceNumber())
    await settle()
    assert track.answers() == "unavailable"
    assert len(track.producer.batches) == 1


async def test_a_batch_too_large_is_halved_until_the_event_is_found(track: Track) -> None:
    track.put("abcd")
    stored = 0
    for _ in range(12):
        await settle()
        batch = track.handed
        if batch.settled:
            break
        if "c" in batch.values:
            batch.answer(kafka.MessageSizeTooLargeError())
        else:
            batch.answer(stored)
            stored += len(batch.values)
    await settle()
    assert track.answers() == "0 1 too-large 2"


async def test_stored_where_nobody_knows_is_unknown(track: Track) -> None:
    track.put("a")
    await settle()
    track.handed.answer(-1)
    await settle()
    assert track.answers() == "outcome-unknown"
    assert track.link.renewals == []


async def test_what_cannot_be_handed_over_waits_and_may_expire(track: Track) -> None:
    track.producer.connected = False
    track.put("ab", deadline=5)
    track.put("c", deadline=6)
    await settle()
    assert track.answers() == "- - -"
    from listener.domain.delivery import WAITED_TOO_LONG

    track.lane.refuse_waiting(WAITED_TOO_LONG, until=5)
    assert track.answers() == "unavailable unavailable -"
    track.lane.refuse_waiting(WAITED_TOO_LONG)
    assert track.lane.pending == 0
    assert track.books.events == 3


async def test_a_broken_producer_gives_the_batch_back(track: Track) -> None:
    track.producer.broken = kafka.KafkaError("broken")
    track.put("a")
    await settle()
    assert track.link.renewals == ["KafkaError"]
    assert (track.answers(), track.lane.pending) == ("-", 1)


async def test_a_partition_that_is_gone_gives_the_batch_back(track: Track) -> None:
    track.producer.known = False
    track.put("a")
    await settle()
    assert track.link.renewals == []
    assert (track.answers(), track.lane.pending) == ("-", 1)


async def test_stopping_answers_what_is_in_hand_as_unknown(track: Track) -> None:
    track.put("ab")
    await settle()
    track.lane.give_up()
    assert track.answers() == "outcome-unknown outcome-unknown"
    track.handed.answer(5)
    await settle()
    assert track.answers() == "outcome-unknown outcome-unknown"


async def test_after_unknown_it_is_told_that_the_batch_was_stored_after_all(track: Track) -> None:
    track.put("ab")
    await settle()
    track.handed.overdue.set()
    await settle()
    assert track.answers() == "outcome-unknown outcome-unknown"
    assert track.books.fates == [("outcome-unknown", "a", "b")]
    track.handed.answer(7)
    await settle()
    assert track.books.fates[1:] == [("stored", "a", "b", 3, 7)]


async def test_after_unknown_it_is_told_that_nobody_will_know(track: Track) -> None:
    track.put("a")
    await settle()
    track.handed.overdue.set()
    await settle()
    track.handed.answer(kafka.KafkaError(), attempts=2)
    await settle()
    assert track.books.fates == [("outcome-unknown", "a"), ("never known", "a")]


@pytest.mark.parametrize("answer", [kafka.RequestTimedOutError(), -1])
async def test_an_answer_that_leaves_it_open_is_the_end_of_it(
    track: Track, answer: int | Exception
) -> None:
    track.put("a")
    await settle()
    track.handed.answer(answer, attempts=2)
    await settle()
    assert track.answers() == "outcome-unknown"
    assert track.books.fates == [("outcome-unknown", "a"), ("never known", "a")]


async def test_what_is_stored_or_certainly_not_is_told_once(track: Track) -> None:
    track.put("a")
    await settle()
    track.handed.answer(kafka.InvalidTopicError(), attempts=1)
    await settle()
    track.put("b")
    await settle()
    track.handed.answer(9)
    await settle()
    assert track.books.fates == [("unavailable", "a"), ("stored", "b", 3, 9)]
