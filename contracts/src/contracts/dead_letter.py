"""Dead letters: events that tell of events that were refused, with the reason and a bounded copy.

A dead letter is a CloudEvent of the reserved type `TYPE` on a topic of its own; its key is the
principal's name, so that a filter by key shows a producer its own. This is its form: the listener
writes it, `contracts resubmit` and whoever else reads it. Who keeps them is the listener's matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from contracts.envelope import PARTITION_KEY, RESERVED_TYPE_PREFIX, SPEC_VERSION
from contracts.problem import Problem
from contracts.wire_schemas import PROBLEM

TYPE: Final = f"{RESERVED_TYPE_PREFIX}dead-letter"
SOURCE: Final = "/listener"

DATA_SCHEMA: Final[dict[str, Any]] = {
    "title": "The data of a dead letter",
    "type": "object",
    "required": ["principal", "problem"],
    "properties": {
        "principal": {"type": "string", "description": "Who sent it; also the record's key."},
        "problem": PROBLEM,
        "event": {"type": "object", "description": "The refused event, whole."},
        "text": {"type": "string", "description": "Else what was sent, or its beginning."},
        "truncated": {"type": "boolean"},
        "size_bytes": {"type": "integer", "minimum": 0},
    },
    "oneOf": [{"required": ["event"]}, {"required": ["text", "truncated"]}],
}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What a dead letter says."""

    principal: str
    problem: Mapping[str, Any]
    event: Mapping[str, Any] | None
    """The refused event, if it was one and the copy is whole."""


def dead_letter(
    problem: Problem, principal: str, content: object, *, id_: str, time: str, max_bytes: int
) -> dict[str, Any]:
    """The dead letter for `content`, a JSON value or a text, of which `max_bytes` are kept."""
    data = {"principal": principal, "problem": problem.document()}
    return {
        "specversion": SPEC_VERSION,
        "id": id_,
        "source": SOURCE,
        "type": TYPE,
        "time": time,
        "datacontenttype": "application/json",
        PARTITION_KEY: principal,
        "data": data | _copy(content, max_bytes),
    }


def read_dead_letter(event: Mapping[str, Any]) -> DeadLetter | None:
    """What `event` says; None: it is no dead letter."""
    data = event.get("data")
    if event.get("type") != TYPE or not isinstance(data, Mapping):
        return None
    principal, problem, refused = (data.get(name) for name in ("principal", "problem", "event"))
    return DeadLetter(
        principal if isinstance(principal, str) else "",
        problem if isinstance(problem, Mapping) else {},
        refused if isinstance(refused, Mapping) else None,
    )


def _copy(content: object, max_bytes: int) -> dict[str, Any]:
    text = _text_of(content)
    if text is None:  # too deep to be written down
        return {"text": "", "truncated": True}
    if isinstance(content, Mapping) and "specversion" in content and len(text) <= max_bytes:
        return {"event": content, "size_bytes": len(text)}
    kept = text[:max_bytes].decode(errors="replace")
    return {"text": kept, "truncated": len(text) > max_bytes, "size_bytes": len(text)}


def _text_of(content: object) -> bytes | None:
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        return content.encode(errors="replace")
    try:
        return orjson.dumps(content)
    except orjson.JSONEncodeError:
        return None
