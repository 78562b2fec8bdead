"""Who is the active controller: DescribeQuorum (Kafka protocol guide, Key 55), version 0."""

from __future__ import annotations

from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

_REPLICA = CompactArray(("replica_id", Int32), ("log_end_offset", Int64), ("tags", TaggedFields))


class _QuorumResponse(Response):
    API_KEY, API_VERSION = 55, 0
    SCHEMA = Schema(
        ("error_code", Int16),
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("leader_id", Int32),
                        ("leader_epoch", Int32),
                        ("high_watermark", Int64),
                        ("voters", _REPLICA),
                        ("observers", _REPLICA),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _QuorumRequestV0(RequestStruct):
    API_KEY, API_VERSION, FLEXIBLE_VERSION = 55, 0, True
    RESPONSE_TYPE = _QuorumResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("partitions", CompactArray(("partition", Int32), ("tags", TaggedFields))),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _QuorumRequest(Request[_QuorumRequestV0]):
    API_KEY = 55

    def build(self, request_struct_class: type[_QuorumRequestV0]) -> _QuorumRequestV0:
        return request_struct_class([("__cluster_metadata", [(0, {})], {})], {})


async def active_controller(admin: AIOKafkaAdminClient) -> int:
    """Node id of the active controller."""
    answer: Any = await admin._send_request(_QuorumRequest())
    return int(answer.topics[0][1][0][2])
