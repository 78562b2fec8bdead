"""Tasks that are hard to end, and the time that ending them takes."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from chassis import ending
from chassis.ending import end, ended

LONG_S = 60.0


async def stubborn(lost: int) -> None:
    """Loses so many cancellations."""
    for _ in range(lost):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(LONG_S)
    await asyncio.sleep(LONG_S)


async def begun(lost: int) -> asyncio.Task[None]:
    task = asyncio.ensure_future(stubborn(lost))
    await asyncio.sleep(0)
    return task


async def test_a_lost_cancellation_is_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "AGAIN_S", 0.01)
    tasks = [await begun(lost) for lost in (0, 1, 3)]
    assert await end(tasks, LONG_S) == set()
    assert all(task.cancelled() for task in tasks)


async def test_what_does_not_end_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "AGAIN_S", 0.01)
    good, bad = await begun(0), await begun(1_000_000)
    assert await end([good, bad], 0.1) == {bad}
    assert good.cancelled()
    monkeypatch.setattr(asyncio, "sleep", None)  # so that it ends
    bad.cancel()
    with contextlib.suppress(TypeError, asyncio.CancelledError):
        await bad


async def test_what_ends_by_itself_is_not_cancelled() -> None:
    quick = asyncio.ensure_future(asyncio.sleep(0.01, "done"))
    assert await ended([quick], LONG_S, cancel_after_s=LONG_S) == set()
    assert quick.result() == "done"


async def test_failures_of_what_ends_are_nobodys() -> None:
    failing = asyncio.get_running_loop().create_future()
    failing.set_exception(ValueError("late"))
    assert await end([failing], LONG_S) == set()
