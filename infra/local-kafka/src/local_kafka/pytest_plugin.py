"""Fixtures for tests that need a real Kafka: `-p local_kafka.pytest_plugin`.

Invariant: one broker per test session, started only when a test first asks for it, and gone with
the session however that ends. With TEST_KAFKA_BOOTSTRAP_SERVERS set, that cluster is used and none
is started.
"""

import os
import re
import uuid
from collections.abc import Iterator
from typing import Protocol

import pytest

from local_kafka.broker import Broker
from local_kafka.distribution import resolve
from local_kafka.errors import PortInUse
from local_kafka.ports import free_ports
from local_kafka.topics import LOG_APPEND_TIME, create_topic
from local_kafka.waiting import run_apart

EXTERNAL = "TEST_KAFKA_BOOTSTRAP_SERVERS"
_FIXTURES = {"kafka_broker", "kafka_bootstrap", "kafka_topic"}
_ATTEMPTS = 3


class TopicFactory(Protocol):
    """Creates a topic of a unique name; `retention_ms=1000` sets `retention.ms`."""

    def __call__(self, partitions: int = 1, **config: object) -> str: ...


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "kafka: needs a real Kafka broker")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Download Kafka before the first test, where no test's timeout runs."""
    if os.environ.get(EXTERNAL) or session.config.option.collectonly:
        return
    if any(_FIXTURES & set(getattr(item, "fixturenames", ())) for item in session.items):
        resolve()


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker of this session's own. Tests that kill or pause one start their own instead."""
    broker = _start(tmp_path_factory)
    yield broker
    broker.kill()


@pytest.fixture(scope="session")
def kafka_bootstrap(request: pytest.FixtureRequest) -> str:
    """`host:port` of the Kafka to test against."""
    if external := os.environ.get(EXTERNAL):
        return external
    broker: Broker = request.getfixturevalue("kafka_broker")
    return broker.bootstrap


@pytest.fixture
def kafka_topic(kafka_bootstrap: str, request: pytest.FixtureRequest) -> TopicFactory:
    """A factory of topics with a unique name and the broker's time as timestamps."""
    test = re.sub(r"[^A-Za-z0-9_-]+", "-", request.node.name)[:60].strip("-")

    def create(partitions: int = 1, **config: object) -> str:
        name = f"{test}-{uuid.uuid4().hex[:8]}"
        settings = {key.replace("_", "."): str(value) for key, value in config.items()}
        run_apart(create_topic(kafka_bootstrap, name, partitions, {**LOG_APPEND_TIME, **settings}))
        return name

    return create


def _start(directories: pytest.TempPathFactory) -> Broker:
    for attempt in range(_ATTEMPTS):
        port, controller_port = free_ports(2)
        broker = Broker(directories.mktemp("kafka"), port, controller_port)
        try:
            broker.start()
        except PortInUse:  # taken by another test session since it was found free
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return broker
    raise AssertionError("the loop returns or raises")
