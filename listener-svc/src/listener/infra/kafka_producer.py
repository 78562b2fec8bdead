# mypy: disallow-untyped-calls=False
# aiokafka has no types
"""One idempotent aiokafka producer, and batches handed to it whose history can be asked for.

aiokafka retries a sent batch until it succeeds when idempotence is on, so a batch that went out
cannot be recalled; one that its sender has not taken yet can. Invariant: `HandedOver.attempts` is 0
exactly as long as the batch has never been taken for sending. A producer whose batch failed has
counted a sequence number that the broker has not, so it must be replaced. Not concerned with what
the events are, or with when to reconnect.

Reads aiokafka's internals (accumulator, cluster), hence the exact pin of its version.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, ProducerClosed
from aiokafka.producer.message_accumulator import BatchBuilder, MessageBatch
from aiokafka.protocol.metadata import MetadataRequest

from listener.domain.record import Record

_UNBOUNDED_BATCH = 1 << 30
"""Batches are sized by whoever fills them."""


class HandedOver:
    """One batch in the producer's hands."""

    __slots__ = ("_batch", "_batches")

    def __init__(self, batch: MessageBatch, batches: Any) -> None:
        self._batch = batch
        self._batches = batches

    @property
    def attempts(self) -> int:
        """How often the batch was taken for sending; 0: certainly never on the wire."""
        attempts: int = self._batch.retry_count
        return attempts

    @property
    def settled(self) -> bool:
        """Whether nothing more will be learnt: the broker answered or the producer was stopped."""
        done: bool = self._batch.future.done()
        return done

    async def wait(self, timeout_s: float | None) -> None:
        """Until the batch is `settled` or the time is over."""
        await asyncio.wait((self._batch.future,), timeout=timeout_s)

    def base_offset(self) -> int | BaseException:
        """The offset of the first record, or why the batch failed; only when `settled`.

        -1: stored, but the broker no longer knows where (a duplicate of an old batch).
        """
        failure: BaseException | None = self._batch.future.exception()
        if failure is not None:
            return failure
        offset: int = self._batch.future.result().offset
        return offset

    def withdraw(self) -> bool:
        """Take the batch back if it was never taken for sending; True: certainly not stored."""
        waiting = self._batches.get(self._batch.tp)
        if self.attempts or self.settled or not waiting or self._batch not in waiting:
            return False
        waiting.remove(self._batch)
        if not waiting:
            del self._batches[self._batch.tp]
        self._batch.future.cancel()
        return True


class KafkaProducer:
    """A producer for one topic, from its start to its end; made anew after every failure."""

    def __init__(self, topic: str, arguments: dict[str, Any], request_timeout_s: float) -> None:
        self.topic = topic
        self._producer = AIOKafkaProducer(
            **arguments,
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=_UNBOUNDED_BATCH,
            max_request_size=_UNBOUNDED_BATCH,
            request_timeout_ms=round(request_timeout_s * 1000),
        )
        self._client = self._producer.client

    async def start(self) -> None:
        """Connect and get a producer id.

        Raises:
            KafkaError: no broker answered, or it refused.
        """
        await self._producer.start()

    @property
    def alive(self) -> bool:
        """Whether its sender still runs."""
        task = self._producer._sender.sender_task
        return task is not None and not task.done()

    async def refresh(self) -> None:
        """Ask a broker for the topic's partitions and leaders. Never creates the topic.

        Raises:
            KafkaError: no broker answered.
        """
        request = MetadataRequest([self.topic], allow_auto_topic_creation=False)
        node = self._client.get_random_node()
        self._client.cluster.update_metadata(await self._client.send(node, request))

    @property
    def authorized(self) -> bool:
        """Whether the broker lets us see the topic."""
        return self.topic not in self._client.cluster.unauthorized_topics

    @property
    def partitions(self) -> int:
        """How many partitions the topic has; 0: there is no such topic, or it is not known yet."""
        return len(self._client.cluster.partitions_for_topic(self.topic) or ())

    def leader_of(self, partition: int) -> int | None:
        """The broker to write `partition` to, if there is one."""
        leader = self._client.cluster.leader_for_partition(TopicPartition(self.topic, partition))
        return leader if isinstance(leader, int) and leader >= 0 else None

    async def connect(self, partition: int) -> bool:
        """Whether there is a connection to the leader of `partition`; makes one if it can."""
        leader = self.leader_of(partition)
        return leader is not None and await self._client.ready(leader)

    async def hand_over(self, partition: int, records: Sequence[Record]) -> HandedOver | None:
        """Give a batch to the sender; None: the partition is not known any more, nothing was given.

        The sender must hold no other batch of the partition, or this would wait for it.

        Raises:
            KafkaError: the producer is broken; nothing was given.
        """
        if self.leader_of(partition) is None:
            return None
        tp = TopicPartition(self.topic, partition)
        accumulator = self._producer._message_accumulator
        if accumulator._batches.get(tp):
            raise KafkaError("the sender already holds a batch of this partition")
        builder = self._producer.create_batch()
        _fill(builder, records)
        builder.close()
        answer = await self._producer.send_batch(builder, self.topic, partition=partition)
        answer.add_done_callback(_retrieve)
        # nothing above suspends once the metadata is known, so the batch is still the newest
        batch = accumulator._batches[tp][-1]
        batch._drain_waiter.add_done_callback(_retrieve)
        return HandedOver(batch, accumulator._batches)

    async def settle(self, timeout_s: float) -> None:
        """Wait until the broker has answered all that was handed over, or the time is over."""
        flush = asyncio.ensure_future(self._producer.flush())
        await asyncio.wait((flush,), timeout=timeout_s)
        flush.cancel()

    async def stop(self, timeout_s: float) -> None:
        """Close without flushing: what is still handed over fails now, its outcome unknown."""
        self._producer._closed = True
        self._producer._message_accumulator.fail_all(ProducerClosed())
        sender = self._producer._sender.sender_task
        if sender is not None:
            sender.cancel()
        with contextlib.suppress(TimeoutError, KafkaError):
            await asyncio.wait_for(self._client.close(), timeout_s)
        # the sender may wait for a metadata update that nobody makes any more
        update = self._client._md_update_fut
        if update is not None and not update.done():
            update.set_result(False)
        if sender is not None:
            await asyncio.wait((sender,), timeout=timeout_s)


def _retrieve(future: asyncio.Future[Any]) -> None:
    """Look at the exception, so that asyncio does not report it as forgotten."""
    if not future.cancelled():
        future.exception()


def _fill(builder: BatchBuilder, records: Sequence[Record]) -> None:
    """As `BatchBuilder.append` does for each, without its Python: nothing is to be serialised."""
    append, timestamp_ms = builder._builder.append, round(time.time() * 1000)
    for offset, (key, value, headers, _, _) in enumerate(records):
        if append(offset, timestamp_ms, key, value, headers) is None:  # type: ignore[arg-type]
            raise KafkaError("the batch is full, and was made without a bound")
    builder._relative_offset = len(records)
