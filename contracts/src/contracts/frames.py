"""The frames that a publisher sends (docs/protocol.md, "Frames"): built here, read here.

One JSON object each. The event frame wraps the CloudEvent's stored bytes untouched; it is built by
`event_frame` alone, so that what a publisher writes and what a contract suite expects cannot drift.
Transports (WebSocket headers, SSE fields, lines) are not this module's concern.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from contracts.errors import InvalidFrameError
from contracts.problem import Problem

_HEAD = len(b'{"type":"event",')
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}]', re.DOTALL)
"""What may open or close an object, and strings, in which a brace means nothing."""


def event_frame(partition: int, offset: int, event: bytes) -> bytes:
    """The frame of one event; `event` is the record's value: a JSON object without raw CR or LF."""
    return b'{"type":"event","partition":%d,"offset":%d,"event":%b}' % (partition, offset, event)


def event_in(frame: bytes) -> bytes:
    """The stored bytes in a frame that `event_frame` built; nothing is parsed."""
    return frame[frame.index(b'"event":', 30) + 8 : -1]


def events_frame(frames: Sequence[bytes]) -> bytes:
    """The frame of several events, from the frames of each that `event_frame` built; not parsed."""
    return b'{"type":"events","events":[{%b]}' % b",{".join([each[_HEAD:] for each in frames])


def hello_frame(  # noqa: PLR0913 - the frame's own members
    *,
    cursor: str,
    until: str | None,
    tip: str,
    truncated: bool,
    topic: str,
    instance: str,
    heartbeat_s: float,
    expired: Mapping[str, int] | None = None,
) -> bytes:
    """The first frame of every stream; `cursor` is the resolved start, `until` the resolved end.

    `expired` is there when ``on_expired=earliest`` moved partitions: partition → asked position.
    """
    members: dict[str, Any] = {"type": "hello", "cursor": cursor, "until": until, "tip": tip}
    members |= {
        "truncated": truncated,
        "topic": topic,
        "instance": instance,
        "heartbeat_s": heartbeat_s,
    }
    if expired:
        members["expired"] = dict(expired)
    return orjson.dumps(members)


def live_frame(cursor: str, replayed: int) -> bytes:
    """Once, on first reaching the tip; `replayed` counts the events sent before it."""
    return b'{"type":"live","cursor":"%b","replayed":%d}' % (cursor.encode(), replayed)


def heartbeat_frame(cursor: str, behind: int) -> bytes:
    """Every ``heartbeat_s``; `behind` is the distance to the tip in offsets."""
    return b'{"type":"heartbeat","cursor":"%b","behind":%d}' % (cursor.encode(), behind)


def moved_frame(cursor: str, retry_after_ms: int) -> bytes:
    """Before a planned close: resume elsewhere from `cursor` after `retry_after_ms`."""
    return b'{"type":"moved","cursor":"%b","retry_after_ms":%d}' % (cursor.encode(), retry_after_ms)


def end_frame(cursor: str) -> bytes:
    """The bounded stream is complete."""
    return b'{"type":"end","cursor":"%b"}' % cursor.encode()


def error_frame(problem: Problem, cursor: str | None = None) -> bytes:
    """Before an abnormal close; with a cursor where the stream itself was in order up to there."""
    place = {} if cursor is None else {"cursor": cursor}
    return orjson.dumps({"type": "error", **place, "problem": problem.document()})


@dataclass(frozen=True, slots=True)
class Event:
    """One event as a client reads it: where it stands and the CloudEvent itself."""

    partition: int
    offset: int
    event: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Control:
    """Any other frame: its type and all its members. Clients ignore types that they do not know."""

    type: str
    members: dict[str, Any]

    @property
    def cursor(self) -> str | None:
        """The cursor that the frame carries, if it carries one."""
        value = self.members.get("cursor")
        return value if isinstance(value, str) else None


_EVENT_MEMBERS = (("partition", int), ("offset", int), ("event", dict))


def parse_frame(text: str | bytes) -> Event | Control:
    """Read one frame; one of several events must have been taken apart (`frames_in`).

    Raises:
        InvalidFrameError: not a JSON object with a ``type``, or an event frame whose
            members are missing or of another kind.
    """
    members = _members(text)
    return _event(members) if members["type"] == "event" else Control(members["type"], members)


def frames_in(message: bytes) -> list[bytes]:
    """The frames to be read one after the other: one of several events is a frame for each.

    The events' bytes are those of the message.

    Raises:
        InvalidFrameError: not a JSON object with a ``type``, or its ``events`` are not a list of
            what event frames hold.
    """
    if b'"events"' not in message or (members := _members(message))["type"] != "events":
        return [message]
    items = members.get("events")
    if not isinstance(items, list):
        raise InvalidFrameError("an events frame's events are missing or no array")
    events = [_event(item) for item in items]
    texts = list(_objects_within(message))
    if len(texts) == len(events):
        return [b'{"type":"event",%b' % text[1:].lstrip() for text in texts]
    # There are members that are not known here, with objects in them.
    return [event_frame(each.partition, each.offset, orjson.dumps(each.event)) for each in events]


def _members(text: str | bytes) -> dict[str, Any]:
    try:
        members = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidFrameError("the frame is not JSON") from error
    if not isinstance(members, dict) or not isinstance(members.get("type"), str):
        raise InvalidFrameError("a frame is a JSON object with a type")
    return members


def _event(members: Any) -> Event:
    for name, kind in _EVENT_MEMBERS:
        # not isinstance: true is no offset
        if not isinstance(members, dict) or members.get(name).__class__ is not kind:
            raise InvalidFrameError(f"an event frame's {name} is missing or of another kind")
    return Event(members["partition"], members["offset"], members["event"])


def _objects_within(frame: bytes) -> Iterator[bytes]:
    """The objects one level below the outermost one; the frame is valid JSON."""
    depth = start = 0
    for token in _TOKEN.finditer(frame):
        match token[0]:
            case b"{":
                depth += 1
                if depth == 2:
                    start = token.start()
            case b"}":
                depth -= 1
                if depth == 1:
                    yield frame[start : token.end()]
            case _:
                pass
