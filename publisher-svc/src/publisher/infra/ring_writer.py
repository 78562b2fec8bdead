"""`BlockWriter` that sends to all sockets of a row with one system call.

A transport's `write` sends at once if it holds nothing back, and keeps what the kernel does not
take. Here the kernel is asked first, for all; what it does not take of a block, and all for those
whose transport holds something back, is left to their own `write`, which also finds out who is
gone. Invariant: a socket is sent to only if its transport holds nothing. Those to which anything
else was written since are `marks`, and are looked at before the next block; so nothing is done, and
no memory is read, per subscriber.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

from chassis.send_ring import SendRing
from publisher.app.ports import Outlet

FEWEST = 8
"""Below so many outlets their own writes are cheaper."""
_NOBODY = -1


class RingWriter:
    """See the module. Once the kernel refuses the ring, `failed` is told, and writes go in turn.

    Raises:
        SendRingUnavailableError: there is none here.
    """

    def __init__(self, failed: Callable[[], None]) -> None:
        self._ring = SendRing()
        self._failed = failed
        self.marks: dict[int, Outlet] = {}

    @property
    def is_open(self) -> bool:
        """The ring is in use."""
        return self._ring.is_open

    def joined(self, outlet: Outlet) -> None:
        """See `publisher.app.ports.BlockWriter`."""
        outlet.marks = self.marks
        outlet.touched()

    def left(self, outlet: Outlet) -> None:
        """See `publisher.app.ports.BlockWriter`."""
        outlet.marks = None
        if self.marks.get(outlet.descriptor) is outlet:
            del self.marks[outlet.descriptor]

    def row(self, outlets: Sequence[Outlet]) -> RingRow:
        """See `publisher.app.ports.BlockWriter`."""
        return RingRow(self, outlets)

    def send(self, sockets: array[int], block: bytes) -> dict[int, int]:
        """As `SendRing.send`, past those whose transports hold something back."""
        if not self._ring.is_open:
            return dict.fromkeys(range(len(sockets)), 0)
        if self.marks:
            self._look_at_marks(sockets)
            if marks := self.marks:
                sockets = array("i", [_NOBODY if each in marks else each for each in sockets])
        taken = self._ring.send(sockets, block)
        if not self._ring.is_open:
            self._failed()
        return taken

    def close(self) -> None:
        """Write in turn from now on."""
        self._ring.close()

    def _look_at_marks(self, sockets: array[int]) -> None:
        """At those that matter now: as many as are marked, or as are written to."""
        marks = self.marks
        few = list(marks) if len(marks) <= len(sockets) else set(sockets) & marks.keys()
        for descriptor in few:
            if not marks[descriptor].buffered_bytes():
                del marks[descriptor]


class RingRow:
    """See `publisher.app.ports.Row`."""

    __slots__ = ("_outlets", "_sockets", "_writer")

    def __init__(self, writer: RingWriter, outlets: Sequence[Outlet]) -> None:
        self._writer = writer
        self._outlets = outlets
        self._sockets = array("i", [each.descriptor for each in outlets])

    def write(self, block: bytes, start: int, stop: int) -> list[int]:
        """See `publisher.app.ports.Row`."""
        if stop - start < FEWEST:
            taken = dict.fromkeys(range(stop - start), 0)
        else:
            taken = self._writer.send(self._sockets[start:stop], block)
        broken = []
        for index, count in taken.items():
            outlet = self._outlets[start + index]
            try:
                outlet.write(memoryview(block)[count:] if count > 0 else block)
            except Exception:  # noqa: BLE001 - a transport that died under us
                broken.append(start + index)
            outlet.touched()
        return broken
