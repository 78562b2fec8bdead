"""Compaction: holes of any size are passed, and a stream never waits for an offset in one."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from local_kafka.broker import Broker
from local_kafka.ports import free_ports
from local_kafka.topics import create_topic
from support.fixtures import StartPublisher
from support.records import event, producing
from support.stream import outcome, subscribed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(90)]

COMPACTED = {
    "message.timestamp.type": "LogAppendTime",
    "cleanup.policy": "compact",
    "segment.bytes": str(1 << 20),
    "segment.ms": "100",
    "min.cleanable.dirty.ratio": "0.01",
    "max.compaction.lag.ms": "100",
}


async def _offsets(bootstrap: str, topic: str) -> list[int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        tp = TopicPartition(topic, 0)
        consumer.assign([tp])
        await consumer.seek_to_beginning(tp)
        end = (await consumer.end_offsets([tp]))[tp]
        found: list[int] = []
        while await consumer.position(tp) < end:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += [record.offset for record in records if record.value is not None]
        return found
    finally:
        await consumer.stop()


@pytest.mark.parametrize("prefill", [0, 100_000], ids=["from Kafka", "from memory"])
async def test_a_compacted_topic(
    own_broker: Broker, start_publisher: StartPublisher, prefill: int
) -> None:
    bootstrap = own_broker.bootstrap
    topic = f"compacted-{free_ports(1)[0]}"
    await create_topic(bootstrap, topic, 1, COMPACTED)
    async with producing(bootstrap) as producer:
        for number in range(8000):  # a few keys: almost everything becomes holes
            key = b"rare-%d" % number if number % 1500 == 7 else b"often-%d" % (number % 3)
            await producer.send(topic, event(number), key=key)
        await producer.send(topic, None, key=b"rare-7")
        await producer.flush()
        async with asyncio.timeout(40):
            while len(await _offsets(bootstrap, topic)) > 1000:
                # what is active is not compacted: roll the segment
                await producer.send_and_wait(topic, event("roll"), key=b"roll")
                await asyncio.sleep(0.2)
    expected = await _offsets(bootstrap, topic)
    publisher = start_publisher(topic, bootstrap=bootstrap, prefill=prefill)
    url = publisher.websocket_url

    ended = await outcome(url, "since=0&until=now")
    middle = await outcome(url, "since=2000&until=6000")
    async with subscribed(url, "since=5000") as stream:
        replayed = await stream.live()

    assert [offset for _, offset in ended.events] == expected
    assert len(expected) < 1000
    assert [offset for _, offset in middle.events] == [at for at in expected if 2000 <= at < 6000]
    assert [offset for _, offset in replayed] == [at for at in expected if at >= 5000]
    assert publisher.complaints() == []
