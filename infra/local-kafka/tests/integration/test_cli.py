"""The command as people and scripts run it: exit codes and lines."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from local_kafka.ports import free_ports
from local_kafka.process import wait_gone

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(90)]


@dataclass(frozen=True, slots=True)
class Command:
    """`local-kafka` with its settings in the environment."""

    data_dir: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        settings = {"KAFKA_DATA_DIR": str(self.data_dir), "KAFKA_PORT": str(self.port)}
        inherited = {k: v for k, v in os.environ.items() if k != "KAFKA_BOOTSTRAP_SERVERS"}
        return {**inherited, **settings, "LOCAL_KAFKA_HEAP": "256m"}

    @property
    def line(self) -> list[str]:
        return [sys.executable, "-c", "from local_kafka.cli import main; main()"]

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [*self.line, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr


def free_pair() -> int:
    """A port whose neighbour, the controller's, is free as well."""
    for _ in range(100):
        (port,) = free_ports(1)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port + 1)) != 0:
                return port
    raise AssertionError("no two free ports in a row")


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path / "kafka", free_pair())
    yield command
    command("wipe", "--force")


def running_pid(command: Command) -> int:
    return int(json.loads(command("status", "--json")[1])["pid"])


def test_a_day_with_the_command(command: Command) -> None:
    code, said, _ = command("status")
    assert (code, "not running" in said) == (3, True)

    code, said, _ = command("start")
    assert code == 0
    assert f"ready at 127.0.0.1:{command.port}" in said
    code, said, _ = command("start")
    assert (code, "runs already" in said) == (0, True)

    assert command("topic", "create", "t", "--partitions", "2")[0] == 0
    code, said, _ = command("status", "--json")
    status = json.loads(said)
    assert code == 0
    assert (status["running"], status["answers"], status["version"]) == (True, True, "4.3.1")
    assert status["topics"] == {
        "t": [{"partition": n, "start": 0, "end": 0} for n in range(2)],
    }
    assert command("trim", "--topic", "t", "--all")[0] == 0
    assert command("groups")[:2] == (0, "No consumer groups.\n")

    code, _, complaint = command("wipe")
    assert (code, "--force" in complaint) == (1, True)
    code, said, _ = command("stop")
    assert (code, "stopped" in said) == (0, True)
    code, said, _ = command("stop")
    assert (code, "not running" in said) == (0, True)
    assert command("wipe")[0] == 0
    assert not command.data_dir.exists()


def test_a_killed_broker_is_noticed_and_started_again(command: Command) -> None:
    command("start")
    command("topic", "create", "t")
    jvm = psutil.Process(running_pid(command))
    jvm.kill()
    assert wait_gone(jvm, 10)

    assert command("status")[0] == 3
    assert command("start")[0] == 0

    assert "t" in json.loads(command("status", "--json")[1])["topics"]


def test_a_port_in_use_is_one_line_and_exit_code_1(command: Command) -> None:
    with socket.create_server(("127.0.0.1", command.port)):
        code, _, complaint = command("start")

    assert code == 1
    assert re.fullmatch(rf"Port {command.port} is in use.*KAFKA_PORT.*\n", complaint)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_in_the_foreground_a_signal_stops_the_broker_and_exits_0(
    command: Command, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [*command.line, "start", "--foreground"], env=command.environment, stdout=subprocess.PIPE
    ) as foreground:
        assert foreground.stdout is not None
        assert b"ready" in foreground.stdout.readline()
        jvm = psutil.Process(running_pid(command))

        foreground.send_signal(number)

        assert foreground.wait(30) == 0
        assert not jvm.is_running()
    assert "shut down completed" in (command.data_dir / "broker.log").read_text()


def test_in_the_foreground_the_end_of_the_broker_is_an_error(command: Command) -> None:
    with subprocess.Popen(
        [*command.line, "start", "--foreground"],
        env=command.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as foreground:
        assert foreground.stdout is not None
        foreground.stdout.readline()
        psutil.Process(running_pid(command)).kill()

        _, complaint = foreground.communicate(timeout=30)

    assert foreground.returncode == 1
    assert b"ended by itself" in complaint


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["trim", "--topic", "t"], "exactly one of"),
        (["topic", "create", "t", "--config", "nonsense"], "key=value"),
        (["groups"], "No Kafka answers at"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    command: Command, arguments: list[str], complaint: str
) -> None:
    code, _, said = command(*arguments)

    assert code == 1
    assert complaint in said
    assert said.count("\n") == 1
