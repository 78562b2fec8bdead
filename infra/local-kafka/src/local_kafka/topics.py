"""Topics: create, delete, list with the first and the next offset of every partition.

Invariant: creating is idempotent; a topic that exists with another number of partitions is never
changed, only reported. Timestamps are the broker's unless one asks otherwise, since clocks of
producers lie.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, UnknownTopicOrPartitionError

from local_kafka.admin import administration, check
from local_kafka.errors import KafkaRefused

LOG_APPEND_TIME: Mapping[str, str] = {"message.timestamp.type": "LogAppendTime"}

_BROKERS_DEFAULT = -1


@dataclass(frozen=True, slots=True)
class PartitionRange:
    """A partition's records: from `start` up to, not including, `end`."""

    topic: str
    partition: int
    start: int
    end: int


async def create_topic(
    bootstrap: str, name: str, partitions: int, config: Mapping[str, str] = LOG_APPEND_TIME
) -> bool:
    """True if it was created now, False if it was there. Raises `KafkaRefused`."""
    async with administration(bootstrap) as admin:
        topic = NewTopic(name, partitions, 1, topic_configs=dict(config))
        topic.replication_factor = _BROKERS_DEFAULT  # which the constructor refuses and Kafka takes
        answer = await admin.create_topics([topic])
        (result,) = answer.to_object()["topic_errors"]
        code = result["error_code"]
        if code == TopicAlreadyExistsError.errno:
            await _require_partitions(admin, name, partitions)
            return False
        check(code, f"Creating topic {name}", result["error_message"])
        return True


async def delete_topic(bootstrap: str, name: str) -> bool:
    """True if it was deleted, False if there was none. Raises `KafkaRefused`."""
    async with administration(bootstrap) as admin:
        answer = await admin.delete_topics([name])
        (result,) = answer.to_object()["topic_error_codes"]
        code = result["error_code"]
        if code == UnknownTopicOrPartitionError.errno:
            return False
        check(code, f"Deleting topic {name}")
        return True


async def partition_ranges(
    bootstrap: str, topic: str | None = None, *, of: Collection[str] | None = None
) -> list[PartitionRange]:
    """Every partition of one topic, or of all but Kafka's own, in order.

    `of` names those of all that are wanted; one that does not exist is left out.

    Raises:
        KafkaRefused: there is no such topic, or no answer in 10 s.
    """
    async with administration(bootstrap) as admin:
        wanted = await _partitions(admin, topic)
    if of is not None:
        wanted = [tp for tp in wanted if tp.topic in of]
    if not wanted:
        return []
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, request_timeout_ms=10_000)
    try:
        await consumer.start()
        starts = await consumer.beginning_offsets(wanted)
        ends = await consumer.end_offsets(wanted)
    except KafkaError as error:
        raise KafkaRefused(f"Kafka at {bootstrap} refused to tell offsets: {error}") from error
    finally:
        await consumer.stop()
    return [PartitionRange(tp.topic, tp.partition, starts[tp], ends[tp]) for tp in wanted]


async def _partitions(admin: AIOKafkaAdminClient, topic: str | None) -> list[TopicPartition]:
    described = await admin.describe_topics([topic] if topic else None)
    found: list[TopicPartition] = []
    for answer in described:
        check(answer["error_code"], f"Topic {answer['topic']}")
        if topic or not answer["is_internal"]:
            numbers = (partition["partition"] for partition in answer["partitions"])
            found.extend(TopicPartition(answer["topic"], number) for number in numbers)
    return sorted(found)


async def _require_partitions(admin: AIOKafkaAdminClient, name: str, partitions: int) -> None:
    present = len(await _partitions(admin, name))
    if present != partitions:
        raise KafkaRefused(
            f"Topic {name} exists with {present} partition(s), not {partitions}. It was left as it "
            "is: more partitions would move keys to other ones. Choose that number or delete it."
        )
