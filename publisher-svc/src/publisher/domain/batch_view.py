"""A page as frames of several events each, made on demand and shared by all who read the page.

Which events share a frame is a matter of the page alone, so that everybody's frames are the same
ones and one that costs something (compression) is made once. Whoever stands or ends between two of
their edges gets that part as a plain frame of its own, which is not kept. Invariant: going from
offset to offset by the slices alone gives each event of the page once, in order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

from contracts.frames import events_frame
from publisher.domain.encoding import Batching, Buffer, websocket_payload, websocket_text
from publisher.domain.view import Slice


class Batches:
    """A page's frames in one form: where they begin, and those that were made."""

    __slots__ = ("cuts", "frames", "weight_bytes")

    def __init__(self, starts: Sequence[int], size: int, limit_bytes: int) -> None:
        edges = [*starts, size]
        self.cuts = [0]
        """Of frame k, the first event's index; at last the number of events."""
        while (at := self.cuts[-1]) < len(starts):
            self.cuts.append(max(bisect_right(edges, edges[at] + limit_bytes) - 1, at + 1))
        self.frames: dict[int, bytes] = {}
        self.weight_bytes = 200 + 36 * len(self.cuts)

    def keep(self, index: int, frame: bytes) -> None:
        """Remember a frame that was made."""
        self.frames[index] = frame
        self.weight_bytes += len(frame) + 100


class Source(Protocol):
    """The page, or its view of one filter, with a frame for each event."""

    def __len__(self) -> int:
        """How many events it holds."""

    def span(self, offset: int, stop: int | None, limit_events: int | None) -> tuple[int, int, int]:
        """Which events lie there, as indexes [low, high), and the offset to go on at."""

    def offset_at(self, index: int) -> int:
        """Where an event stands."""

    def frames_at(self, low: int, high: int) -> list[bytes]:
        """The frames of these events."""


class BatchView:
    """See the module. Made for one read; what is kept is kept in `Batches`."""

    __slots__ = ("_batches", "_batching", "_source")

    def __init__(self, source: Source, batches: Batches, batching: Batching) -> None:
        self._source = source
        self._batches = batches
        self._batching = batching

    def __len__(self) -> int:
        """How many events it holds."""
        return len(self._source)

    def whole(self, most_made: int) -> tuple[bytes, int]:
        """All frames; only so many of them are made anew, and the others are plain."""
        frames, made = list[bytes](), 0
        for index, (low, high) in enumerate(pairwise(self._batches.cuts)):
            frame = self._batches.frames.get(index)
            if frame is None and made < most_made:
                made += 1
                frame = self._make(index)
            frames.append(self._plain(low, high) if frame is None else frame)
        return frames[0] if len(frames) == 1 else b"".join(frames), made

    def slice(
        self,
        offset: int,
        limit_bytes: int,
        stop: int | None = None,
        limit_events: int | None = None,
    ) -> Slice:
        """As a page's; it ends behind a frame that had to be made, for that takes a while."""
        low, high, end = self._source.span(offset, stop, limit_events)
        if low >= high:
            return Slice(b"", end, 0)
        cuts, at, size, made = self._batches.cuts, low, 0, False
        frames: list[Buffer] = []
        index = bisect_right(cuts, low) - 1
        while at < high and size < limit_bytes and not made:
            until = min(cuts[index + 1], high)
            if (at, until) != (cuts[index], cuts[index + 1]):
                frame = self._plain(at, until)
            elif (kept := self._batches.frames.get(index)) is not None:
                frame = kept
            elif frames:
                break
            else:
                frame, made = self._make(index), True
            frames.append(frame)
            size += len(frame)
            at, index = until, index + 1
        data = frames[0] if len(frames) == 1 else b"".join(frames)
        after = end if at >= high else self._source.offset_at(at)
        return Slice(data, after, at - low, rest=made)

    def _make(self, index: int) -> bytes:
        low, high = self._batches.cuts[index : index + 2]
        frame = self._batching.pack(self._json(low, high))
        self._batches.keep(index, frame)
        return frame

    def _plain(self, low: int, high: int) -> bytes:
        return websocket_text(self._json(low, high))

    def _json(self, low: int, high: int) -> bytes:
        return events_frame([websocket_payload(each) for each in self._source.frames_at(low, high)])
