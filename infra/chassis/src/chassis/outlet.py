"""A connection's `write`, and what one must know to go around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True, eq=False)
class Outlet:
    """See the module.

    Invariant: whoever uses `write`, or has the connection write something itself, calls `touched`
    before others run. The descriptor is this connection's until its end has been told: transports
    close it after that.
    """

    write: Callable[[bytes | memoryview], None]
    """Takes bytes in order and does not wait."""
    buffered_bytes: Callable[[], int]
    """What the socket has not taken yet."""
    descriptor: int = -1
    """Of the socket, if it takes the very bytes of `write`, else -1. While nothing is buffered,
    `write` would do nothing else than send to it."""
    marks: dict[int, Outlet] | None = None
    """Where `touched` puts this outlet, under its descriptor, while somebody goes around it."""

    def touched(self) -> None:
        """Something was, or may have been, written."""
        if self.marks is not None:
            self.marks[self.descriptor] = self


def outlet_of(transport: Any) -> Outlet:
    """A transport's own, of asyncio's kind."""
    sealed = transport.get_extra_info("ssl_object") is not None
    sock = None if sealed else transport.get_extra_info("socket")
    descriptor = -1 if sock is None else sock.fileno()
    return Outlet(transport.write, transport.get_write_buffer_size, descriptor)
