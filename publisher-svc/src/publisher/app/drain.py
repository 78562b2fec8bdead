"""Command: let every subscriber go, spread over the drain time, each with its cursor.

Readiness has failed by then (`Subscribe.drain`), so they reconnect elsewhere; spreading keeps the
other instances from being asked by all of them in the same moment.
"""

from __future__ import annotations

import asyncio

from publisher.app.hub import Hub

_STEPS = 20


async def drain(hub: Hub, *, over_s: float, retry_after_ms: int) -> int:
    """Send ``moved`` and close 4001, to all, within `over_s`. Gives how many were told."""
    leaving = hub.subscriptions()
    per_step = -(-len(leaving) // _STEPS) if leaving else 1
    for at in range(0, len(leaving), per_step):
        for subscription in leaving[at : at + per_step]:
            hub.move(subscription, retry_after_ms)
        if at + per_step < len(leaving):
            await asyncio.sleep(over_s / _STEPS)
    return len(leaving)
