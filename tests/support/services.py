"""The services as processes, for tests above unit level: started, watched, killed by pid.

A process that a test leaves behind dies with the test run (PDEATHSIG on Linux). Its log is a file;
a start that fails shows the end of it.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from local_kafka.ports import free_ports

_PDEATHSIG = 1


def die_with_parent() -> None:
    """For a process just forked: SIGKILL when its parent is gone (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)


class ServiceProcess:
    """One service. Used as a context manager it is stopped at the end, by SIGTERM."""

    def __init__(self, module: str, environment: Mapping[str, str], log_path: Path) -> None:
        self.module = module
        self.environment = dict(environment)
        self.port = int(self.environment[f"{module.upper()}_PORT"])
        self.log_path = log_path
        self.open_files: int | None = None
        """The most files that the system lets it open; None: as many as this process."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def http_url(self) -> str:
        """Where its HTTP endpoints are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def websocket_url(self) -> str:
        """Its WebSocket endpoint, without parameters."""
        return f"ws://127.0.0.1:{self.port}/websocket"

    @property
    def process(self) -> psutil.Process:
        """The running process."""
        assert self._process is not None, f"{self.module} was not started"
        return psutil.Process(self._process.pid)

    @property
    def cpu_s(self) -> float:
        """CPU seconds that it has used so far, user and system."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def launch(self) -> Self:
        """Start it and return at once."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("KAFKA_", "LISTENER_", "PUBLISHER_", "CONTRACTS_"))
        }
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module],
                env=inherited | self.environment,
                stdout=log,
                stderr=log,
                preexec_fn=self._prepare,  # noqa: PLW1509 - C calls, no locks taken
            )
        return self

    def _prepare(self) -> None:
        die_with_parent()
        if self.open_files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.open_files, self.open_files))

    def start(self, timeout_s: float = 20) -> Self:
        """Start it and wait until it is ready."""
        self.launch()
        self.wait_until_ready(timeout_s)
        return self

    def wait_until_ready(self, timeout_s: float = 20) -> None:
        """Wait for a 200 from /readyz."""
        wait_for(self.is_ready, timeout_s, f"{self.module} ready", self.last_words)

    def is_ready(self) -> bool:
        """One look at /readyz."""
        assert self._process is not None
        if self._process.poll() is not None:
            code = self._process.returncode
            raise AssertionError(f"{self.module} ended with {code}:\n{self.last_words()}")
        return self.get("/readyz")[0] == 200

    def get(self, path: str) -> tuple[int, bytes]:
        """Status (0 when nothing answers) and body."""
        try:
            with urllib.request.urlopen(self.http_url + path, timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def status(self) -> dict[str, Any]:
        """``/status``."""
        document: dict[str, Any] = json.loads(self.get("/status")[1])
        return document

    def logs(self) -> str:
        """All that it has logged."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def last_words(self) -> str:
        """The end of its log."""
        return self.logs()[-4000:]

    def terminate(self) -> None:
        """Ask it to stop; does not wait."""
        self.process.terminate()

    def stop(self, timeout_s: float = 12) -> int:
        """SIGTERM and wait; gives the exit status."""
        assert self._process is not None
        self._process.terminate()
        return self.wait(timeout_s)

    def wait(self, timeout_s: float = 12) -> int:
        """Wait for its end; gives the exit status."""
        assert self._process is not None
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.module} did not end within {timeout_s} s:\n{self.last_words()}"
            ) from None

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def pause(self) -> None:
        """SIGSTOP."""
        self.process.suspend()

    def resume(self) -> None:
        """SIGCONT."""
        self.process.resume()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except AssertionError:
            if error is None:  # a test's own failure says more
                raise

    def close(self) -> None:
        """End it if it still runs; fails if SIGTERM was not enough."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(12)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
            raise AssertionError(
                f"{self.module} did not stop within 12 s of SIGTERM:\n{self.last_words()}"
            ) from None


class PublisherProcess(ServiceProcess):
    """``python -m publisher`` with short intervals; `settings` are PUBLISHER_ variables' ends."""

    def __init__(
        self, bootstrap: str, topic: str, log_dir: Path, instance: str = "test", **settings: object
    ) -> None:
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "KAFKA_TOPIC": topic,
            "PUBLISHER_PORT": str(free_ports(1)[0]),
            "PUBLISHER_INSTANCE": instance,
            "PUBLISHER_GROUP_PREFIX": f"test.{topic}"[:90],
            "PUBLISHER_HEARTBEAT_S": "0.5",
            "PUBLISHER_DRAIN_S": "0.5",
        }
        environment |= {f"PUBLISHER_{k.upper()}": str(v) for k, v in settings.items()}
        super().__init__("publisher", environment, log_dir / f"publisher-{instance}.log")

    def metric(self, name: str, **labels: str) -> float:
        """A metric without its prefix; samples that have the given labels are summed."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        found = 0.0
        for line in self.get("/metrics")[1].decode().splitlines():
            sample, _, value = line.rpartition(" ")
            full = f"broadcaster_publisher_{name}"
            if sample.partition("{")[0] == full and all(each in sample for each in wanted):
                found += float(value)
        return found


class ListenerProcess(ServiceProcess):
    """``python -m listener`` with the demo's user; `settings` are LISTENER_ variables' ends."""

    def __init__(self, bootstrap: str, topic: str, log_dir: Path, **settings: object) -> None:
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "KAFKA_TOPIC": topic,
            "LISTENER_PORT": str(free_ports(1)[0]),
            "LISTENER_USERS": "user:pwd",
            "LISTENER_PLAIN_PASSWORDS": "true",
            "LISTENER_AS": "message.posted",
        }
        environment |= {f"LISTENER_{k.upper()}": str(v) for k, v in settings.items()}
        super().__init__("listener", environment, log_dir / "listener.log")


@dataclass(frozen=True, slots=True)
class System:
    """A listener and a publisher on one topic."""

    bootstrap: str
    topic: str
    listener: ListenerProcess
    publisher: PublisherProcess


def wait_for(
    holds: Callable[[], bool],
    timeout_s: float,
    what: str,
    explain: Callable[[], str] = lambda: "",
) -> None:
    """Wait until `holds()`; fails with `what` and `explain()` after `timeout_s`."""
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline_s:
            raise AssertionError(f"not within {timeout_s} s: {what}\n{explain()}")
        time.sleep(0.05)
