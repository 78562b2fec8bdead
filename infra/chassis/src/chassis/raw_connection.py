"""What raw writes over a WebSocket and raw writes of an HTTP answer have in common.

Invariant: a raw write reaches the transport only between the begin of a connection's stream and the
first sign of an end; at that sign `on_lost` is called, once. What begins it and what ends it is
known by each protocol, which tells its raw side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from chassis.errors import RawWriteRefusedError
from chassis.outlet import Outlet, outlet_of


class TellingProtocol(Protocol):
    """The server's protocol object, which tells its raw side what happens to the connection."""

    transport: Any

    def bound_the_end(self) -> None:
        """Begin to watch the end: `transport.close` alone waits for ever for a peer that does not
        read."""


class RawConnection:
    """One connection's raw side. The application sets the callbacks; all run on the event loop."""

    __slots__ = (
        "_begun", "_gone", "_lost", "_outlet", "_protocol", "on_lost", "on_pause", "on_resume",
        "paused",
    )  # fmt: skip

    refusal: ClassVar[str]
    """What is said of a raw write at the wrong time."""

    def __init__(self, protocol: TellingProtocol) -> None:
        self._protocol = protocol
        self._begun = False
        self._lost = False
        self._gone = False
        self._outlet: Outlet | None = None
        self.paused = False
        """The transport's buffer is above its high-water mark."""
        self.on_pause: Callable[[], None] | None = None
        """The buffer passed the high-water mark. May run inside `write` (uvloop writes at once)."""
        self.on_resume: Callable[[], None] | None = None
        """The buffer fell to the low-water mark."""
        self.on_lost: Callable[[], None] | None = None
        """No further write is allowed. Runs once."""

    @property
    def is_open(self) -> bool:
        """Begun, and no sign of an end yet."""
        # A transport may be closing for a turn of the loop before the protocol hears of it.
        return self._begun and not self._lost and not self._protocol.transport.is_closing()

    @property
    def buffered_bytes(self) -> int:
        """What the transport holds and the kernel has not taken; 0 once the connection is gone."""
        return 0 if self._gone else int(self._protocol.transport.get_write_buffer_size())

    def writer(self) -> Callable[[bytes | memoryview], None]:
        """The transport's own ``write``: the caller drops it when `on_lost` runs.

        Raises:
            RawWriteRefusedError: before the begin or after the first sign of an end.
        """
        write: Callable[[bytes | memoryview], None] = self._open_transport().write
        return write

    def outlet(self) -> Outlet:
        """`writer`, for those who write the same to many, under the same terms."""
        self._outlet = outlet_of(self._open_transport())
        return self._outlet

    def batch_writer(self) -> Callable[[list[bytes | memoryview]], None]:
        """The transport's own ``writelines``, under the same terms as `writer`."""
        write: Callable[[list[bytes | memoryview]], None] = self._open_transport().writelines
        return write

    def set_write_buffer_limits(self, high_bytes: int, low_bytes: int) -> None:
        """Where `on_pause` and `on_resume` are called."""
        if not self._gone:
            self._protocol.transport.set_write_buffer_limits(high_bytes, low_bytes)

    def abort(self) -> None:
        """Drop the connection without flushing: for a peer that does not read."""
        self.lost()
        if not self._gone:
            self._protocol.transport.abort()

    def touched(self) -> None:
        """Told by the protocol: it may have written something itself."""
        if self._outlet is not None:
            self._outlet.touched()

    def pause_writing(self) -> None:
        """Told by the protocol: the buffer is above the high-water mark."""
        self.paused = True
        if self.on_pause is not None and self.is_open:
            self.on_pause()

    def resume_writing(self) -> None:
        """Told by the protocol: the buffer is at the low-water mark."""
        self.paused = False
        if self.on_resume is not None and self.is_open:
            self.on_resume()

    def lost(self) -> None:
        """Told by the protocol at the first sign of an end."""
        if self._lost:
            return
        self._lost = True
        self._protocol.bound_the_end()
        if self.on_lost is not None:
            self.on_lost()

    def gone(self) -> None:
        """Told by the protocol when there is no transport any more. Nothing is called from now on,
        and so nothing is held: call-backs know the connection in turn, which would keep it until
        the cyclic garbage collector comes by.
        """
        self.lost()
        self._gone = True
        self.on_pause = self.on_resume = self.on_lost = self._outlet = None

    def _open_transport(self) -> Any:
        if not self.is_open:
            raise RawWriteRefusedError(self.refusal)
        return self._protocol.transport
