"""What the services answer over HTTP beside problems and frames, as JSON Schemas.

Like `contracts.wire_schemas`, they are for documents that people and tools read; the tests that ask
the running services hold the two together.
"""

from __future__ import annotations

from typing import Any, Final

from contracts.wire_schemas import ANSWERS, FRAMES

_Schema = dict[str, Any]

_COUNT: Final[_Schema] = {"type": "integer", "minimum": 0}
_TEXT: Final[_Schema] = {"type": "string", "minLength": 1}
_CURSOR: Final[_Schema] = {"type": "string", "examples": ["0:42,1:17@3f9c21aa"]}
_CURSOR_OR_NULL: Final[_Schema] = {"type": ["string", "null"]}
_EXPIRED: Final[_Schema] = FRAMES["hello"]["properties"]["expired"]


def _object(required: tuple[str, ...], **properties: _Schema) -> _Schema:
    return {"type": "object", "required": list(required), "properties": properties}


RESULTS: Final[_Schema] = {
    "type": "array",
    "description": "One for each event, in the batch's order; ref is its place, from 0.",
    "items": {"oneOf": [ANSWERS["ack"], ANSWERS["nack"]]},
}
BATCH_ANSWER: Final[_Schema] = {
    "title": "What became of a batch",
    **_object(
        ("accepted", "rejected", "results"), accepted=_COUNT, rejected=_COUNT, results=RESULTS
    ),
}
PAGE: Final[_Schema] = {
    "title": "A page of events",
    **_object(
        ("events", "cursor", "until", "tip", "more", "truncated"),
        events={
            "type": "array",
            "items": _object(
                ("partition", "offset", "event"),
                partition=_COUNT,
                offset=_COUNT,
                event={"$ref": "#/components/schemas/cloudEvent"},
            ),
        },
        cursor={**_CURSOR, "description": "Where the next page begins."},
        until={**_CURSOR_OR_NULL, "description": "The resolved end, exclusive."},
        tip=_CURSOR,
        more={"type": "boolean", "description": "Whether there is anything up to until, or tip."},
        truncated={"type": "boolean", "description": "since reached below what Kafka retains."},
        expired=_EXPIRED,
    ),
}
PLAN: Final[_Schema] = {
    "title": "What a request would get",
    **_object(
        ("cursor", "until", "events_at_most", "earliest", "tip", "truncated", "problem"),
        cursor=_CURSOR_OR_NULL,
        until=_CURSOR_OR_NULL,
        events_at_most={
            "type": ["integer", "null"],
            "minimum": 0,
            "description": "A distance in offsets: fewer events where there are holes or filters.",
        },
        earliest=_CURSOR_OR_NULL,
        tip=_CURSOR_OR_NULL,
        truncated={"type": "boolean"},
        problem={
            "description": "What the request would be refused with.",
            "anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/problem"}],
        },
        expired=_EXPIRED,
    ),
}
HEALTHY: Final[_Schema] = _object(("status",), status={"const": "ok"})
READY: Final[_Schema] = _object(("status",), status={"const": "ready"})
NOT_READY: Final[_Schema] = _object(
    ("status", "reasons"),
    status={"const": "not-ready"},
    reasons={
        "type": "array",
        "minItems": 1,
        "items": _object(
            ("reason", "detail"),
            reason={**_TEXT, "description": "A short name that stays."},
            detail={"type": "string", "description": "A sentence to a person."},
        ),
    },
)
LISTENER_STATUS: Final[_Schema] = {
    "title": "Facts for operators",
    **_object(
        ("service", "connections", "http", "kafka"),
        service={"const": "listener"},
        connections=_object(("open", "in_flight"), open=_COUNT, in_flight=_COUNT),
        http=_object(("requests", "streams"), requests=_COUNT, streams=_COUNT),
        retry_window={"type": ["object", "null"]},
        contracts=_object(("count", "digest"), count=_COUNT, digest=_TEXT),
        dead_letters={"type": ["object", "null"]},
        kafka={"type": "object"},
    ),
}
PUBLISHER_STATUS: Final[_Schema] = {
    "title": "Facts for operators",
    **_object(
        ("service", "instance", "topic", "generation", "ready", "partitions", "earliest", "tip"),
        service={"const": "publisher"},
        instance=_TEXT,
        topic=_TEXT,
        generation={"type": ["string", "null"]},
        ready={"type": "boolean"},
        partitions=_COUNT,
        earliest=_CURSOR_OR_NULL,
        tip=_CURSOR_OR_NULL,
        subscribers=_object(("total",), total=_COUNT),
    ),
}
CONTRACTS: Final[_Schema] = {
    "title": "The contracts that this instance judges by",
    **_object(
        ("contracts",),
        contracts={
            "type": "array",
            "items": _object(
                ("type", "versions"),
                type=_TEXT,
                versions={
                    "type": "array",
                    "minItems": 1,
                    "items": _object(
                        ("version", "schema"),
                        version={"type": "integer", "minimum": 1},
                        schema={"type": "string", "description": "The path of its JSON Schema."},
                        title={"type": "string"},
                        description={"type": "string"},
                    ),
                },
            ),
        },
    ),
}
JSON_SCHEMA: Final[_Schema] = {"title": "A JSON Schema", "type": ["object", "boolean"]}
