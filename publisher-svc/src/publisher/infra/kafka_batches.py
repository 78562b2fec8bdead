# mypy: disallow-untyped-calls=False
# aiokafka has no types
"""The records of one fetch response, taken in pieces: whole batches are decoded a chunk at a time.

aiokafka's own walk makes a generator's step and an object of eleven members per record; this makes
a tuple. Read-committed as there: aborted transactions and control records are left out, and
positions move over them. Reads aiokafka's internals, hence the exact pin of its version.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate, islice
from operator import itemgetter
from typing import Any

from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from publisher.domain.page import RecordRow

_CHUNK = 256
"""Records decoded at once: what holds the event loop is bounded also in a batch of a million."""

_offset = itemgetter(0)


class KafkaBatches(PartitionRecords):
    """See the module. `next_offset` is where the record after those taken is, or may be."""

    def __init__(
        self, tp: TopicPartition, data: bytes, aborted: list[tuple[int, int]], at: int
    ) -> None:
        super().__init__(tp, MemoryRecords(data), aborted, at, None, None, True, READ_COMMITTED)
        self._waiting: list[RecordRow] = []

    @property
    def next_offset(self) -> int:
        """Of the next record if one was decoded, else where the next fetch would begin."""
        offset: int = self._waiting[0][0] if self._waiting else self.next_fetch_offset
        return offset

    def take(self, stop: int, room_bytes: int) -> tuple[list[RecordRow], int]:
        """The next records below `stop`, some of them, and the bytes of their values.

        At least one, and within the room after that. Empty when there is none; `next_offset` then
        says where to go on.

        Raises:
            CorruptRecordException: a batch is not what its checksum says.
        """
        chunk = self._waiting
        if not chunk and self._records_iterator is not None:  # None: it came to its end
            chunk = next(self, [])
        count = len(chunk)
        if count and chunk[-1][0] >= stop:
            count = bisect_left(chunk, stop, key=_offset)
        ends = list(accumulate(len(record[3] or b"") for record in chunk[:count]))
        if ends and ends[-1] > room_bytes:
            count = max(1, bisect_right(ends, room_bytes))
        self._waiting = chunk[count:]
        return chunk[:count], ends[count - 1] if count else 0

    def release(self) -> None:
        """Break the reference cycle that would hold the whole response until the next full GC."""
        self._records_iterator = None
        self._waiting = []

    def _unpack_records(self) -> Iterator[list[RecordRow]]:
        records = self._records
        while records.has_next():
            batch = records.next_batch()
            if not batch.validate_crc():
                raise CorruptRecordException(f"Invalid CRC - {self._tp}")
            if not self._is_left_out(batch):
                yield from self._chunks(batch)
            # Format 2 keeps the last offset of a batch that compaction emptied.
            self.next_fetch_offset = batch.next_offset

    def _chunks(self, batch: Any) -> Iterator[list[RecordRow]]:
        rows = ((r.offset, r.timestamp, r.key, r.value) for r in batch)
        while chunk := list(islice(rows, _CHUNK)):
            wanted = self.next_fetch_offset
            if chunk[0][0] < wanted:  # a batch is sent whole, from its first record on
                chunk = chunk[bisect_left(chunk, wanted, key=_offset) :]
            if chunk:
                self.next_fetch_offset = chunk[-1][0] + 1
                yield chunk

    def _is_left_out(self, batch: Any) -> bool:
        if batch.producer_id is not None:
            self._consume_aborted_up_to(batch.base_offset)
            if batch.is_control_batch and self._contains_abort_marker(batch):
                self._aborted_producers.discard(batch.producer_id)
            if batch.is_transactional and batch.producer_id in self._aborted_producers:
                return True
        return bool(batch.is_control_batch)
