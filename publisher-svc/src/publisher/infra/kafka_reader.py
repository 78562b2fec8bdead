"""One reader of Kafka's log: fetches pages by itself, with no consumer in between.

A consumer's background prefetch and its position state cost more than they give when positions
jump: abandoned responses stay in memory and a seek waits for the poll in flight (docs/adr). Reads
are read-committed (`publisher.infra.kafka_batches`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiokafka.consumer.fetcher import READ_COMMITTED
from aiokafka.errors import CorruptRecordException
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.structs import TopicPartition

from publisher.app.ports import Loaded
from publisher.domain.cache import block_of
from publisher.domain.log import Miss
from publisher.domain.page import RecordRow, build_page
from publisher.infra.kafka_batches import KafkaBatches
from publisher.infra.kafka_connection import KafkaAwayError, KafkaConnection
from publisher.infra.kafka_offsets import KafkaTopicOffsets
from publisher.infra.records import event_type

PAGE_BYTES = 1 << 20
"""A page ends at about this many bytes, so that records of 1 MB do not make pages of 1 GB."""
FETCH_BYTES = 512 << 10
_OUT_OF_RANGE = 1


class KafkaPageReader:
    """See the module; one load at a time.

    `state` gives another value when the topic was recreated or lost its end: nothing fetched before
    ends up in a page with what was fetched after.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        offsets: KafkaTopicOffsets,
        state: Callable[[], object],
    ) -> None:
        self._connection = connection
        self._offsets = offsets
        self._state = state
        self._fetched_in: object = None
        self._rest: KafkaBatches | None = None
        self._at: tuple[int, int] | None = None

    @property
    def at(self) -> tuple[int, int] | None:
        """Partition and offset where an unread part of the last response goes on."""
        return self._at

    async def load(self, miss: Miss) -> Loaded:
        """See `publisher.app.ports.PageReader`."""
        state = self._state()
        if self._at != (miss.partition, miss.start) or state != self._fetched_in:
            self._forget()
        self._fetched_in = state
        try:
            loaded = await self._load(miss)
        except CorruptRecordException as error:
            self._forget()
            raise KafkaAwayError(f"a batch failed its checksum: {error}") from error
        except BaseException:
            self._forget()
            raise
        if state != self._state():
            self._forget()
            raise KafkaAwayError("the log was recreated or cut while a page of it was loaded")
        return loaded

    async def _load(self, miss: Miss) -> Loaded:
        records: list[RecordRow] = []
        size, at, log_start = 0, miss.start, 0
        while at < miss.stop and size < PAGE_BYTES:
            if self._rest is None:
                fetched, log_start = await self._fetch(miss.partition, at)
                if fetched is None:  # retention moved into this block, or beyond it
                    if log_start >= miss.stop:
                        nothing = build_page(miss.partition, miss.start, miss.start, (), event_type)
                        return Loaded(nothing, log_start)
                    at = max(at, log_start)
                    continue
                self._rest = fetched
            at, size = await self._walk(self._rest, miss, at, records, size)
        self._at = (miss.partition, at) if self._rest is not None else None
        page = build_page(miss.partition, miss.start, at, records, event_type)
        return Loaded(page, log_start)

    async def _walk(
        self, fetched: KafkaBatches, miss: Miss, at: int, records: list[RecordRow], size: int
    ) -> tuple[int, int]:
        while True:
            taken, taken_bytes = fetched.take(miss.stop, PAGE_BYTES - size)
            if not taken:
                break
            records += taken
            at = taken[-1][0] + 1
            size += taken_bytes
            if at >= miss.stop or size >= PAGE_BYTES:
                return at, size
            await asyncio.sleep(0)
        at = max(at, fetched.next_offset)
        self._forget()
        return min(at, self._over_hole(miss, at)), size

    @staticmethod
    def _over_hole(miss: Miss, offset: int) -> int:
        """How far a page may reach when the next record is at `offset`, beyond its block."""
        return (
            max(miss.stop, min(block_of(offset), miss.tip)) if miss.stop < miss.tip else miss.stop
        )

    def _forget(self) -> None:
        if self._rest is not None:
            self._rest.release()
        self._rest = None
        self._at = None

    async def _fetch(self, partition: int, at: int) -> tuple[KafkaBatches | None, int]:
        topic = self._connection.topic
        request = FetchRequest(
            100, 1, FETCH_BYTES, READ_COMMITTED, [(topic, [(partition, at, FETCH_BYTES)])]
        )
        response = await self._connection.send_to_leader(partition, request)
        _, error_code, _, *rest = response.topics[0][1][0]
        if error_code == _OUT_OF_RANGE:
            bounds = await self._offsets.log_ends(partition + 1)
            if at >= bounds.earliest[partition]:
                raise KafkaAwayError(f"partition {partition} has no offset {at}: it lost its end")
            return None, bounds.earliest[partition]
        self._connection.check(error_code)
        # v11: lso, log start, aborted, preferred replica, records; v5–v10 lack the replica
        log_start, aborted, data = rest[1], rest[2], rest[-1]
        tp = TopicPartition(topic, partition)
        return KafkaBatches(tp, data, aborted, at), log_start
