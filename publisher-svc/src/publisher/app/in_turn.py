"""`BlockWriter` that is right anywhere: each outlet's own write, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from publisher.app.ports import Outlet
from publisher.domain.encoding import Buffer


class InTurn:
    """See the module."""

    def joined(self, outlet: Outlet) -> None:
        """See `publisher.app.ports.BlockWriter`."""

    def left(self, outlet: Outlet) -> None:
        """See `publisher.app.ports.BlockWriter`."""

    def row(self, outlets: Sequence[Outlet]) -> InTurnRow:
        """See `publisher.app.ports.BlockWriter`."""
        return InTurnRow([each.write for each in outlets])


class InTurnRow:
    """See `publisher.app.ports.Row`."""

    __slots__ = ("_writes",)

    def __init__(self, writes: list[Callable[[Buffer], None]]) -> None:
        self._writes = writes

    def write(self, block: bytes, start: int, stop: int) -> list[int]:
        """See `publisher.app.ports.Row`."""
        broken = []
        for index, write in enumerate(self._writes[start:stop], start):
            try:
                write(block)
            except Exception:  # noqa: BLE001 - a transport that died under us
                broken.append(index)
        return broken
