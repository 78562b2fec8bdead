"""Batches in every codec that Kafka knows: producers may compress, and so may the broker."""

from __future__ import annotations

import pytest

from local_kafka.ports import free_ports
from local_kafka.topics import LOG_APPEND_TIME, create_topic
from support.fixtures import StartPublisher
from support.records import event, producing
from support.stream import outcome, subscribed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]

CODECS = ("gzip", "snappy", "lz4", "zstd")


@pytest.mark.parametrize("codec", CODECS)
async def test_what_is_stored_compressed_is_replayed_and_live(
    kafka_bootstrap: str, start_publisher: StartPublisher, codec: str
) -> None:
    topic = f"compressed-{codec}-{free_ports(1)[0]}"
    # the broker writes in the topic's codec what came in another one
    await create_topic(kafka_bootstrap, topic, 1, {**LOG_APPEND_TIME, "compression.type": codec})
    async with producing(kafka_bootstrap) as producer:
        for number in range(3000):
            await producer.send(topic, event(number))
        await producer.flush()
        publisher = start_publisher(topic, prefill=100)
        url = publisher.websocket_url
        replayed = await outcome(url, "since=0&until=now")
        async with subscribed(url, "since=2500") as stream:
            caught_up = await stream.live()
            for number in range(3000, 3050):
                await producer.send(topic, event(number))
            await producer.flush()
            live = await stream.places(50)

    assert [offset for _, offset in replayed.events] == list(range(3000))
    assert [offset for _, offset in caught_up] == list(range(2500, 3000))
    assert [offset for _, offset in live] == list(range(3000, 3050))
    assert publisher.complaints() == []
