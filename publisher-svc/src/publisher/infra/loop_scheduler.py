"""The hub's scheduler on the running event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class LoopScheduler:
    """See `publisher.app.ports.Scheduler`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now_s(self) -> float:
        """The loop's clock."""
        return self._loop.time()

    def soon(self, call: Callable[[], None]) -> None:
        """In the loop's next turn."""
        self._loop.call_soon(call)

    def later(self, delay_s: float, call: Callable[[], None]) -> None:
        """After a delay."""
        self._loop.call_later(delay_s, call)
