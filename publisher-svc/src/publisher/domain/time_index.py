"""About when the log of one partition was written where: a few points, and straight lines between.

Good enough to decide which partition to read next, also where no page is in memory. Points are the
first records of pages that were seen; bounded, thinned out when there are too many.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

MOST_POINTS = 4096


class TimeIndex:
    """See the module. Times are broker timestamps in ms, which never run backwards."""

    __slots__ = ("_offsets", "_times_ms")

    def __init__(self) -> None:
        self._offsets: list[int] = []
        self._times_ms: list[int] = []

    def note(self, offset: int, time_ms: int) -> None:
        """The record at `offset`, or the next one, is of that time."""
        if not time_ms:
            return
        at = bisect_left(self._offsets, offset)
        if at < len(self._offsets) and self._offsets[at] == offset:
            return
        self._offsets.insert(at, offset)
        self._times_ms.insert(at, time_ms)
        if len(self._offsets) > MOST_POINTS:
            del self._offsets[1:-1:2]
            del self._times_ms[1:-1:2]

    def estimate_ms(self, offset: int) -> float | None:
        """About when the record at `offset` was written; None when nothing is known."""
        offsets, times_ms = self._offsets, self._times_ms
        if len(offsets) < 2:
            return times_ms[0] if times_ms else None
        right = min(max(bisect_right(offsets, offset), 1), len(offsets) - 1)
        first, last = offsets[right - 1], offsets[right]
        slope = (times_ms[right] - times_ms[right - 1]) / (last - first)
        return times_ms[right - 1] + (offset - first) * slope

    def forget(self) -> None:
        """The log was cut or replaced."""
        self._offsets.clear()
        self._times_ms.clear()
