"""A page: consecutive records of one partition as joined frames, with an index.

Invariant: a page covers the offsets [first, next), holes included; whoever has read it has seen
every event that the log held there. Immutable, but for the views that it keeps of itself. It does
not know where it came from, how long it lives, or what a subscriber is.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from publisher.domain.batch_view import Batches, BatchView
from publisher.domain.encoding import (
    WEBSOCKET,
    Batching,
    Encoding,
    encode_event,
    websocket_payload,
)
from publisher.domain.filter import Filter
from publisher.domain.view import Slice, View


class Record(NamedTuple):
    """A Kafka record: what a page is built from."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None


RecordRow = tuple[int, int, bytes | None, bytes | None]
"""The same as a plain tuple, which costs a quarter of that to make."""


EventType = Callable[[bytes | None], str | None]
"""Gives the type of the event in a record's value; None for a foreign record, which is skipped."""


def frame_type(value: bytes | None, event_type: EventType) -> str | None:
    """The same, with what a frame needs besides: no line break may stand in it (SSE, NDJSON)."""
    if value is None or b"\n" in value or b"\r" in value:
        return None
    return event_type(value)


class Page:
    """See the module. Built by `build_page` or `Page.merged`."""

    __slots__ = (
        "_batches", "_keys", "_offsets", "_own_bytes", "_starts", "_type_set", "_types", "_views",
        "accounted_bytes", "data", "first", "first_ms", "last_ms", "next", "partition", "skipped",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913, PLR0917 - the index's columns
        self,
        partition: int,
        bounds: tuple[int, int],
        data: bytes,
        offsets: array[int],
        starts: array[int],
        types: list[str],
        keys: list[bytes | None],
        times_ms: tuple[int, int],
        skipped: int = 0,
    ) -> None:
        self.partition = partition
        self.first, self.next = bounds
        self.data = data
        self._offsets = offsets
        self._starts = starts
        self._types = types
        self._type_set: frozenset[str] | None = None
        self._keys = keys
        self.first_ms, self.last_ms = times_ms
        """Broker timestamps of the first and the last record, 0 for a page of holes."""
        self.skipped = skipped
        """Foreign records in it, which no subscriber gets."""
        self._views: dict[tuple[Filter, str], Page | None] = {}
        """None stands for this page: a cycle would keep it until the collector runs."""
        key_bytes = sum(map(len, filter(None, keys)))
        self._own_bytes = len(data) + 40 * len(offsets) + key_bytes + 256
        self._batches: dict[str, Batches] = {}
        self.accounted_bytes = 0
        """What the shelf that holds it has entered in its books."""

    def __len__(self) -> int:
        """How many events it holds."""
        return len(self._offsets)

    @property
    def weight_bytes(self) -> int:
        """Memory that it is reckoned at: frames, index (types are shared strings), keys, views."""
        if not (self._views or self._batches):
            return self._own_bytes
        views = [view.weight_bytes for view in self._views.values() if view is not None]
        batches = [each.weight_bytes for each in self._batches.values()]
        return self._own_bytes + sum(views) + sum(batches)

    def slice(
        self,
        offset: int,
        limit_bytes: int,
        stop: int | None = None,
        limit_events: int | None = None,
    ) -> Slice:
        """Whole frames from the first event at or after `offset`, below `stop`.

        About `limit_bytes`, at least one frame if there is one; never more than `limit_events`.
        """
        low, high, end = self.span(offset, stop, limit_events)
        if low >= high:
            return Slice(b"", end, 0)
        start = self._starts[low]
        size = self._start_of(high)
        if size - start > limit_bytes + (limit_bytes >> 1):  # no small rest for the next turn
            cut = max(bisect_right(self._starts, start + limit_bytes) - 1, low + 1)
            if cut < high:
                data = memoryview(self.data)[start : self._starts[cut]]
                return Slice(data, self._offsets[cut], cut - low)
        whole = start == 0 and size == len(self.data)
        return Slice(self.data if whole else memoryview(self.data)[start:size], end, high - low)

    def whole(self, most_made: int) -> tuple[bytes, int]:  # noqa: ARG002 - all was made with it
        """All of it for the wire; nothing has to be made."""
        return self.data, 0

    def span(self, offset: int, stop: int | None, limit_events: int | None) -> tuple[int, int, int]:
        """Which events lie there, as indexes [low, high), and the offset to go on at."""
        end = self.next if stop is None else min(stop, self.next)
        low = bisect_left(self._offsets, offset) if offset > self.first else 0
        high = len(self._offsets) if end >= self.next else bisect_left(self._offsets, end)
        if low >= high:
            return low, low, max(end, offset)
        if limit_events is not None and high - low > limit_events:
            high = low + limit_events
            end = self._offsets[high]
        return low, high, end

    def offset_at(self, index: int) -> int:
        """Where an event stands."""
        return self._offsets[index]

    def frames_at(self, low: int, high: int) -> list[bytes]:
        """The frames of these events."""
        return [self.data[self._starts[i] : self._start_of(i + 1)] for i in range(low, high)]

    @property
    def types(self) -> frozenset[str]:
        """The types of its events."""
        if self._type_set is None:
            self._type_set = frozenset(self._types)
        return self._type_set

    @property
    def keys(self) -> Iterator[bytes]:
        """The keys of those events that have one."""
        return (key for key in self._keys if key is not None)

    def may_hold(self, wanted: Filter) -> bool:
        """Whether any of its events could pass; cheaper than a view that turns out empty."""
        if not any(map(wanted.takes_type, self.types)):
            return False
        return not wanted.keys or not wanted.keys.isdisjoint(filter(None, self._keys))

    def frames(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """The offsets in [start, stop) that hold an event, each with its frame."""
        offsets = self._offsets
        for index in range(bisect_left(offsets, start), bisect_left(offsets, stop)):
            yield offsets[index], self.data[self._starts[index] : self._start_of(index + 1)]

    def view(self, wanted: Filter, encoding: Encoding) -> View:
        """The same offsets with the wanted events alone, in another transport's form.

        Made once and shared by all who ask for the same.
        """
        if encoding.batching is not None:
            return self._view(wanted, WEBSOCKET)._batched(encoding.form, encoding.batching)
        return self._view(wanted, encoding)

    def _batched(self, form: str, batching: Batching) -> BatchView:
        batches = self._batches.get(form)
        if batches is None:
            batches = Batches(self._starts, len(self.data), batching.limit_bytes)
            self._batches[form] = batches
        return BatchView(self, batches, batching)

    def _view(self, wanted: Filter, encoding: Encoding) -> Page:
        if encoding.event is None and wanted.takes_all:
            return self
        key = (wanted, encoding.form)
        if key not in self._views:
            self._views[key] = self._make_view(wanted, encoding)
        made = self._views[key]
        return self if made is None else made

    def merged(self, later: Page) -> Page:
        """This page and the one that follows it, as one."""
        shift = len(self.data)
        return Page(
            self.partition,
            (self.first, later.next),
            self.data + later.data,
            self._offsets + later._offsets,
            self._starts + array("I", [start + shift for start in later._starts]),
            self._types + later._types,
            self._keys + later._keys,
            (self.first_ms or later.first_ms, later.last_ms or self.last_ms),
            self.skipped + later.skipped,
        )

    def _start_of(self, index: int) -> int:
        return self._starts[index] if index < len(self._starts) else len(self.data)

    def _make_view(self, wanted: Filter, encoding: Encoding) -> Page | None:
        taken = {name for name in set(self._types) if wanted.takes_type(name)}
        keep = [
            index
            for index, name in enumerate(self._types)
            if name in taken and wanted.takes_key(self._keys[index])
        ]
        encode = encoding.event
        if len(keep) == len(self._types) and encode is None:
            return None
        frames = [self.data[self._starts[i] : self._start_of(i + 1)] for i in keep]
        if encode is not None:
            frames = [
                encode(self._offsets[i], websocket_payload(frame))
                for i, frame in zip(keep, frames, strict=True)
            ]
        return Page(
            self.partition,
            (self.first, self.next),
            b"".join(frames),
            array("q", [self._offsets[i] for i in keep]),
            _starts_of(frames),
            [self._types[i] for i in keep],
            [self._keys[i] for i in keep],
            (self.first_ms, self.last_ms),
        )


def _starts_of(frames: list[bytes]) -> array[int]:
    starts, at = array("I"), 0
    for frame in frames:
        starts.append(at)
        at += len(frame)
    return starts


def build_page(
    partition: int,
    first: int,
    next_offset: int,
    records: Sequence[RecordRow],
    event_type: EventType,
) -> Page:
    """The page [first, next_offset) of `records`, which are in it and in order.

    Each record is judged here, once; a foreign one is left out and counted, and positions move on.
    """
    # All values at once: line breaks are rare, and two scans of each value are not free.
    values = b"".join([row[3] for row in records if row[3]])
    if b"\n" in values or b"\r" in values:
        event_type = partial(frame_type, event_type=event_type)
    frames: list[bytes] = []
    offsets = array("q")
    types: list[str] = []
    keys: list[bytes | None] = []
    for offset, _, key, value in records:
        name = event_type(value)
        if name is None or value is None:
            continue
        frames.append(encode_event(partition, offset, value))
        offsets.append(offset)
        types.append(name)
        keys.append(key)
    first_ms = next((row[1] for row in records if row[1]), 0)
    return Page(
        partition,
        (first, next_offset),
        b"".join(frames),
        offsets,
        _starts_of(frames),
        types,
        keys,
        (first_ms, records[-1][1] if records else 0),
        len(records) - len(frames),
    )
