"""A topic that grows, and a Kafka that knows it."""

from __future__ import annotations

import asyncio

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from local_kafka.admin import administration

_TIMEOUT_S = 20.0


async def add_partitions(bootstrap: str, topic: str, total: int) -> None:
    """Grow the topic, and wait until brokers tell of it: growing is answered before that, and a
    producer that begins in between knows no such partition.
    """
    async with administration(bootstrap) as admin, asyncio.timeout(_TIMEOUT_S):
        await admin.create_partitions({topic: NewPartitions(total)})
        while await _known(admin, topic) < total:
            await asyncio.sleep(0.05)


async def _known(admin: AIOKafkaAdminClient, topic: str) -> int:
    (answer,) = await admin.describe_topics([topic])
    return sum(partition["leader"] >= 0 for partition in answer["partitions"])
