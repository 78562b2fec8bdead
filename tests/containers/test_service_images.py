"""The images of listener and publisher: built, run with few rights, told to stop."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from testcontainers.core.network import Network

from local_kafka.topics import LOG_APPEND_TIME, create_topic
from local_kafka.waiting import run_apart
from support.containers import why_not
from support.kafka_container import KafkaContainer
from support.service_container import DEMO_USER, PORTS, ServiceContainer, image_of
from support.services import wait_for
from support.websocat import Websocat

pytestmark = [pytest.mark.docker, pytest.mark.system, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
CREDENTIALS = "-H=Authorization: Basic dXNlcjpwd2Q="
Pair = tuple[ServiceContainer, ServiceContainer]


@pytest.fixture(scope="module")
def images() -> None:
    """Both images, built from this checkout; later builds are quick, since layers stay."""
    if reason := why_not("python:3.13-slim", command=True):
        pytest.skip(reason)
    for service in PORTS:
        build = ["docker", "build", "-f", "infra/docker/Dockerfile", "--target", service]
        built = subprocess.run(
            [*build, "-t", image_of(service), "."],
            cwd=ROOT, capture_output=True, text=True, timeout=500, check=False,
        )  # fmt: skip
        assert built.returncode == 0, built.stdout[-4000:] + built.stderr[-4000:]


@contextmanager
def running(kafka: KafkaContainer, network: Network) -> Iterator[Pair]:
    """Listener and publisher, ready, on a topic of their own."""
    topic = f"images-{uuid.uuid4().hex[:8]}"
    run_apart(create_topic(kafka.bootstrap, topic, 1, LOG_APPEND_TIME))
    with (
        ServiceContainer(
            "listener", network, topic, LISTENER_AS="message.posted", **DEMO_USER
        ) as listener,
        ServiceContainer("publisher", network, topic, PUBLISHER_INSTANCE=topic) as publisher,
    ):
        listener.wait_until_ready()
        publisher.wait_until_ready()
        yield listener, publisher


@pytest.fixture(scope="module")
def pair(images: None, kafka: KafkaContainer, network: Network) -> Iterator[Pair]:  # noqa: ARG001
    """The images running, for tests that only look."""
    with running(kafka, network) as both:
        yield both


def test_the_walk_through(pair: Pair) -> None:
    listener, publisher = pair
    with (
        Websocat(publisher.websocket_url) as subscriber,
        Websocat(listener.websocket_url, CREDENTIALS) as producer,
    ):
        subscriber.frame_of("live")
        producer.type_line("hello")
        assert producer.frame()["type"] == "ack"
        producer.type_line('{"a":1}')
        assert producer.frame()["problem"]["type"] == "contract-violation"
        assert subscriber.frame_of("event")["event"]["data"] == {"text": "hello"}


def test_they_run_without_rights(pair: Pair) -> None:
    for service in pair:
        assert service.python("import os; print(os.getuid(), os.getgid())") == (0, "10001 10001\n")
        for path in ("/x", "/opt/broadcaster/x", "/tmp/x"):  # noqa: S108 - read-only as well
            status, output = service.python(f"open({path!r}, 'w')")
            assert status == 1
            assert "Error" in output


def test_they_hold_no_tools(pair: Pair) -> None:
    program = (
        "import importlib.util as u, shutil; "
        "print([m for m in ('hatchling', 'uv', 'pytest', 'local_kafka') if u.find_spec(m)], "
        "[c for c in ('gcc', 'cc', 'make') if shutil.which(c)])"
    )
    for service in pair:
        assert service.python(program) == (0, "[] []\n")


def test_docker_finds_them_healthy_and_a_silent_one_not(pair: Pair) -> None:
    for service in pair:
        wait_for(service.is_healthy, 40, f"{service.image} to be healthy")
    listener, _ = pair
    silent = "import os, sys; os.environ['LISTENER_PORT'] = '1'; sys.argv[1:] = ['LISTENER']; "
    run = "import runpy; runpy.run_path('/opt/healthz.py', run_name='__main__')"
    status, output = listener.python(silent + run)
    assert status == 1
    assert "http://127.0.0.1:1/healthz" in output


def test_they_say_what_they_are(pair: Pair) -> None:
    for service in pair:
        labels = service.get_wrapped_container().labels
        assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
        assert labels["org.opencontainers.image.title"].startswith("Broadcaster ")


def test_sigterm_ends_them_in_order_within_ten_seconds(
    images: None,  # noqa: ARG001
    kafka: KafkaContainer,
    network: Network,
) -> None:
    with running(kafka, network) as (listener, publisher):
        with Websocat(publisher.websocket_url) as subscriber:
            subscriber.frame_of("live")
            status, took_s = publisher.terminate(15)
            assert subscriber.frame_of("moved")["cursor"]
        assert (status, took_s < 10) == (0, True), took_s
        status, took_s = listener.terminate(15)
        assert (status, took_s < 10) == (0, True), took_s
        for service in (listener, publisher):
            assert "draining" in {line["event"] for line in service.log_lines()}
