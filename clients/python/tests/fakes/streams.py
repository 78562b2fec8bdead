"""What tests of a stream over real sockets do with it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from broadcaster.backoff import Backoff
from broadcaster.patience import Patience
from broadcaster.subscribe import Interrupted, Stream
from broadcaster.subscription import Received
from contracts.frames import Control, event_frame

QUICK = Patience(connect_s=2, backoff=Backoff(base_s=0.001, cap_s=0.002))


async def collect(stream: Stream) -> list[Received | Control | Interrupted]:
    """Everything up to the end."""
    async with stream:
        return [item async for item in stream]


async def consume(items: AsyncIterator[object]) -> None:
    """Read to the end."""
    async for _ in items:
        pass


def offsets(items: list[Received | Control | Interrupted]) -> list[int]:
    """Of the events among them."""
    return [item.offset for item in items if isinstance(item, Received)]


def events(*at: int) -> list[bytes]:
    """Frames of events at these offsets of partition 0."""
    return [event_frame(0, offset, b'{"id":"%d"}' % offset) for offset in at]
