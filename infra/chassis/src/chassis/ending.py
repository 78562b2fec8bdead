"""Ends tasks for good, and in bounded time.

One cancellation can be lost: `asyncio.wait_for` (Python 3.11) swallows it when what it waits for
ends in the same moment, and libraries do alike. A service whose stop waits for such a task would be
killed for it. Invariant: `end` returns in time, whatever the tasks do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

AGAIN_S = 0.5
"""Between two cancellations of what has not ended."""


async def end(tasks: Collection[asyncio.Future[Any]], within_s: float) -> set[asyncio.Future[Any]]:
    """Cancel all until they have ended; gives those that did not within that time."""
    return await ended(tasks, within_s, cancel_after_s=0.0)


async def ended(
    tasks: Collection[asyncio.Future[Any]], within_s: float, *, cancel_after_s: float
) -> set[asyncio.Future[Any]]:
    """The same, with some time to end by themselves first."""
    loop = asyncio.get_running_loop()
    until_s, pending = loop.time() + within_s, {each for each in tasks if not each.done()}
    if pending and cancel_after_s > 0:
        _, pending = await asyncio.wait(pending, timeout=cancel_after_s)
    while pending and loop.time() < until_s:
        for each in pending:
            each.cancel()
        left_s = max(0.0, until_s - loop.time())
        _, pending = await asyncio.wait(pending, timeout=min(AGAIN_S, left_s))
    for each in tasks:
        if each.done() and not each.cancelled():
            each.exception()  # looked at: what ends with the service is nobody's any more
    return pending
