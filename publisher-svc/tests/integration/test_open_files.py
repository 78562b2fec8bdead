"""Few open files: who fits is served, who does not is told, and Kafka stays in reach."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.records import events, store
from support.stream import subscribed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]

FILES = 300
"""What the process may have open; 256 of them are reserved."""


async def test_who_does_not_fit_is_told_and_the_others_go_on(
    kafka_bootstrap: str, kafka_topic: TopicFactory, make_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    publisher = make_publisher(topic)
    publisher.open_files = FILES
    publisher.start()
    async with AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(subscribed(publisher.websocket_url))
            for _ in range(FILES - 256)
        ]
        await asyncio.gather(*[stream.live() for stream in streams])
        with pytest.raises(InvalidStatus) as refused:
            await connect(publisher.websocket_url, proxy=None)
        assert refused.value.response.status_code == 503
        await store(kafka_bootstrap, topic, events(3))
        got = await asyncio.gather(*[stream.places(3) for stream in streams])
        assert got == [[(0, 0), (0, 1), (0, 2)]] * len(streams)
        assert publisher.readiness()[0] == 200
    assert "open fewer files" in publisher.logs()
