"""The fixtures that other packages' tests stand on."""

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from local_kafka.pytest_plugin import TopicFactory

pytestmark = pytest.mark.kafka


async def test_a_topic_of_the_factory_stores_records_with_the_brokers_time(
    kafka_bootstrap: str, kafka_topic: TopicFactory
) -> None:
    topic = kafka_topic(partitions=3)
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    await consumer.start()
    try:
        sent = await producer.send_and_wait(topic, b"hello", partition=2, timestamp_ms=1)
        consumer.assign([TopicPartition(topic, 2)])
        consumer.seek(TopicPartition(topic, 2), 0)
        record = await consumer.getone()
    finally:
        await producer.stop()
        await consumer.stop()

    assert (record.offset, record.value) == (sent.offset, b"hello")
    assert record.timestamp_type == 1  # LogAppendTime
    assert record.timestamp > 1
    assert len(consumer.partitions_for_topic(topic) or ()) == 3


def test_topics_of_the_factory_have_different_names(kafka_topic: TopicFactory) -> None:
    assert kafka_topic() != kafka_topic()
