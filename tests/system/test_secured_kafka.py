"""A Kafka with TLS, authentication and rights: what docs/operations.md asks for is enough."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_kafka.topics import LOG_APPEND_TIME, create_topic
from support.secured import Operation, Pattern, Resource, Secured, secured_kafka
from support.services import ListenerProcess, PublisherProcess, ServiceProcess, wait_for
from support.stream import outcome, subscribed
from support.websocat import Websocat

pytestmark = [pytest.mark.kafka, pytest.mark.system, pytest.mark.timeout(120)]

CREDENTIALS = "-H=Authorization: Basic dXNlcjpwd2Q="


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured_kafka(tmp_path_factory.mktemp("secured")) as secured:
        yield secured


@pytest.fixture
async def topic(kafka: Secured) -> str:
    name = f"secured-{uuid.uuid4().hex[:8]}"
    await create_topic(kafka.broker.bootstrap, name, 2, LOG_APPEND_TIME)
    return name


def listener_as(kafka: Secured, way: str, topic: str, directory: Path) -> ListenerProcess:
    listener = ListenerProcess("", topic, directory)
    listener.environment |= kafka.settings(way, "listener")
    return listener


def publisher_as(kafka: Secured, way: str, topic: str, directory: Path) -> PublisherProcess:
    publisher = PublisherProcess("", topic, directory, group_prefix=topic)
    publisher.environment |= kafka.settings(way, "publisher")
    return publisher


async def grant_what_is_documented(kafka: Secured, topic: str) -> None:
    at_topic, at_group = (Resource.TOPIC, topic), (Resource.GROUP, topic)
    await kafka.grant("listener", *at_topic, Operation.DESCRIBE, Operation.WRITE)
    await kafka.grant("publisher", *at_topic, Operation.DESCRIBE, Operation.READ)
    await kafka.grant(
        "publisher", *at_group, Operation.DESCRIBE, Operation.READ, pattern=Pattern.PREFIXED
    )


@pytest.mark.parametrize("way", ["PLAIN", "SSL"])
async def test_the_documented_rights_are_enough(
    kafka: Secured, topic: str, tmp_path: Path, way: str
) -> None:
    await grant_what_is_documented(kafka, topic)
    with (
        listener_as(kafka, way, topic, tmp_path).start() as listener,
        publisher_as(kafka, way, topic, tmp_path).start() as publisher,
        Websocat(listener.websocket_url, CREDENTIALS) as producer,
    ):
        async with subscribed(publisher.websocket_url) as stream:
            await stream.live()
            for line in ("one", "two", "three"):
                producer.type_line(line)
                assert producer.frame()["type"] == "ack"
            await stream.places(3)
        replayed = await outcome(publisher.websocket_url, "since=earliest&until=now")
        assert len(replayed.events) == 3
        assert "rror" not in publisher.logs()


async def test_a_missing_right_is_told_and_healed_without_a_restart(
    kafka: Secured, topic: str, tmp_path: Path
) -> None:
    with (
        listener_as(kafka, "PLAIN", topic, tmp_path).launch() as listener,
        publisher_as(kafka, "PLAIN", topic, tmp_path).launch() as publisher,
    ):
        for service in (listener, publisher):
            wait_for(
                lambda each=service: b"authorized" in each.get("/readyz")[1],  # type: ignore[misc]
                20,
                f"{service.module} says that it lacks rights",
                lambda: readiness(listener, publisher),
            )
        await kafka.grant("publisher", Resource.TOPIC, topic, Operation.DESCRIBE, Operation.READ)
        wait_for(
            lambda: b"roupAuthorizationFailed" in publisher.get("/readyz")[1],
            20, "the publisher says that its group is not granted", lambda: readiness(publisher),
        )  # fmt: skip
        await grant_what_is_documented(kafka, topic)
        for service in (listener, publisher):
            service.wait_until_ready(40)


async def test_a_wrong_password_is_told(kafka: Secured, topic: str, tmp_path: Path) -> None:
    listener = listener_as(kafka, "PLAIN", topic, tmp_path)
    publisher = publisher_as(kafka, "PLAIN", topic, tmp_path)
    for service in (listener, publisher):
        service.environment["KAFKA_SASL_PASSWORD"] = "wr0ng"
    with listener.launch(), publisher.launch():
        for service in (listener, publisher):
            wait_for(
                lambda each=service: b"KAFKA_SASL" in each.get("/readyz")[1],  # type: ignore[misc]
                20,
                f"{service.module} says what to look at",
                lambda: readiness(listener, publisher),
            )
            assert "wr0ng" not in service.logs()


def readiness(*services: ServiceProcess) -> str:
    return "\n".join(f"{each.get('/readyz')} {each.last_words()}" for each in services)
