"""So much in each minute of one client's own, and nothing saved up. Sans-IO: the clock is given."""

from __future__ import annotations

from collections.abc import Callable


class PerMinute:
    """One client's; its first minute begins now."""

    __slots__ = ("_left", "_minute_s", "_most", "_now_s")

    def __init__(self, most: float, now_s: Callable[[], float]) -> None:
        self._most = most
        self._now_s = now_s
        self._left, self._minute_s = most, now_s()

    def takes(self, count: int) -> bool:
        """Whether so many more are within it."""
        now_s = self._now_s()
        if now_s - self._minute_s > 60:
            self._left, self._minute_s = self._most, now_s
        self._left -= count
        return self._left >= 0
