"""The system as a whole: services as processes on a real Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_kafka.pytest_plugin import TopicFactory
from support.services import ListenerProcess, PublisherProcess, System


@pytest.fixture
def system(kafka_bootstrap: str, kafka_topic: TopicFactory, tmp_path: Path) -> Iterator[System]:
    """Both services, ready, on a topic of their own with one partition."""
    topic = kafka_topic()
    listener = ListenerProcess(kafka_bootstrap, topic, tmp_path)
    publisher = PublisherProcess(kafka_bootstrap, topic, tmp_path)
    with listener.launch(), publisher.launch():
        listener.wait_until_ready()
        publisher.wait_until_ready()
        yield System(kafka_bootstrap, topic, listener, publisher)
