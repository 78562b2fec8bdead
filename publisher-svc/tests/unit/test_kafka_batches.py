"""Record batches as Kafka sends them: taken in pieces, nothing left out, nothing twice."""

from __future__ import annotations

import pytest
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from publisher.infra.kafka_batches import KafkaBatches

TP = TopicPartition("t", 0)
ENDLESS = 1 << 60


def batch(
    first: int, count: int, *, size: int = 10, producer: int = -1, transactional: bool = False
) -> bytes:
    """One batch; its records begin at `first`."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=transactional,
        producer_id=producer,
        producer_epoch=0 if producer >= 0 else -1,
        base_sequence=0 if producer >= 0 else -1,
        batch_size=1 << 30,
    )
    for number in range(count):
        builder.append(number, 1000 + first + number, None, b"x" * size, [])
    data = bytearray(builder.build())
    data[:8] = first.to_bytes(8, "big")  # the broker sets it; not in the checksum
    return bytes(data)


def fetched(
    *batches: bytes, at: int = 0, aborted: list[tuple[int, int]] | None = None
) -> KafkaBatches:
    return KafkaBatches(TP, b"".join(batches), aborted or [], at)


def take_all(batches: KafkaBatches, stop: int = ENDLESS, room: int = ENDLESS) -> list[int]:
    """The offsets of all that comes below `stop`."""
    found: list[int] = []
    while taken := batches.take(stop, room)[0]:
        found += [record[0] for record in taken]
    return found


def test_a_record_is_its_offset_time_key_and_value() -> None:
    assert fetched(batch(7, 1, size=3)).take(ENDLESS, ENDLESS) == ([(7, 1007, None, b"xxx")], 3)


def test_large_batches_come_in_pieces_and_whole() -> None:
    batches = fetched(batch(0, 1000), batch(1000, 5))
    first, _ = batches.take(ENDLESS, ENDLESS)
    assert len(first) < 1000
    assert [record[0] for record in first] + take_all(batches) == list(range(1005))
    assert batches.next_offset == 1005


def test_records_before_the_position_are_passed_over() -> None:
    batches = fetched(batch(0, 600), at=599)
    assert take_all(batches) == [599]
    assert take_all(fetched(batch(0, 600), at=600)) == []


def test_what_lies_at_or_beyond_the_stop_waits() -> None:
    batches = fetched(batch(0, 10), batch(20, 10))
    assert take_all(batches, stop=4) == [0, 1, 2, 3]
    assert batches.next_offset == 4
    assert take_all(batches, stop=15) == list(range(4, 10))
    assert batches.next_offset == 20
    assert take_all(batches) == list(range(20, 30))


def test_no_more_than_there_is_room_for_but_one_at_least() -> None:
    batches = fetched(batch(0, 10, size=100))
    assert [record[0] for record in batches.take(ENDLESS, 350)[0]] == [0, 1, 2]
    assert [record[0] for record in batches.take(ENDLESS, 1)[0]] == [3]
    assert take_all(batches, room=200) == list(range(4, 10))


def test_aborted_transactions_are_left_out_and_moved_over() -> None:
    batches = fetched(
        batch(0, 3, producer=5, transactional=True),
        batch(3, 2),
        batch(5, 4, producer=6, transactional=True),
        aborted=[(5, 0)],
    )
    assert take_all(batches) == [3, 4, 5, 6, 7, 8]
    gone = fetched(batch(0, 3, producer=5, transactional=True), aborted=[(5, 0)])
    assert take_all(gone) == []
    assert gone.next_offset == 3


def test_a_batch_that_is_not_what_its_checksum_says_is_refused() -> None:
    data = bytearray(batch(0, 3))
    data[-1] ^= 1
    with pytest.raises(CorruptRecordException):
        fetched(bytes(data)).take(ENDLESS, ENDLESS)


@given(
    sizes=st.lists(st.tuples(st.integers(1, 700), st.integers(0, 3)), min_size=1, max_size=5),
    stops=st.lists(st.integers(0, 3500), max_size=6),
    room=st.integers(1, 5000),
)
def test_whatever_the_stops_and_the_room_every_record_comes_once(
    sizes: list[tuple[int, int]], stops: list[int], room: int
) -> None:
    made, offsets, at = [], list[int](), 0
    for count, hole in sizes:
        made.append(batch(at, count))
        offsets += range(at, at + count)
        at += count + hole
    batches = fetched(*made)
    found: list[int] = []
    for stop in [*sorted(stops), ENDLESS]:
        found += take_all(batches, stop, room)
        assert not found or found[-1] < stop
        assert batches.next_offset >= min(stop, offsets[-1] + 1)
    assert found == offsets
