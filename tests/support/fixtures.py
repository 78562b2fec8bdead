"""Fixtures around service processes; a conftest imports the ones that it wants.

Processes end with the test, and a failed test shows what they logged.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.publisher import Publisher

StartPublisher = Callable[..., Publisher]
"""``start(topic, **settings)``: a publisher that is ready; ``ready=False``: just launched."""

_STARTED = pytest.StashKey[list[Publisher]]()


@pytest.fixture
def make_publisher(
    kafka_bootstrap: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[StartPublisher]:
    """Makes publishers that are not started yet; ``bootstrap=`` names another Kafka."""
    made: list[Publisher] = request.node.stash.setdefault(_STARTED, [])

    def make(topic: str, *, bootstrap: str = kafka_bootstrap, **settings: object) -> Any:
        publisher = Publisher(bootstrap, topic, tmp_path, **settings)  # type: ignore[arg-type]
        made.append(publisher)
        return publisher

    yield make
    for each in made:
        each.close()


@pytest.fixture
def start_publisher(make_publisher: StartPublisher) -> StartPublisher:
    """Starts publishers and waits until they are ready."""

    def start(topic: str, **settings: object) -> Publisher:
        return make_publisher(topic, **settings).start()

    return start


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
    call: pytest.CallInfo[None],  # noqa: ARG001 - its name is the hook's
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the services of a failed test logged."""
    report = yield
    if report.failed:
        shared = [
            getattr(each, "publisher", None) for each in getattr(item, "funcargs", {}).values()
        ]
        for each in [*item.stash.get(_STARTED, []), *shared]:
            if isinstance(each, Publisher) and each.log_path.exists():
                report.sections.append((f"log of {each.log_path.name}", each.last_words()))
    return report
