"""What operators are told of records that are no events: that they are there, and where."""

from __future__ import annotations

import pytest

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.records import event, store

pytestmark = pytest.mark.kafka

SKIPPED = "records that are no events are skipped: something else writes to the topic"


async def test_skipped_records_are_logged_by_place_and_not_in_numbers(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic(partitions=2)
    publisher = start_publisher(topic)

    def wait_skipped(count: int) -> None:
        publisher.wait_that(
            lambda: publisher.metric("records_skipped_total") == count, f"{count} skipped"
        )

    await store(kafka_bootstrap, topic, [event(1)], partition=1)
    await store(kafka_bootstrap, topic, [event(2), b"s3cret", None, event(3)], partition=1)
    wait_skipped(2)
    for count in range(3, 8):  # each in a page of its own
        await store(kafka_bootstrap, topic, [b"s3cret"], partition=0)
        wait_skipped(count)

    line, *later = publisher.log_lines(SKIPPED)
    assert (line["level"], line["partition"], line["first_offset"]) == ("warning", 1, 2)
    assert line["records"] in {1, 2}
    assert len(later) < 2  # none, unless this took longer than they are held back
    assert "s3cret" not in publisher.log_path.read_text()
