"""Any cut at any place, any interleaving: each event once, in order per partition."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.request import Request
from broadcaster.steps import Finished, Resume
from broadcaster.subscription import Received, Subscription
from contracts.cursor import Cursor, parse_cursor
from contracts.frames import (
    end_frame,
    event_frame,
    events_frame,
    heartbeat_frame,
    hello_frame,
    live_frame,
)


@dataclass(slots=True)
class ModelPublisher:
    """A log with holes behind a publisher that keeps the protocol's promise, and no more."""

    offsets: list[list[int]]
    """Per partition, the offsets that match the filter; what lies between is filtered or a hole."""
    ends: list[int]
    data: st.DataObject
    bounded: bool

    def connection(self, since: str) -> list[bytes]:
        """All frames that this connection would get if it were never cut."""
        start = parse_cursor(since)
        rewound = [
            at - self.data.draw(st.integers(0, min(at, 2)), label="rewind")
            for at in start.positions
        ]
        at = list(rewound)
        frames = [self.hello(Cursor(tuple(rewound), start.generation))]
        while any(here < end for here, end in zip(at, self.ends, strict=True)):
            partition = self.data.draw(
                st.sampled_from([p for p, end in enumerate(self.ends) if at[p] < end]),
                label="partition",
            )
            offset = at[partition]
            at[partition] += 1
            if offset in self.offsets[partition]:
                frames.append(event_frame(partition, offset, b'{"id":"%d"}' % offset))
            if self.data.draw(st.booleans(), label="heartbeat"):
                frames.append(heartbeat_frame(str(Cursor(tuple(at), "3f9c21aa")), 1))
        last = str(Cursor(tuple(at), "3f9c21aa"))
        frames.append(end_frame(last) if self.bounded else live_frame(last, 0))
        return frames

    def hello(self, cursor: Cursor) -> bytes:
        end = str(Cursor(tuple(self.ends), "3f9c21aa"))
        return hello_frame(
            cursor=str(cursor),
            until=end if self.bounded else None,
            tip=end,
            truncated=False,
            topic="events",
            instance="model",
            heartbeat_s=15,
        )


def together(frames: list[bytes], most: int) -> list[bytes]:
    """The same with up to `most` events in a frame."""
    messages: list[bytes] = []
    held: list[bytes] = []
    for frame in [*frames, None]:
        event = frame is not None and frame.startswith(b'{"type":"event",')
        if held and (not event or len(held) == most):
            messages.append(events_frame(held) if most > 1 else held[0])
            held = []
        if frame is not None:
            (held if event else messages).append(frame)
    return messages


partitions = st.lists(
    st.tuples(st.integers(0, 12), st.sets(st.integers(0, 11))), min_size=1, max_size=3
)


@settings(max_examples=150, deadline=None)
@given(partitions, st.booleans(), st.data())
def test_each_event_once_in_order(
    logs: list[tuple[int, set[int]]], bounded: bool, data: st.DataObject
) -> None:
    ends = [end for end, _ in logs]
    offsets = [sorted(o for o in matching if o < end) for end, matching in logs]
    publisher = ModelPublisher(offsets, ends, data, bounded)
    start = str(Cursor((0,) * len(ends), "3f9c21aa"))
    sub = Subscription(Request(since=start), Random(0))
    got: list[list[int]] = [[] for _ in ends]

    cuts = data.draw(st.integers(0, 6), label="cuts")
    for attempt in range(cuts + 1):
        since = sub.request().since
        assert since is not None
        frames = publisher.connection(since)
        if attempt < cuts:
            frames = frames[: data.draw(st.integers(0, len(frames)), label="cut after")]
        sub.opened()
        messages = together(frames, data.draw(st.integers(1, 4), label="events in a frame"))
        for frame in [frame for message in messages for frame in sub.frames_in(message)]:
            event = sub.receive(frame)
            if isinstance(event, Received):
                got[event.partition].append(event.offset)
        step = sub.closed(data.draw(st.sampled_from([1006, 1012, 1013]), label="code"))
        if isinstance(step, Finished):
            assert bounded
            break
        assert isinstance(step, Resume)

    assert got == offsets
