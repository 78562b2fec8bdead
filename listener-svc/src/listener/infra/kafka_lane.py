"""One partition's way into Kafka: an outbox, and at most one batch in the producer's hands.

Events wait here, not in the client library, so that those which never left can be refused
truthfully. Batches grow by themselves: while one is on its way the next collects. Invariants: the
order of events within the partition is kept; every ticket gets exactly one answer; an event
answered ``unavailable`` was never taken for sending, or was refused by the broker at its only
sending.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import aiokafka.errors as kafka

from contracts.problem import Problem
from listener.domain.delivery import (
    OUTCOME_UNKNOWN,
    WAITED_TOO_LONG,
    Refusal,
    Step,
    failure_of,
    next_step,
)
from listener.domain.outbox import Outbox, Waiting
from listener.infra.kafka_link import KafkaLink
from listener.infra.kafka_producer import HandedOver

_RETRY_S = 0.1
"""How long to wait before trying a leader again that could not be reached."""

_CERTAIN: dict[type[BaseException], Refusal] = {
    kafka.MessageSizeTooLargeError: Refusal.TOO_LARGE,
    kafka.RecordListTooLargeError: Refusal.TOO_LARGE,
    kafka.TopicAuthorizationFailedError: Refusal.NOT_AUTHORIZED,
    kafka.ClusterAuthorizationFailedError: Refusal.NOT_AUTHORIZED,
    kafka.OutOfOrderSequenceNumber: Refusal.SEQUENCE,
    kafka.UnknownProducerId: Refusal.SEQUENCE,
    kafka.ProducerFenced: Refusal.SEQUENCE,
    kafka.InvalidProducerEpoch: Refusal.SEQUENCE,
    kafka.InvalidTopicError: Refusal.REFUSED,
    kafka.PolicyViolationError: Refusal.REFUSED,
    kafka.UnsupportedForMessageFormatError: Refusal.REFUSED,
}
"""The broker's definite refusals; any other error leaves open what it did."""


Identities: TypeAlias = Sequence[str | None]
"""Of a batch's events, in its order (`Record.identity`)."""


class Bookkeeper(Protocol):
    """Who counts what the lanes hold and what became of it."""

    def left(self, events: int, size_bytes: int) -> None:
        """That much was answered."""

    def stored(self, identities: Identities, partition: int, offset: int) -> None:
        """Events were stored, from `offset` on."""

    def failed(self, problem: Problem, identities: Identities) -> None:
        """Events were answered with `problem`."""

    def late(self, *, stored: bool) -> None:
        """A batch answered as unknown turned out to be stored, or not."""

    def never_known(self, identities: Identities) -> None:
        """Nobody will ever know what became of these events, which were answered as unknown."""


class KafkaLane:
    """Runs as one task, from `run` to its cancellation."""

    def __init__(
        self,
        partition: int,
        link: KafkaLink,
        books: Bookkeeper,
        *,
        batch_bytes: int,
        delivery_timeout_s: float,
        clock: Callable[[], float],
        on_batch: Callable[[], None],
    ) -> None:
        self.partition = partition
        self.outbox = Outbox()
        self._link = link
        self._books = books
        self._batch_bytes = batch_bytes
        self._delivery_timeout_s = delivery_timeout_s
        self._clock = clock
        self._on_batch = on_batch
        self._work = asyncio.Event()
        self._in_hand: list[Waiting] = []
        self._unknown: list[str | None] = []
        """The batch in hand, once its events were answered as unknown."""

    @property
    def pending(self) -> int:
        """Events without an answer."""
        return len(self.outbox) + len(self._in_hand)

    def put(self, waiting: Waiting) -> None:
        """Take one more event."""
        if not self.outbox:
            self._work.set()
        self.outbox.put(waiting)

    def refuse_waiting(self, problem: Problem, *, until: float | None = None) -> None:
        """Answer what waits: everything, or what may wait no longer than `until`."""
        refused = self.outbox.clear() if until is None else self.outbox.expire(until)
        self._fail(refused, problem)

    def give_up(self) -> None:
        """Answer what is in hand as unknown, for good: the lane stops."""
        self._answer_unknown()
        self._follow_up(None)

    async def run(self) -> None:
        """Hand over batch after batch, for ever."""
        while True:
            await self._work.wait()
            if not self.outbox:
                self._work.clear()
                continue
            if not await self._deliver_next():
                await asyncio.sleep(_RETRY_S)

    async def _deliver_next(self) -> bool:
        """Deliver one batch; False: nothing can be handed over at present."""
        producer = self._link.producer
        if producer is None or not await producer.connect(self.partition):
            return False
        if producer is not self._link.producer:
            return False  # replaced while we connected
        self.refuse_waiting(WAITED_TOO_LONG, until=self._clock())
        batch = self.outbox.take(self._batch_bytes)
        if not batch:
            return True
        self._in_hand = batch
        self._on_batch()
        try:
            handed = await producer.hand_over(self.partition, [each.record for each in batch])
        except kafka.KafkaError as error:
            self._take_back()
            self._link.renew(type(error).__name__)
            return False
        if handed is None:
            self._take_back()
            return False
        await self._settle(handed)
        return True

    async def _settle(self, handed: HandedOver) -> None:
        await handed.wait(self._delivery_timeout_s)
        if not handed.settled:
            if handed.withdraw():
                in_hand, self._in_hand = self._in_hand, []
                self._fail(in_hand, WAITED_TOO_LONG)
                return
            self._answer_unknown()
            # nothing may overtake the batch; what waits behind it is refused when its time is over
            await handed.wait(None)
        offset = handed.base_offset()
        in_hand = self._in_hand
        if isinstance(offset, BaseException):
            if not in_hand:
                self._books.late(stored=False)
                self._follow_up(None)
            self._failed(offset, handed.attempts)
            self._link.renew(type(offset).__name__)
        elif not in_hand:
            self._books.late(stored=True)
            self._follow_up(offset)
        elif offset < 0:
            self.give_up()
        else:
            self._stored(offset)

    def _stored(self, offset: int) -> None:
        in_hand, self._in_hand = self._in_hand, []
        partition = self.partition
        size = 0
        self._books.stored(_identities(in_hand), partition, offset)
        for each in in_hand:
            each.ticket.stored(partition, offset)
            offset += 1
            size += each.record.size_bytes
        self._books.left(len(in_hand), size)

    def _failed(self, error: BaseException, attempts: int) -> None:
        if not self._in_hand:
            return
        refusal = _CERTAIN.get(type(error), Refusal.UNCLEAR)
        step = next_step(refusal, attempts, len(self._in_hand))
        if step is Step.ANSWER:
            problem = failure_of(refusal, attempts)
            if problem is OUTCOME_UNKNOWN:
                self.give_up()
            else:
                in_hand, self._in_hand = self._in_hand, []
                self._fail(in_hand, problem)
            return
        if step is Step.SPLIT:
            size = sum(each.record.size_bytes for each in self._in_hand)
            self._batch_bytes = max(1, min(self._batch_bytes, size) // 2)
        self._take_back()

    def _answer_unknown(self) -> None:
        in_hand, self._in_hand = self._in_hand, []
        self._unknown = _identities(in_hand)
        self._fail(in_hand, OUTCOME_UNKNOWN)

    def _follow_up(self, offset: int | None) -> None:
        """Tell what became of the batch that was answered as unknown; None: nobody knows."""
        unknown, self._unknown = self._unknown, []
        if offset is not None and offset >= 0:
            self._books.stored(unknown, self.partition, offset)
        elif unknown:
            self._books.never_known(unknown)

    def _take_back(self) -> None:
        in_hand, self._in_hand = self._in_hand, []
        self.outbox.put_back(in_hand)

    def _fail(self, batch: list[Waiting], problem: Problem) -> None:
        if not batch:
            return
        self._books.failed(problem, _identities(batch))
        for each in batch:
            each.ticket.failed(problem)
        self._books.left(len(batch), sum(each.record.size_bytes for each in batch))


def _identities(batch: Sequence[Waiting]) -> list[str | None]:
    return [each.record.identity for each in batch]
