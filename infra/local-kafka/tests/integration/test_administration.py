"""Topics, trimming and groups against a real broker."""

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from local_kafka import admin
from local_kafka.errors import InvalidSetting, KafkaRefused
from local_kafka.groups import Position, consumer_groups
from local_kafka.ports import free_ports
from local_kafka.pytest_plugin import TopicFactory
from local_kafka.topics import create_topic, delete_topic, partition_ranges
from local_kafka.trimming import Before, Keep, Trimmed, trim

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]


async def produce(bootstrap: str, topic: str, count: int, partition: int = 0) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        for _ in range(count):
            await producer.send(topic, b"x", partition=partition)
        await producer.flush()
    finally:
        await producer.stop()


async def test_a_broker_that_does_not_know_its_controller_yet_is_waited_for(
    kafka_bootstrap: str, kafka_topic: TopicFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that has just come up: the client's own answer to that is an AttributeError."""
    topic, looks = kafka_topic(), 3

    class JustUp(AIOKafkaAdminClient):
        async def start(self) -> None:
            await super().start()  # type: ignore[no-untyped-call]
            look = self._client.force_metadata_update

            async def forget() -> None:
                nonlocal looks
                looks -= 1
                await look()  # type: ignore[no-untyped-call]
                if looks > 0:
                    self._client.cluster.controller = None

            self._client.cluster.controller = None
            monkeypatch.setattr(self._client, "force_metadata_update", forget)

    monkeypatch.setattr(admin, "AIOKafkaAdminClient", JustUp)
    assert await create_topic(kafka_bootstrap, topic, 1) is False
    assert looks <= 0


async def test_trimming_moves_the_start_of_the_chosen_partition(
    kafka_bootstrap: str, kafka_topic: TopicFactory
) -> None:
    topic = kafka_topic(partitions=2)
    await produce(kafka_bootstrap, topic, 10, partition=0)
    await produce(kafka_bootstrap, topic, 10, partition=1)

    assert await trim(kafka_bootstrap, topic, Before(4), partition=1) == [Trimmed(1, 0, 4)]
    assert await trim(kafka_bootstrap, topic, Keep(3)) == [Trimmed(0, 0, 7), Trimmed(1, 4, 7)]
    assert await trim(kafka_bootstrap, topic, Keep(9)) == [Trimmed(0, 7, 7), Trimmed(1, 7, 7)]

    starts = [found.start for found in await partition_ranges(kafka_bootstrap, topic)]
    assert starts == [7, 7]


async def test_trimming_what_is_not_there_is_refused(
    kafka_bootstrap: str, kafka_topic: TopicFactory
) -> None:
    with pytest.raises(KafkaRefused, match="UnknownTopicOrPartition"):
        await trim(kafka_bootstrap, "no-such-topic", Keep(0))
    with pytest.raises(InvalidSetting, match="no partition 7"):
        await trim(kafka_bootstrap, kafka_topic(), Keep(0), partition=7)


async def test_groups_show_members_commits_and_lag(
    kafka_bootstrap: str, kafka_topic: TopicFactory
) -> None:
    topic = kafka_topic(partitions=2)
    await produce(kafka_bootstrap, topic, 10)
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=kafka_bootstrap,
        group_id=f"group-of-{topic}",
        client_id="reader",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        await consumer.commit({TopicPartition(topic, 0): 6})
        (group,) = [
            found
            for found in await consumer_groups(kafka_bootstrap)
            if found.name == f"group-of-{topic}"
        ]
    finally:
        await consumer.stop()

    assert group.state == "Stable"
    (member,) = group.members
    assert (member.client_id, member.host) == ("reader", "127.0.0.1")
    assert member.partitions == (TopicPartition(topic, 0), TopicPartition(topic, 1))
    assert group.positions == (Position(topic, 0, 6, 10), Position(topic, 1, None, 0))
    assert group.positions[0].lag == 4


async def test_creating_twice_is_fine_and_never_changes_a_topic(
    kafka_bootstrap: str, kafka_topic: TopicFactory
) -> None:
    topic = kafka_topic(partitions=2)

    assert not await create_topic(kafka_bootstrap, topic, 2)
    with pytest.raises(KafkaRefused, match=r"2 partition\(s\), not 3"):
        await create_topic(kafka_bootstrap, topic, 3)
    with pytest.raises(KafkaRefused, match="Unknown topic config"):
        await create_topic(kafka_bootstrap, f"{topic}-b", 1, {"no.such.config": "1"})
    assert await delete_topic(kafka_bootstrap, topic)
    assert not await delete_topic(kafka_bootstrap, topic)


async def test_nobody_at_the_address_is_said_with_what_to_do() -> None:
    (port,) = free_ports(1)

    with pytest.raises(KafkaRefused, match=f"127.0.0.1:{port}.*local-kafka start"):
        await partition_ranges(f"127.0.0.1:{port}")
