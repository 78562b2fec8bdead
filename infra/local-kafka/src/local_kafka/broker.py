"""One real Kafka node (broker and controller in one JVM): start, wait, stop, kill, pause.

Invariant: at most one JVM runs on a data directory, and after `start` returns the broker answers.
Acked records survive `kill` and a new start. Synchronous: from async code call it through
`asyncio.to_thread`.

    with Broker(Path("data"), 21092, 21093) as broker:
        produce_to(broker.bootstrap)

As a library the JVM dies with this process, whatever ends it; `Lifetime.DETACHED` is for the
command line.
"""

import logging
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from local_kafka import ports
from local_kafka.distribution import Distribution, exclusive, resolve
from local_kafka.errors import AlreadyRunning, NotRunning, PortInUse, StartFailed
from local_kafka.process import (
    MAIN_CLASS,
    Lifetime,
    PidRecord,
    recorded_process,
    spawn,
    terminate,
    wait_gone,
    wait_stopped,
    write_record,
)
from local_kafka.properties import HOST, Node
from local_kafka.storage import DataDirectory, new_cluster_id
from local_kafka.waiting import wait_for_answer

log = logging.getLogger(__name__)

DEFAULT_START_TIMEOUT_S = 60.0
DEFAULT_GRACE_S = 20.0
_KILL_TIMEOUT_S = 10.0


class Broker:
    """A Kafka node on 127.0.0.1 with its data in `data_dir`.

    `properties` override any default of `server.properties`. `voters` (controller port by node id)
    and `cluster_id` matter only for nodes of one cluster; see `local_kafka.cluster`.
    """

    def __init__(  # noqa: PLR0913 - all but three have a default and are given by name
        self,
        data_dir: Path,
        port: int,
        controller_port: int,
        *,
        properties: Mapping[str, str] | None = None,
        node_id: int = 1,
        voters: Mapping[int, int] | None = None,
        cluster_id: str | None = None,
        heap: str = "256m",
        distribution: Distribution | None = None,
    ) -> None:
        self.directory = DataDirectory(data_dir.resolve())
        self.node = Node(
            self.directory.root, port, controller_port, node_id, voters or {}, properties or {}
        )
        self._cluster_id = cluster_id
        self._heap = heap
        self._distribution = distribution
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """`host:port`, for `bootstrap_servers`."""
        return self.node.bootstrap

    @property
    def log_path(self) -> Path:
        """Where the broker writes its log."""
        return self.directory.log

    @property
    def pid(self) -> int | None:
        """The id of the living JVM on this data directory, whoever started it; None if none."""
        process = self.process
        return process.pid if process else None

    @property
    def process(self) -> psutil.Process | None:
        if self._child is not None:
            return psutil.Process(self._child.pid) if self._child.poll() is None else None
        found = recorded_process(self.directory.pid_file, self.directory.properties)
        return found[1] if found else None

    def start(
        self,
        timeout_s: float = DEFAULT_START_TIMEOUT_S,
        lifetime: Lifetime = Lifetime.KILLED,
    ) -> None:
        """Launch and wait. Raises `AlreadyRunning`, `PortInUse`, `StartFailed`, or as `resolve`."""
        self.launch(lifetime)
        self.wait_until_ready(timeout_s)

    def launch(self, lifetime: Lifetime = Lifetime.KILLED) -> None:
        """Start the JVM without waiting for it to answer."""
        distribution = self._distribution or resolve()
        self.directory.claim()
        with exclusive(self.directory.lock_file):
            if (pid := self.pid) is not None:
                raise AlreadyRunning(
                    f"Kafka runs already on {self.directory.root} (process {pid})."
                )
            self._check_ports()
            self.directory.prepare(self.node)
            self.directory.format(self.node, distribution, self._cluster_id or new_cluster_id())
            self._child = spawn(self._command(distribution), self.log_path, lifetime)
            record = PidRecord(self._child.pid, self.node.port)
            write_record(self.directory.pid_file, record)

    def wait_until_ready(self, timeout_s: float = DEFAULT_START_TIMEOUT_S) -> None:
        """Return once the broker answers. Raises `StartFailed`, and then leaves no JVM behind."""
        node = self.node
        if wait_for_answer(HOST, node.port, node.node_id, timeout_s, lambda: self.pid is not None):
            return
        ended = self.pid is None
        self.kill()
        what = "ended while starting" if ended else f"did not answer within {timeout_s:g} s"
        raise StartFailed(f"Kafka {what}. Its log: {self.log_path}\n{self._last_words()}".rstrip())

    def wait_for_other(self, timeout_s: float) -> bool:
        """Wait until the broker that another process started on this directory answers."""
        found = recorded_process(self.directory.pid_file, self.directory.properties)
        return found is not None and wait_for_answer(
            HOST, found[0].port, self.node.node_id, timeout_s, lambda: self.pid is not None
        )

    def stop(self, grace_s: float = DEFAULT_GRACE_S) -> bool:
        """SIGTERM, and SIGKILL after the grace. True if that was not needed."""
        process = self.process
        ended_by_itself = process is None or terminate(process, grace_s)
        self._forget()
        return ended_by_itself

    def kill(self) -> None:
        """SIGKILL, as a crash would. Does nothing if no JVM is there."""
        if (process := self.process) is not None:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                log.debug("process %s had ended before it was killed", process.pid)
            wait_gone(process, _KILL_TIMEOUT_S)
        self._forget()

    def pause(self) -> None:
        """SIGSTOP, and wait until it has stopped: connected, and silent. Raises `NotRunning`."""
        process = self._require_process()
        process.send_signal(signal.SIGSTOP)
        wait_stopped(process, _KILL_TIMEOUT_S)

    def resume(self) -> None:
        """SIGCONT: undo `pause`. Raises `NotRunning`."""
        self._require_process().send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _require_process(self) -> psutil.Process:
        process = self.process
        if process is None:
            raise NotRunning(f"No Kafka runs on {self.directory.root}.")
        return process

    def _forget(self) -> None:
        if self._child is not None:
            self._child.wait(_KILL_TIMEOUT_S)
            self._child = None
        self.directory.pid_file.unlink(missing_ok=True)

    def _check_ports(self) -> None:
        for port in (self.node.port, self.node.controller_port):
            if not ports.is_free(port):
                purpose = "" if port == self.node.port else " (the controller's: KAFKA_PORT + 1)"
                raise PortInUse(
                    f"Port {port}{purpose} is in use by another program. "
                    "Set KAFKA_PORT to a free port (the next one is used too) and start again."
                )

    def _command(self, distribution: Distribution) -> list[str]:
        return [
            str(distribution.java.executable),
            f"-Xmx{self._heap}",
            *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"),
            *("-XX:-UsePerfData", "-Xshare:auto", "-Djava.awt.headless=true"),
            f"-Djava.io.tmpdir={self.directory.tmp}",
            f"-Dlog4j2.configurationFile={self.directory.log4j2}",
            *("-cp", distribution.classpath, MAIN_CLASS, str(self.directory.properties)),
        ]

    def _last_words(self) -> str:
        try:
            lines = self.log_path.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        wrong = [line for line in lines[-200:] if " ERROR " in line or " FATAL " in line]
        return "\n".join(wrong[-3:] or lines[-3:])
