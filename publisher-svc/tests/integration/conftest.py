"""What the integration tests stand on: publishers as processes, topics with known records.

`one` and `three` are shared and only read; whoever changes a topic makes one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_kafka.broker import Broker
from local_kafka.ports import free_ports
from support.fixtures import make_publisher, pytest_runtest_makereport, start_publisher
from support.served import Served, served

__all__ = ["make_publisher", "pytest_runtest_makereport", "start_publisher"]


@pytest.fixture(scope="session")
def one(kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One partition: earliest 10, second half from 20 on, end 30."""
    directory = tmp_path_factory.mktemp("one")
    with served(kafka_bootstrap, directory, [{0: 20}, {0: 10}], trimmed=10) as found:
        yield found


@pytest.fixture(scope="session")
def three(kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Three partitions: ends 10, 12, 0; second half from 5 and 6 on."""
    directory = tmp_path_factory.mktemp("three")
    halves = [{0: 5, 1: 6}, {0: 5, 1: 6}]
    with served(kafka_bootstrap, directory, halves, partitions=3) as found:
        yield found


@pytest.fixture(scope="session")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A Kafka to be killed and paused; it creates topics that are asked for, as many do.

    With a quick cleaner and short sessions allowed.
    """
    quick = {
        "auto.create.topics.enable": "true",
        "log.cleaner.backoff.ms": "100",
        "log.cleaner.min.cleanable.ratio": "0.01",
        "group.min.session.timeout.ms": "1000",
    }
    broker = Broker(tmp_path_factory.mktemp("own-kafka"), *free_ports(2), properties=quick)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def mortal(own_broker: Broker) -> Iterator[Broker]:
    """The same, running again for whoever comes next."""
    yield own_broker
    if own_broker.pid is None:
        own_broker.start()
    else:
        own_broker.resume()
