"""Ports on the loopback interface: is one free, and which are.

Ports handed out lie below the range from which the kernel takes ports of outgoing connections. In
that range a dead broker's port can be taken by any client before the broker is back, even by a
client that is trying to reach it and so connects to itself.
"""

import errno
import random
import socket

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
    """So many different ports that were free a moment ago."""
    found: set[int] = set()
    numbers = random.SystemRandom()
    for _ in range(1000):
        port = numbers.randrange(_FIRST, _LAST)
        if is_free(port):
            found.add(port)
        if len(found) == count:
            return tuple(found)
    raise PortInUse(f"Found no {count} free ports between {_FIRST} and {_LAST} on {HOST}.")
