"""The bar on stderr while a replay runs: from the resolved start to the tip, or to a nearer end.

Measured in offsets, so holes and filtered events count as way made. Nothing is drawn where stderr
is no terminal.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from contracts.cursor import parse_cursor
from contracts.errors import InvalidCursorError

_REDRAW_S = 0.1


class ReplayBar:
    """Begun by ``hello``, moved by events and heartbeats, stopped by ``live``."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._start: tuple[int, ...] = ()
        self._goal: tuple[int, ...] = ()
        self._at: list[int] = []
        self._drawn_at = 0.0

    @property
    def drawn(self) -> bool:
        """Whether the terminal is the bar's just now."""
        return self._progress is not None

    def begin(self, hello: Mapping[str, Any]) -> None:
        """Draw, if there is a way to go and a terminal to draw on."""
        self.stop()
        if not self.console.is_terminal:
            return
        try:
            self._start = parse_cursor(str(hello.get("cursor"))).positions
            goal = list(parse_cursor(str(hello.get("tip"))).positions)
            until = hello.get("until")
            ends = parse_cursor(until).positions if isinstance(until, str) else tuple(goal)
        except InvalidCursorError:
            return  # a bar is not worth a failure
        self._goal = tuple(min(tip, end) for tip, end in zip(goal, ends, strict=False))
        self._at = list(self._start)
        total = self._way(self._goal)
        if total <= 0:
            return
        self._progress = Progress(
            TextColumn("replaying"),
            BarColumn(),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} offsets"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task("replaying", total=total)
        self._progress.start()

    def advance(self, partition: int, offset: int) -> None:
        """An event was written."""
        if self._progress is not None and partition < len(self._at):
            self._at[partition] = offset + 1
            self._draw()

    def reach(self, cursor: str | None) -> None:
        """A frame's cursor moved over what was filtered."""
        if self._progress is None or cursor is None:
            return
        self._at[:] = parse_cursor(cursor).positions[: len(self._at)]
        self._draw()

    def stop(self) -> None:
        """Take the bar away; calling it twice is fine."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _draw(self) -> None:
        now = time.monotonic()
        if self._progress is not None and now - self._drawn_at >= _REDRAW_S:
            self._drawn_at = now
            self._progress.update(self._task, completed=self._way(self._at))

    def _way(self, to: tuple[int, ...] | list[int]) -> int:
        return sum(
            max(0, min(at, goal) - start)
            for at, goal, start in zip(to, self._goal, self._start, strict=False)
        )
