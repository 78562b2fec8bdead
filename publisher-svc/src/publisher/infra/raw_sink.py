"""`Sink` on a raw extension of the server: a write is a transport write.

How a connection is ended differs between transports, so the transport brings that.
"""

from __future__ import annotations

from collections.abc import Callable

from chassis.outlet import Outlet
from chassis.raw_connection import RawConnection
from contracts.close import CloseCode
from publisher.domain.encoding import Buffer


class RawSink:
    """See the module."""

    def __init__(self, raw: RawConnection, finish: Callable[[CloseCode, str], None]) -> None:
        self._raw = raw
        self._finish = finish
        self._write_all = raw.batch_writer()

    @property
    def paused(self) -> bool:
        """See `publisher.app.ports.Sink`."""
        return self._raw.paused

    @property
    def buffered_bytes(self) -> int:
        """See `publisher.app.ports.Sink`."""
        return self._raw.buffered_bytes

    def outlet(self) -> Outlet:
        """See `publisher.app.ports.Sink`."""
        return self._raw.outlet()

    def write_all(self, buffers: list[Buffer]) -> None:
        """See `publisher.app.ports.Sink`."""
        self._write_all(buffers)

    def finish(self, code: CloseCode, reason: str) -> None:
        """See `publisher.app.ports.Sink`."""
        self._finish(code, reason)

    def abort(self) -> None:
        """See `publisher.app.ports.Sink`."""
        self._raw.abort()
