"""Ports on the loopback interface: is one free, and which are.

Ports handed out lie below the range from which the kernel takes ports of outgoing connections. In
that range a dead broker's port can be taken by any client before the broker is back, even by a
client that is trying to reach it and so connects to itself.

A port that was handed out stays its process's own until that ends, in use or not: a broker that is
killed and started again finds its port free though another process looks for one meanwhile. For
that, each port is a byte of one file, locked by whom it was given to.
"""

import errno
import fcntl
import os
import random
import socket
import tempfile
from functools import cache
from pathlib import Path

from local_kafka.errors import PortInUse
from local_kafka.properties import HOST

_FIRST, _LAST = 20_000, 32_000


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as Java does: TIME_WAIT is free
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def free_ports(count: int) -> tuple[int, ...]:
    """So many different ports that were free a moment ago, and not given to anybody else."""
    found: set[int] = set()
    numbers = random.SystemRandom()
    for _ in range(1000):
        port = numbers.randrange(_FIRST, _LAST)
        if port not in _given and _claim(port) and is_free(port):
            found.add(port)
        if len(found) == count:
            _given.update(found)
            return tuple(found)
    raise PortInUse(f"Found no {count} free ports between {_FIRST} and {_LAST} on {HOST}.")


_given: set[int] = set()
"""Handed out by this process."""


@cache
def _claims() -> int:
    """The file of claims, open as long as this process lives: closing it would give all up."""
    path = Path(tempfile.gettempdir()) / f"local-kafka-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _claim(port: int) -> bool:
    """Take the port's byte; False if another process has it."""
    try:
        fcntl.lockf(_claims(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            return False
        raise
    return True
