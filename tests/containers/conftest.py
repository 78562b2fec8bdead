"""Kafka in a container, for these tests alone; a skip that says why where there is no Docker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from testcontainers.core.network import Network

from support.containers import why_not
from support.kafka_container import ALIAS, IMAGE, KafkaContainer


@pytest.fixture(scope="session")
def kafka_image() -> None:
    """Docker answers and has Kafka's image, or the test is skipped."""
    if reason := why_not(IMAGE):
        pytest.skip(reason)


@pytest.fixture(scope="session")
def network(kafka_image: None) -> Iterator[Network]:  # noqa: ARG001 - there must be Docker
    """A Docker network."""
    with Network() as network:
        yield network


@pytest.fixture(scope="session")
def kafka(network: Network) -> Iterator[KafkaContainer]:
    """A broker in that network, reached from outside it too."""
    with KafkaContainer(network=network, network_aliases=[ALIAS]) as container:
        yield container
