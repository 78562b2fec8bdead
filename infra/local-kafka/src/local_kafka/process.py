"""Operating-system processes: start one with a stated lifetime, recognise it again, end it.

Invariant: a process found through a pid file is signalled only if it is the one that the file was
written for: a Kafka with this very configuration file on its command line. Process ids are reused.
(Start times are not compared: they are reckoned from the clock, which a machine may set while the
broker runs.)
"""

import enum
import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from local_kafka import guard

# The kernel ties "the parent died" to the thread that started the child. This thread lives as long
# as the process, unlike those of an event loop's executor.
_STARTER = ThreadPoolExecutor(1, thread_name_prefix="local-kafka-starter")

MAIN_CLASS = "kafka.Kafka"
_POLL_S = 0.02
_LOOKS_AT_COMMAND_LINE = 10


class Lifetime(enum.Enum):
    """What becomes of the process when the one that started it is gone."""

    DETACHED = "it goes on"
    KILLED = "it is killed"
    TERMINATED = "it is asked to end"


@dataclass(frozen=True, slots=True)
class PidRecord:
    """What a pid file says: which process, and the port it was told to listen on."""

    pid: int
    port: int

    def dumps(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> "PidRecord | None":
        """None for what is no pid record: a file cut short says nothing about any process."""
        try:
            found = json.loads(text)
            return cls(int(found["pid"]), int(found["port"]))
        except (ValueError, KeyError, TypeError):
            return None


def is_broker_of(command: Sequence[str], properties: Path) -> bool:
    """Whether a command line is that of a broker with this configuration file."""
    return MAIN_CLASS in command and str(properties) in command


def recorded_process(pid_file: Path, properties: Path) -> tuple[PidRecord, psutil.Process] | None:
    """The living broker of a pid file, or None if there is none (any more)."""
    try:
        record = PidRecord.loads(pid_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if record is None:
        return None
    try:
        process = psutil.Process(record.pid)
        ours = is_broker_of(_command_line(process), properties)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    return (record, process) if ours else None


def _command_line(process: psutil.Process) -> list[str]:
    """Empty for a zombie. It is empty too while a process becomes another program: look again."""
    for _ in range(_LOOKS_AT_COMMAND_LINE):
        command = process.cmdline()
        if command or process.status() == psutil.STATUS_ZOMBIE:
            return command
        time.sleep(_POLL_S)
    return []


def write_record(pid_file: Path, record: PidRecord) -> None:
    draft = pid_file.with_suffix(".new")
    draft.write_text(record.dumps(), encoding="utf-8")
    draft.replace(pid_file)


def spawn(command: Sequence[str], log_path: Path, lifetime: Lifetime) -> "subprocess.Popen[bytes]":
    """Start a command in a session of its own (no Ctrl-C reaches it), its output in a file."""
    if lifetime is not Lifetime.DETACHED:
        last_signal = signal.SIGKILL if lifetime is Lifetime.KILLED else signal.SIGTERM
        parent = str(psutil.Process().pid)
        guarding = [sys.executable, "-I", "-S", str(guard.__file__), parent, str(int(last_signal))]
        command = [*guarding, *command]
    return _STARTER.submit(_popen, command, log_path).result()


def _popen(command: Sequence[str], log_path: Path) -> "subprocess.Popen[bytes]":
    with log_path.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - the command is put together by this package
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=log_path.parent,
        )


def terminate(process: psutil.Process, grace_s: float) -> bool:
    """SIGTERM, wait, and after the grace SIGKILL. True if it ended by itself."""
    try:
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)  # a stopped process would never see the first one
        if wait_gone(process, grace_s):
            return True
        process.kill()
    except psutil.NoSuchProcess:
        return True
    wait_gone(process, grace_s)
    return False


def wait_gone(process: psutil.Process, timeout_s: float) -> bool:
    """Wait until a process has ended, be it our child (not yet reaped) or not."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(_POLL_S)
    return False


def wait_stopped(process: psutil.Process, timeout_s: float) -> bool:
    """Wait until a process that was sent SIGSTOP has stopped; its threads need a moment."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if process.status() == psutil.STATUS_STOPPED:
            return True
        time.sleep(_POLL_S)
    return False
