"""What a request's body is: which media type it is sent as, and which events are in it.

Invariant: what says that it is an event is never taken for anything else. Bodies are JSON in UTF-8;
nothing else is guessed at. Streams are not read here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import orjson
from starlette.datastructures import Headers

from contracts.envelope import BATCH_MEDIA_TYPE, MEDIA_TYPE, NDJSON_MEDIA_TYPE
from contracts.problem import Problem, ProblemType
from listener.app.ingest_session import too_many_events
from listener.domain.binding import Absent, binary_event, is_binary
from listener.domain.interpretation import interpret
from listener.domain.reading import not_json

TAKEN = [MEDIA_TYPE, BATCH_MEDIA_TYPE, NDJSON_MEDIA_TYPE, "application/json"]
_NDJSON_NAMES = {NDJSON_MEDIA_TYPE, "application/ndjson", "application/jsonl"}


class Mode(Enum):
    """How events stand in a request."""

    STRUCTURED = auto()
    BINARY = auto()
    PLAIN = auto()
    BATCH = auto()
    STREAM = auto()


@dataclass(frozen=True, slots=True)
class Read:
    """The events of a body, in their order; `items` are the array's, where it is one."""

    events: Sequence[dict[str, Any] | Problem]
    items: Sequence[object] | None = None


def mode_of(headers: Headers) -> Mode | Problem:
    """How the events of this request are sent."""
    media_type, _, parameters = headers.get("content-type", "").partition(";")
    name = media_type.strip().lower()
    if not _is_utf_8(parameters):
        return _NOT_UTF_8
    if name == MEDIA_TYPE:
        return Mode.STRUCTURED
    if name == BATCH_MEDIA_TYPE:
        return Mode.BATCH
    if name in _NDJSON_NAMES:
        return Mode.STREAM
    binary = is_binary(headers.keys())
    if name == "application/json" or (
        name.endswith("+json") and not name.startswith("application/cloudevents")
    ):
        return Mode.BINARY if binary else Mode.PLAIN
    if binary and not name:  # the SDK for Python sends JSON so
        return Mode.BINARY
    return UNSUPPORTED


def read_events(
    mode: Mode, body: bytes, headers: Headers, default_type: str | None, max_events: int
) -> Read | Problem:
    """What `body` holds; the problem is the whole body's."""
    if mode is Mode.BINARY and not body:
        return Read([binary_event(headers.items(), "", Absent.DATA)])
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return not_json("the body", error)
    if mode is Mode.STRUCTURED:
        return Read([interpret(value, "", None)])
    if mode is Mode.BINARY:
        return Read([binary_event(headers.items(), headers.get("content-type", ""), value)])
    if mode is Mode.PLAIN:
        return Read([interpret(value, body.decode(), default_type)])
    if not isinstance(value, list):
        return _NOT_A_BATCH
    if len(value) > max_events:
        return too_many_events(len(value), max_events)
    return Read([interpret(item, "", None) for item in value], value)


def _is_utf_8(parameters: str) -> bool:
    for each in parameters.split(";"):
        name, _, value = each.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower() in {"utf-8", "utf8", "us-ascii"}
    return True


UNSUPPORTED = Problem(
    ProblemType.UNSUPPORTED_MEDIA_TYPE,
    f"taken are {MEDIA_TYPE}, {BATCH_MEDIA_TYPE}, {NDJSON_MEDIA_TYPE}, and application/json: as an "
    "event if it has specversion, as its data with ce-* headers, or as data with ?as=TYPE; say "
    "which in Content-Type",
    {"accepted": TAKEN},
)
_NOT_UTF_8 = Problem(
    ProblemType.UNSUPPORTED_MEDIA_TYPE,
    "JSON is taken in UTF-8 only; send it so, without a charset or with charset=utf-8",
    {"accepted": TAKEN},
)
_NOT_A_BATCH = Problem(
    ProblemType.NOT_AN_EVENT, f"the body of {BATCH_MEDIA_TYPE} is a JSON array of events; send one"
)
