"""Draining: all are told, with their cursors, spread over the time."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from publisher_fakes.stage import Stage

from contracts.close import CloseCode
from publisher.app.drain import drain


async def test_all_are_moved_with_their_cursors() -> None:
    stage = Stage(5)
    sinks = [stage.join()[1], stage.join(2)[1]]
    assert await drain(stage.hub, over_s=0.0, retry_after_ms=250) == 2
    moved = [sink.controls("moved")[0] for sink in sinks]
    assert [each.cursor for each in moved] == ["0:5@0badcafe", "0:2@0badcafe"]
    assert all(each.members["retry_after_ms"] == 250 for each in moved)
    assert {sink.closed for sink in sinks} == {(CloseCode.MOVED, "moved")}
    assert len(stage.hub) == 0


async def test_they_are_spread() -> None:
    stage = Stage(0)
    for _ in range(45):
        stage.join()
    left: list[int] = []

    async def watch() -> None:
        while True:
            left.append(len(stage.hub))
            await asyncio.sleep(0)

    watching = asyncio.ensure_future(watch())
    await drain(stage.hub, over_s=0.02, retry_after_ms=0)
    watching.cancel()
    steps = sorted(set(left), reverse=True)
    assert len(steps) >= 10
    assert all(more - fewer <= 3 for more, fewer in pairwise(steps))


async def test_who_goes_meanwhile_is_not_told() -> None:
    stage = Stage(0)
    sinks = [stage.join()[1] for _ in range(40)]
    moving = asyncio.ensure_future(drain(stage.hub, over_s=0.02, retry_after_ms=0))
    await asyncio.sleep(0)
    for subscription in stage.hub.subscriptions():
        stage.hub.unsubscribe(subscription)
    await moving
    assert sum(bool(sink.controls("moved")) for sink in sinks) == 2


async def test_an_empty_house_takes_no_time() -> None:
    assert await drain(Stage(0).hub, over_s=1e9, retry_after_ms=0) == 0
