"""Where a leader epoch ended in the log that is there now (OffsetForLeaderEpoch, KIP-320).

Asked of a leader of the epoch that metadata told, and of no other: a broker that tells of a new
leader may not be it yet, or no more, and would answer from what it was before.

aiokafka does not speak this request; spelled out here after the Kafka protocol guide,
"OffsetForLeaderEpoch API (Key: 23)", version 3, not a flexible one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Int16, Int32, Int64, Schema, String

from publisher.infra.kafka_connection import KafkaAwayError, KafkaConnection

_CONSUMER = -1
_ANOTHER_EPOCH = frozenset([74, 75])
"""FENCED_LEADER_EPOCH and UNKNOWN_LEADER_EPOCH: it leads in a newer one, or in an older one yet."""


class _Response(Response):
    API_KEY, API_VERSION = 23, 3
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            Array(
                ("topic", String("utf-8")),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader_epoch", Int32),
                        ("end_offset", Int64),
                    ),
                ),
            ),
        ),
    )


class _RequestV3(RequestStruct):
    API_KEY, API_VERSION = 23, 3
    RESPONSE_TYPE = _Response
    SCHEMA = Schema(
        ("replica_id", Int32),
        (
            "topics",
            Array(
                ("topic", String("utf-8")),
                (
                    "partitions",
                    Array(
                        ("partition", Int32),
                        ("current_leader_epoch", Int32),
                        ("leader_epoch", Int32),
                    ),
                ),
            ),
        ),
    )


class _EpochRequest(Request[_RequestV3]):
    API_KEY = 23

    def __init__(self, topic: str, epochs: Mapping[int, int], current: Sequence[int]) -> None:
        self._topic = topic
        self._epochs = epochs
        self._current = current

    def build(self, request_struct_class: type[_RequestV3]) -> _RequestV3:
        asked = [(at, self._current[at], epoch) for at, epoch in self._epochs.items()]
        return request_struct_class(_CONSUMER, [(self._topic, asked)])


async def epoch_ends(
    connection: KafkaConnection, epochs: Mapping[int, int], current: Sequence[int]
) -> dict[int, int]:
    """By partition: the offset after the last record of the epoch or of those before it.

    `current` are the epochs of all partitions' leaders now. -1 where the leader does not know.

    Raises:
        PublisherError: the broker is away or refuses.
    """
    ends: dict[int, int] = {}
    led = await connection.leaders(max(epochs, default=-1) + 1)
    for node, partitions in led.items():
        asked = {each: epochs[each] for each in partitions if each in epochs}
        if not asked:
            continue
        response: Any = await connection.send(node, _EpochRequest(connection.topic, asked, current))
        for _, answers in response.topics:
            for error_code, partition, _, end_offset in answers:
                if error_code in _ANOTHER_EPOCH:
                    connection.refresh()
                    raise KafkaAwayError(f"the leader of partition {partition} is changing")
                connection.check(error_code)
                ends[partition] = end_offset
    return ends
