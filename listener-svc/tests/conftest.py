"""Makes the fakes importable, as ``listener_fakes.<port>``; the listener as a process, and brokers
that a test may kill.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local_kafka.broker import Broker
from local_kafka.ports import free_ports

sys.path.insert(0, str(Path(__file__).parent / "fakes"))

from listener_fakes.running import RunningListener

RunListener = Callable[..., RunningListener]


@pytest.fixture
def run_listener(tmp_path: Path) -> Iterator[RunListener]:
    """Starts listeners: ``run_listener(bootstrap, topic, max_in_flight=10)``."""
    running: list[RunningListener] = []

    def run(bootstrap: str, topic: str, **settings: object) -> RunningListener:
        log = tmp_path / f"listener-{len(running)}.log"
        running.append(RunningListener(bootstrap, topic, log, **settings))
        return running[-1]

    yield run
    for each in running:
        each.close()


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker of this test alone, not started yet: it may be killed and paused."""
    port, controller_port = free_ports(2)
    broker = Broker(tmp_path / "kafka", port, controller_port)
    yield broker
    broker.kill()
