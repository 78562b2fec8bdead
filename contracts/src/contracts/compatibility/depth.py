"""Bounds of one comparison: room for recursion, and time.

Schemas may refer to one another in chains of thousands, so the work is done in a thread with a
large stack, while the interpreter's limit is raised; both end with it. Whatever takes long calls
`check_time`, so that a hostile schema ends a comparison and not a CI run.
"""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import ContextVar, copy_context
from typing import TypeVar

_STACK_BYTES = 512 * 1024**2
"""Of address space; memory is used only as deep as it goes."""
_FRAMES = 60_000

_deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)

_T = TypeVar("_T")


class OutOfTimeError(Exception):
    """The comparison has taken as long as it may; who began it says that it is undecided."""


def check_time() -> None:
    """Raise `OutOfTimeError` past the deadline of the work that this is part of."""
    if time.monotonic() > _deadline.get():
        raise OutOfTimeError


def deeply(work: Callable[[], _T], deadline: float = math.inf) -> _T:
    """What `work` returns or raises, with room to recur, until a time of `time.monotonic`."""
    outcome: Future[_T] = Future()
    context = copy_context()
    context.run(_deadline.set, deadline)

    def run() -> None:
        try:
            outcome.set_result(context.run(work))
        except BaseException as error:  # noqa: BLE001 - it is raised again by whoever waits
            outcome.set_exception(error)

    before, frames = threading.stack_size(_STACK_BYTES), sys.getrecursionlimit()
    sys.setrecursionlimit(max(frames, _FRAMES))
    try:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
        sys.setrecursionlimit(frames)
    return outcome.result()
