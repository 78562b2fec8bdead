"""The broker as a child in the foreground, for a process runner: signals in, orderly stop out.

Invariant: when this ends, whatever ended it, the JVM it started is stopped or being stopped. A
broker that ran before is only watched, and left running.
"""

import signal
from collections.abc import Callable
from types import FrameType

from local_kafka.broker import Broker
from local_kafka.errors import StartFailed
from local_kafka.process import Lifetime, wait_gone

Say = Callable[[str], None]

_LOOK_EVERY_S = 1.0


class _Asked(BaseException):
    """A signal asked this process to end; not an error, so no `except Exception` may swallow it."""


def run_in_foreground(broker: Broker, say: Say) -> None:
    """Return after an orderly stop. Raises `StartFailed` if the broker ends by itself."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ask)
    ours = broker.pid is None
    try:
        if ours:
            broker.start(lifetime=Lifetime.TERMINATED)
            say(f"Kafka is ready at {broker.bootstrap}. Its log: {broker.log_path}")
        else:
            say("Kafka runs already on this data directory; it stays when this ends.")
        while (process := broker.process) is not None:
            wait_gone(process, _LOOK_EVERY_S)
    except _Asked:
        _ignore_signals()
        if ours:
            say("Stopping Kafka.")
            if not broker.stop():
                say("Kafka did not stop in time and was killed. Acked records are safe.")
        return
    raise StartFailed(f"Kafka ended by itself. Its log: {broker.log_path}")


def _ask(_number: int, _frame: FrameType | None) -> None:
    raise _Asked


def _ignore_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
