"""Open files: every connection is one, and the system gives a process few unless it asks for more.

A process out of files can accept nobody and, worse, cannot reach Kafka again either: so the limit
is raised as far as it may be, and who lets clients in keeps to what is left after `RESERVED`.
"""

from __future__ import annotations

import resource

from chassis.logs import get_logger

_log = get_logger("chassis.open_files")

RESERVED = 256
"""For Kafka's connections, logs, and clients that are just being refused."""

MACOS_MOST = 10_240
"""There the hard limit may say more than the kernel gives a process; OPEN_MAX it always gives."""


def room_for(connections: int, *, variable: str) -> int:
    """Raise the limit for so many connections; gives how many there is room for, which may be less.

    Then it is said, too: `variable` is what asks for so many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + RESERVED
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = _raised(soft, wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    room = max(1, soft - RESERVED)
    _log.warning(
        "the system lets this process open fewer files than the settings ask for; raise its limit "
        f"(ulimit -n, LimitNOFILE=) or lower {variable}",
        open_files=soft,
        connections=room,
        asked=connections,
    )
    return room


def _raised(soft: int, wanted: int, hard: int) -> int:
    """The limit that the system took, `wanted` if it may be."""
    for limit in (wanted, MACOS_MOST):
        if soft < limit <= wanted:
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            except (ValueError, OSError):
                continue
            return limit
    return soft
