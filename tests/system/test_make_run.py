"""What ``make run`` starts: a real Kafka, both services, and a clear line for each trouble."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_kafka.ports import free_ports
from support.services import wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.system, pytest.mark.timeout(120)]


class Stack:
    """``broadcaster-stack run`` on ports and a data directory of its own."""

    def __init__(self, data_dir: Path, publishers: int) -> None:
        kafka, listener, self.first = free_ports(3)
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("KAFKA_", "LISTENER_", "PUBLISHER", "CONTRACTS_"))
        } | {
            "KAFKA_PORT": str(kafka),
            "LISTENER_PORT": str(listener),
            "PUBLISHER_PORT": str(self.first),
            "PUBLISHERS": str(publishers),
            "BROADCASTER_DATA_DIR": str(data_dir),
            "BROADCASTER_LISTENER_URL": f"ws://localhost:{listener}/websocket",
            "BROADCASTER_PUBLISHER_URL": f"ws://localhost:{self.first}/websocket",
            "BROADCASTER_USER": "user",
            "BROADCASTER_PASSWORD": "pwd",
        }
        self.log_path = data_dir.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Start it and wait until it says what to try next."""
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                self._command("run"), env=self.environment, stdout=log, stderr=log
            )
        process = self._process
        wait_for(
            lambda: "Broadcaster is ready" in self.log() or process.poll() is not None,
            90,
            "the stack is ready",
            self.log,
        )
        assert process.poll() is None, self.log()

    def call(self, *command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Another command in the same environment, with `text` for its input."""
        return subprocess.run(
            command,
            env=self.environment,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def stop(self) -> subprocess.CompletedProcess[str]:
        """``make stop``."""
        return self.call(*self._command("stop"))

    def interrupt(self) -> int:
        """Ctrl-C; gives the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(40)

    def wait(self) -> int:
        """Its exit status."""
        assert self._process is not None
        return self._process.wait(40)

    def close(self) -> None:
        """Reap it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def log(self) -> str:
        """What it printed."""
        return self.log_path.read_text(errors="replace")

    def _command(self, verb: str) -> list[str]:
        return [sys.executable, "-m", "stack", verb]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """Two publishers, not started."""
    stack = Stack(tmp_path / "data", publishers=2)
    yield stack
    stack.stop()
    stack.close()


def broadcaster() -> str:
    """The client's command."""
    return str(Path(sys.executable).with_name("broadcaster"))


def test_run_demo_stop_and_records_survive(stack: Stack) -> None:
    stack.run()
    demo = stack.call(broadcaster(), "demo")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    again = stack.call(sys.executable, "-m", "stack", "run")
    assert (again.returncode, "runs already" in again.stderr) == (1, True)
    assert stack.stop().returncode == 0
    assert stack.wait() == 0
    assert "Kafka stopped" in stack.log()

    stack.run()
    kept = stack.call(
        broadcaster(), "tail", "--since", "earliest", "--until", "now", "--json",
        f"ws://localhost:{stack.first + 1}/websocket",
    )  # fmt: skip
    assert kept.returncode == 0, kept.stderr
    assert len(kept.stdout.splitlines()) > 0
    assert stack.interrupt() == 0


def test_dead_letters_are_kept_and_shown_to_whom_they_are_of(stack: Stack) -> None:
    stack.environment |= {
        "LISTENER_DEAD_LETTER_TOPIC": "dead-letters",
        "LISTENER_AS": "order.placed",
        "LISTENER_USERS": "ann:a bob:b",
        "LISTENER_PLAIN_PASSWORDS": "true",
    }
    stack.run()
    letters = f"ws://localhost:{stack.first + 2}/websocket"
    assert f"websocat -H='Authorization: Basic …' '{letters}?since=earliest'" in stack.log()

    def call(user: str, *command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        stack.environment |= {"BROADCASTER_USER": user, "BROADCASTER_PASSWORD": user[:1]}
        return stack.call(broadcaster(), *command, text=text)

    def shown(user: str) -> list[str]:
        told = call(user, "tail", "--since", "earliest", "--until", "now", "--json", letters)
        frames = [json.loads(line) for line in told.stdout.splitlines()]
        return [frame["event"]["data"]["event"]["data"]["by"] for frame in frames]

    for user in ("ann", "bob"):
        refused = call(user, "publish", text=f'{{"by":"{user}"}}\n')
        assert refused.returncode == 1, refused.stdout + refused.stderr
    wait_for(lambda: shown("bob") != [], 20, "the later dead letter is shown", stack.log)
    assert (shown("ann"), shown("bob")) == (["ann"], ["bob"])
    nobody = call("", "tail", "--since", "earliest", letters)
    assert (nobody.returncode, nobody.stdout) == (2, "")
    assert "BROADCASTER_PASSWORD" in nobody.stderr
    assert stack.interrupt() == 0


def test_a_port_in_use_is_one_clear_line(stack: Stack) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", stack.first))
        other.listen()
        refused = stack.call(sys.executable, "-m", "stack", "run")
    assert refused.returncode == 1
    assert refused.stdout == ""
    (line,) = refused.stderr.splitlines()
    assert f"Port {stack.first}" in line
    assert "PUBLISHER_PORT=PORT make run" in line


def test_a_dead_broker_is_one_clear_line(stack: Stack) -> None:
    (nobody,) = free_ports(1)
    stack.environment["KAFKA_BOOTSTRAP_SERVERS"] = f"127.0.0.1:{nobody}"
    refused = stack.call(sys.executable, "-m", "stack", "run")
    assert refused.returncode == 1
    assert f"127.0.0.1:{nobody}" in refused.stderr
    assert "Traceback" not in refused.stderr
