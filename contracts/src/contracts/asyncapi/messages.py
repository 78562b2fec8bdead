"""The messages: events in each form that they are sent in, answers, and the broadcast's frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from contracts import frames
from contracts.catalogue import Contract
from contracts.components import Components
from contracts.dead_letter import DATA_SCHEMA, dead_letter
from contracts.dead_letter import TYPE as DEAD_LETTER
from contracts.documents import Schema
from contracts.envelope import (
    HEADER_CONTENT_TYPE,
    HEADER_ID,
    HEADER_TRACEPARENT,
    HEADER_TYPE,
    MEDIA_TYPE,
)
from contracts.examples import valid_examples, whole_event
from contracts.problem import Problem, ProblemType
from contracts.wire_schemas import ANSWERS, EVENTS_FRAME, FRAMES, STREAM_END, event_frame_schema

_MAX_EXAMPLES = 2
_CURSOR = "0:42,1:17@3f9c21aa"
_TIP = "0:60,1:20@3f9c21aa"

_VIOLATION = Problem(
    ProblemType.CONTRACT_VIOLATION,
    "The event violates the contract message.posted/1 in 1 place.",
    {"errors": [{"pointer": "/data", "keyword": "required", "detail": "…"}]},
)

_Document = dict[str, Any]


class Messages:
    """Builds them; schemas of contracts go into `components`."""

    def __init__(self, contracts: Sequence[Contract], components: Components) -> None:
        self._contracts = contracts
        self._data = {one.name: components.add(one.documents, one.path) for one in contracts}

    def sent(self) -> dict[str, _Document]:
        """Events as producers send them."""
        return {f"sent.{_key(one)}": self._event(one, "eventAsSent") for one in self._contracts}

    def stored(self) -> dict[str, _Document]:
        """Events as records of the topic."""
        return {f"record.{_key(one)}": self._record(one) for one in self._contracts}

    def framed(self) -> dict[str, _Document]:
        """Events as subscribers get them."""
        return {f"event.{_key(one)}": self._framed(one) for one in self._contracts}

    def _event(self, contract: Contract, envelope: str) -> _Document:
        return {
            "name": contract.name,
            "title": _title(contract),
            "contentType": MEDIA_TYPE,
            "payload": self._payload(contract, envelope),
            "examples": [{"name": name, "payload": event} for name, event in _events(contract)],
        }

    def _record(self, contract: Contract) -> _Document:
        key = {"type": "string", "description": "The attribute partitionkey; without it, none."}
        return {
            **self._event(contract, "cloudEvent"),
            "headers": _record_headers(contract),
            "bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}},
        }

    def _framed(self, contract: Contract) -> _Document:
        examples = [
            {"name": name, "payload": orjson.loads(frames.event_frame(0, 42, orjson.dumps(event)))}
            for name, event in _events(contract)
        ]
        return {
            "name": contract.name,
            "title": _title(contract),
            "payload": event_frame_schema(self._payload(contract, "cloudEvent")),
            "examples": examples,
        }

    def _payload(self, contract: Contract, envelope: str) -> _Document:
        own = {"type": {"const": contract.type}, "data": {"$ref": self._data[contract.name]}}
        return {"allOf": [{"$ref": f"#/components/schemas/{envelope}"}, {"properties": own}]}


def answers() -> dict[str, _Document]:
    """``ack`` and ``nack``."""
    examples: dict[str, _Document] = {
        "ack": {"type": "ack", "ref": 7, "id": "e-1", "partition": 0, "offset": 42},
        "nack": {"type": "nack", "ref": 8, "id": "e-2", "problem": _VIOLATION.document()},
    }
    return {name: _control(name, ANSWERS[name], examples[name]) for name in ANSWERS}


def stream_end() -> dict[str, _Document]:
    """The last line of the answer to a stream of lines."""
    example = {"type": "end", "events": 20, "acked": 19, "nacked": 1}
    return {"streamEnd": _control("end", STREAM_END, example)}


def dead_letters() -> dict[str, _Document]:
    """A refused event, as it is kept."""
    refused = {"specversion": "1.0", "id": "e-2", "type": "message.posted", "data": {}}
    example = dead_letter(
        _VIOLATION,
        "user",
        refused,
        id_="0199f3c0-5c1e-7b2a-9d40-1f6f2a7c8e02",
        time="2026-11-22T10:15:00Z",
        max_bytes=1 << 10,
    )
    own = {"type": {"const": DEAD_LETTER}, "data": DATA_SCHEMA}
    payload = {"allOf": [{"$ref": "#/components/schemas/cloudEvent"}, {"properties": own}]}
    message = _control(DEAD_LETTER, payload, example)
    return {"deadLetter": {**message, "contentType": MEDIA_TYPE}}


def controls() -> dict[str, _Document]:
    """What a publisher sends beside events."""
    return {name: _control(name, FRAMES[name], one) for name, one in _frame_examples()}


def batches() -> dict[str, _Document]:
    """Several events in one frame."""
    event = orjson.dumps({"specversion": "1.0", "id": "e-1", "source": "/", "type": "order.placed"})
    together = frames.events_frame([frames.event_frame(0, at, event) for at in (42, 43)])
    return {"events": _control("events", EVENTS_FRAME, orjson.loads(together))}


def _control(name: str, schema: Schema, example: _Document) -> _Document:
    return {"name": name, "payload": schema, "examples": [{"name": name, "payload": example}]}


def _frame_examples() -> Iterator[tuple[str, _Document]]:
    expired = Problem(
        ProblemType.CURSOR_EXPIRED,
        "Kafka no longer holds the events from your cursor on.",
        {"earliest": "0:100,1:80@3f9c21aa"},
    )
    hello = frames.hello_frame(
        cursor=_CURSOR,
        until=None,
        tip=_TIP,
        truncated=False,
        topic="events",
        instance="publisher-1",
        heartbeat_s=15,
    )
    yield "hello", orjson.loads(hello)
    yield "live", orjson.loads(frames.live_frame(_CURSOR, 21))
    yield "heartbeat", orjson.loads(frames.heartbeat_frame(_CURSOR, 0))
    yield "moved", orjson.loads(frames.moved_frame(_CURSOR, 1200))
    yield "end", orjson.loads(frames.end_frame(_CURSOR))
    yield "error", orjson.loads(frames.error_frame(expired))


def _record_headers(contract: Contract) -> _Document:
    text = {"type": "string"}
    return {
        "type": "object",
        "required": [HEADER_CONTENT_TYPE, HEADER_TYPE, HEADER_ID],
        "properties": {
            HEADER_CONTENT_TYPE: {"const": MEDIA_TYPE},
            HEADER_TYPE: {"const": contract.type},
            HEADER_ID: text,
            HEADER_TRACEPARENT: text,
        },
    }


def _key(contract: Contract) -> str:
    return f"{contract.type}.{contract.version}"


def _title(contract: Contract) -> str:
    schema = contract.schema
    title = schema.get("title") if isinstance(schema, dict) else None
    return f"{contract.name}: {title}" if isinstance(title, str) else contract.name


def _events(contract: Contract) -> list[tuple[str, _Document]]:
    examples = list(valid_examples(contract).items())[:_MAX_EXAMPLES]
    return [(name, whole_event(contract, example)) for name, example in examples]
