"""The wire's own messages as JSON Schemas: envelope, problem, answers, frames, parameters.

They describe what `contracts.envelope`, `contracts.problem` and `contracts.frames` build and read;
tests hold the two together. They are for documents that people and tools read, not for judging.
"""

from __future__ import annotations

from typing import Any, Final

from contracts.envelope import REQUIRED, SPEC_VERSION
from contracts.problem import ProblemType

_Schema = dict[str, Any]

_COUNT: Final[_Schema] = {"type": "integer", "minimum": 0}
_TEXT: Final[_Schema] = {"type": "string", "minLength": 1}
_CURSOR: Final[_Schema] = {
    "type": "string",
    "description": "One position per partition, and the topic's generation: 0:42,1:17@3f9c21aa",
}


def _object(required: tuple[str, ...], **properties: _Schema) -> _Schema:
    return {"type": "object", "required": list(required), "properties": properties}


def _frame(name: str, required: tuple[str, ...], **properties: _Schema) -> _Schema:
    return _object(("type", *required), type={"const": name}, **properties)


_ATTRIBUTE: Final[_Schema] = {"type": "string", "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$"}
"""Without control characters."""

CLOUD_EVENT: Final[_Schema] = {
    "title": "A CloudEvent 1.0 in JSON structured mode",
    **_object(
        REQUIRED,
        specversion={"const": SPEC_VERSION},
        id=_ATTRIBUTE,
        source={"type": "string", "format": "uri-reference", "minLength": 1},
        type=_ATTRIBUTE,
        time={"type": "string", "format": "date-time"},
        datacontenttype=_TEXT,
        dataschema={
            "type": "string",
            "format": "uri",
            "description": "Names the version by its end, …/<type>/<version>; else the newest.",
        },
        subject=_ATTRIBUTE,
        partitionkey={**_ATTRIBUTE, "description": "Events of one key keep their order."},
        data={"description": "What the contract judges."},
    ),
    "propertyNames": {"pattern": "^[a-z0-9]+$"},
    "additionalProperties": {
        "description": "An extension attribute.",
        "type": ["string", "boolean", "integer", "null"],
    },
}

EVENT_AS_SENT: Final[_Schema] = {
    **CLOUD_EVENT,
    "description": "The listener fills in id, source and time when they are absent.",
    "required": ["specversion", "type"],
}

PROBLEM: Final[_Schema] = {
    "title": "A problem (RFC 9457)",
    **_object(
        ("type", "title", "status", "detail", "retriable"),
        type={"enum": [problem.value.name for problem in ProblemType]},
        title=_TEXT,
        status={"type": "integer", "minimum": 400, "maximum": 599},
        detail={"type": "string"},
        retriable={"type": "boolean", "description": "The same request may succeed later."},
        retry_after_s={
            "type": "integer",
            "minimum": 0,
            "description": "Seconds to wait before the next attempt, as Retry-After says.",
        },
        errors={
            "type": "array",
            "description": "Every violation of the envelope's rules and of the contract.",
            "items": _object(
                ("pointer", "keyword", "detail"),
                pointer={"type": "string", "description": "RFC 6901, into the event."},
                keyword=_TEXT,
                detail=_TEXT,
            ),
        },
    ),
}

_PROBLEM_REF: Final[_Schema] = {"$ref": "#/components/schemas/problem"}
_REF_COUNT: Final[_Schema] = {
    **_COUNT,
    "description": "Which event of this connection, counted from 0.",
}

ANSWERS: Final[dict[str, _Schema]] = {
    "ack": _frame(
        "ack",
        ("ref", "id", "partition", "offset"),
        ref=_REF_COUNT,
        id=_TEXT,
        partition=_COUNT,
        offset=_COUNT,
        duplicate={"const": True, "description": "It was stored already, by an earlier attempt."},
    ),
    "nack": _frame(
        "nack",
        ("ref", "problem"),
        ref=_REF_COUNT,
        id={"type": ["string", "null"]},
        problem=_PROBLEM_REF,
    ),
}
"""What the listener answers, one for each event, in any order."""

FRAMES: Final[dict[str, _Schema]] = {
    "hello": _frame(
        "hello",
        ("cursor", "until", "tip", "truncated", "topic", "instance", "heartbeat_s"),
        cursor=_CURSOR,
        until={"type": ["string", "null"], "description": "The resolved end, exclusive."},
        tip=_CURSOR,
        truncated={
            "type": "boolean",
            "description": "since reached below what Kafka retains.",
        },
        topic=_TEXT,
        instance=_TEXT,
        heartbeat_s={"type": "number", "exclusiveMinimum": 0},
        expired={
            "type": "object",
            "description": "With on_expired=earliest: partition, and the position asked for.",
            "additionalProperties": _COUNT,
        },
    ),
    "live": _frame("live", ("cursor", "replayed"), cursor=_CURSOR, replayed=_COUNT),
    "heartbeat": _frame("heartbeat", ("cursor", "behind"), cursor=_CURSOR, behind=_COUNT),
    "moved": _frame("moved", ("cursor", "retry_after_ms"), cursor=_CURSOR, retry_after_ms=_COUNT),
    "end": _frame("end", ("cursor",), cursor=_CURSOR),
    "error": _frame(
        "error",
        ("problem",),
        cursor={**_CURSOR, "description": "Where to go on, once the reason is mended."},
        problem=_PROBLEM_REF,
    ),
}
"""What a publisher sends beside events."""


def event_frame_schema(event: _Schema) -> _Schema:
    """The schema of the frame that carries an event of the schema `event`."""
    return _frame(
        "event",
        ("partition", "offset", "event"),
        partition=_COUNT,
        offset=_COUNT,
        event=event,
    )


EVENTS_FRAME: Final[_Schema] = _frame(
    "events",
    ("events",),
    events={
        "type": "array",
        "minItems": 1,
        "description": "To be taken one after the other, as if each had come alone.",
        "items": _object(
            ("partition", "offset", "event"),
            partition=_COUNT,
            offset=_COUNT,
            event={"$ref": "#/components/schemas/cloudEvent"},
        ),
    },
)
"""Several events in one frame, over WebSocket with ``batch=true``."""


LISTENER_PARAMETERS: Final[_Schema] = _object(
    (),
    **{
        "as": {
            **_TEXT,
            "description": "The event type that frames without specversion become the data of.",
        }
    },
)

_POINT: Final[_Schema] = {
    "type": "string",
    "anyOf": [
        {"enum": ["now", "earliest"]},
        {"pattern": "^[0-9]{1,19}$"},
        {"pattern": "^[0-9]{1,10}:[0-9]{1,19}(,[0-9]{1,10}:[0-9]{1,19})*(@[0-9a-f]{8})?$"},
        {"format": "date-time"},
        {"pattern": "^-[0-9]{1,15}[smhd]$"},
        {"pattern": "^last:[0-9]{1,19}$"},
    ],
}
"""A place in the log."""

PUBLISHER_PARAMETERS: Final[_Schema] = {
    **_object(
        (),
        since={
            **_POINT,
            "description": "Where to start: now (as when absent), earliest, an offset (one "
            "partition only), a cursor, an RFC 3339 time, -15m (s m h d), last:100.",
            "examples": ["now", "earliest", "0:42,1:17@3f9c21aa", "2026-11-22T10:00:00Z", "-15m"],
        },
        until={
            **_POINT,
            "description": "An exclusive end, same grammar; the stream ends when it is reached.",
        },
        type={
            "type": "string",
            "description": "Only these event types, separated by commas; order.* is allowed.",
        },
        key={
            "type": "array",
            "items": {"type": "string"},
            "description": "Only events of this partition key; may be repeated.",
        },
        on_expired={
            "enum": ["earliest"],
            "description": "Move expired partitions to their earliest event.",
        },
        on_ahead={
            "enum": ["tip"],
            "description": "Start live when the cursor lies beyond the log's end.",
        },
    ),
    "additionalProperties": False,
}

BATCH_PARAMETERS: Final[dict[str, _Schema]] = {
    "batch": {
        "enum": ["true"],
        "description": "WebSocket only: several events in a frame (type events), compressed for "
        "clients that offer permessage-deflate.",
    }
}
"""What only the WebSocket takes, beside `PUBLISHER_PARAMETERS`."""

PAGE_PARAMETERS: Final[dict[str, _Schema]] = {
    "limit": {
        "type": "integer",
        "minimum": 1,
        "maximum": 10_000,
        "description": "Pages only: events in one; asking for it means application/json.",
    }
}
"""What only pages over HTTP take, beside `PUBLISHER_PARAMETERS`."""

STREAM_END: Final[_Schema] = _frame(
    "end", ("events", "acked", "nacked"), events=_COUNT, acked=_COUNT, nacked=_COUNT
)
"""The last line of the answer to a stream of lines: how many were read, and what became of them."""
