"""The AsyncAPI 3.0 document, generated from the catalogue and the wire's own schemas.

Nothing in it is written twice: messages come from the contracts, frames and problems from the
modules that build them, close codes from their table. A `$ref` between contract files becomes one
between ``components``, so the document stands alone. Actions are seen from the service, as AsyncAPI
has it: the listener receives events, the publisher sends them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import orjson

from contracts import frames
from contracts.catalogue import Catalogue, Contract
from contracts.close import CloseCode, reconnect_after
from contracts.components import Components
from contracts.documents import Schema
from contracts.envelope import MEDIA_TYPE
from contracts.examples import valid_examples, whole_event
from contracts.problem import Problem, ProblemType
from contracts.wire_schemas import (
    ANSWERS,
    CLOUD_EVENT,
    EVENT_AS_SENT,
    FRAMES,
    LISTENER_PARAMETERS,
    PROBLEM,
    PUBLISHER_PARAMETERS,
    event_frame_schema,
)

LISTENER = "listener"
PUBLISHER = "publisher"
_MAX_EXAMPLES = 2
_EXAMPLE_CURSOR = "0:42,1:17@3f9c21aa"

_Document = dict[str, Any]
_Refs = dict[str, str]
"""Contract → the `$ref` of its schema."""


def document(services: Sequence[str], catalogue: Catalogue) -> _Document:
    """The document of the named services (`LISTENER`, `PUBLISHER`)."""
    contracts = [contract for versions in catalogue.types.values() for contract in versions]
    components = Components({"problem": PROBLEM})
    data = {one.name: components.add(one.documents, one.path) for one in contracts}
    schemas = components.schemas
    whole: _Document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Broadcaster: {' and '.join(services)}",
            "version": "1",
            "description": "Event broadcast with replay on Apache Kafka.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {},
        "channels": {},
        "operations": {},
        "components": {"schemas": schemas, "messages": {}},
    }
    if LISTENER in services:
        schemas["eventAsSent"] = EVENT_AS_SENT
        _add_listener(whole, contracts, data)
    if PUBLISHER in services:
        schemas["cloudEvent"] = CLOUD_EVENT
        _add_publisher(whole, contracts, data)
    return whole


def encode(whole: _Document) -> str:
    """The document as JSON text that diffs well."""
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _add_listener(whole: _Document, contracts: Sequence[Contract], data: _Refs) -> None:
    sent = {f"sent.{_key(one)}": _message(one, "eventAsSent", data) for one in contracts}
    problem = Problem(
        ProblemType.CONTRACT_VIOLATION,
        "The event violates the contract message.posted/1 in 1 place.",
        {"errors": [{"pointer": "/data", "keyword": "required", "detail": "…"}]},
    )
    examples: dict[str, _Document] = {
        "ack": {"type": "ack", "ref": 7, "id": "e-1", "partition": 0, "offset": 42},
        "nack": {"type": "nack", "ref": 8, "id": "e-2", "problem": problem.document()},
    }
    answers = {name: _control(name, ANSWERS[name], examples[name]) for name in ANSWERS}
    whole["components"]["messages"].update(sent | answers)
    whole["components"]["securitySchemes"] = {"basic": {"type": "http", "scheme": "basic"}}
    whole["servers"][LISTENER] = {
        "host": "localhost:8080",
        "protocol": "ws",
        "description": "Takes events; an ack follows Kafka's own.",
        "security": [{"$ref": "#/components/securitySchemes/basic"}],
    }
    whole["channels"]["ingest"] = _channel(LISTENER, [*sent, *answers], LISTENER_PARAMETERS)
    whole["operations"]["ingest"] = {
        "action": "receive",
        "summary": "A text frame is one event or an array of events; each is answered.",
        "channel": {"$ref": "#/channels/ingest"},
        "messages": _refs("ingest", sent),
        "reply": {"channel": {"$ref": "#/channels/ingest"}, "messages": _refs("ingest", answers)},
    }


def _add_publisher(whole: _Document, contracts: Sequence[Contract], data: _Refs) -> None:
    events = {f"event.{_key(one)}": _event_frame(one, data) for one in contracts}
    controls = {name: _control(name, FRAMES[name], ex) for name, ex in _frame_examples().items()}
    whole["components"]["messages"].update(events | controls)
    whole["servers"][PUBLISHER] = {
        "host": "localhost:8081",
        "protocol": "ws",
        "description": "Broadcasts events, from wherever a subscriber asks.",
    }
    channel = _channel(PUBLISHER, [*events, *controls], PUBLISHER_PARAMETERS)
    channel["x-close-codes"] = {
        str(int(code)): {"name": code.name.lower(), "reconnect": reconnect_after(code).value}
        for code in CloseCode
    }
    whole["channels"]["broadcast"] = channel
    whole["operations"]["broadcast"] = {
        "action": "send",
        "summary": "hello first; then events in offset order within each partition.",
        "channel": {"$ref": "#/channels/broadcast"},
        "messages": _refs("broadcast", {**events, **controls}),
    }


def _channel(server: str, names: Sequence[str], parameters: Schema) -> _Document:
    return {
        "address": "/websocket",
        "servers": [{"$ref": f"#/servers/{server}"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"ws": {"method": "GET", "query": parameters, "bindingVersion": "0.1.0"}},
    }


def _refs(channel: str, messages: _Document) -> list[_Document]:
    return [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in messages]


def _key(contract: Contract) -> str:
    return f"{contract.type}.{contract.version}"


def _payload(contract: Contract, envelope: str, data: _Refs) -> _Document:
    own = {"type": {"const": contract.type}, "data": {"$ref": data[contract.name]}}
    return {"allOf": [{"$ref": f"#/components/schemas/{envelope}"}, {"properties": own}]}


def _title(contract: Contract) -> str:
    schema = contract.schema
    title = schema.get("title") if isinstance(schema, dict) else None
    return f"{contract.name}: {title}" if isinstance(title, str) else contract.name


def _message(contract: Contract, envelope: str, data: _Refs) -> _Document:
    return {
        "name": contract.name,
        "title": _title(contract),
        "contentType": MEDIA_TYPE,
        "payload": _payload(contract, envelope, data),
        "examples": [{"name": name, "payload": event} for name, event in _events(contract)],
    }


def _event_frame(contract: Contract, data: _Refs) -> _Document:
    examples = [
        {"name": name, "payload": orjson.loads(frames.event_frame(0, 42, orjson.dumps(event)))}
        for name, event in _events(contract)
    ]
    return {
        "name": contract.name,
        "title": _title(contract),
        "payload": event_frame_schema(_payload(contract, "cloudEvent", data)),
        "examples": examples,
    }


def _events(contract: Contract) -> list[tuple[str, _Document]]:
    examples = list(valid_examples(contract).items())[:_MAX_EXAMPLES]
    return [(name, whole_event(contract, example)) for name, example in examples]


def _control(name: str, schema: Schema, example: _Document) -> _Document:
    return {"name": name, "payload": schema, "examples": [{"name": name, "payload": example}]}


def _frame_examples() -> dict[str, _Document]:
    cursor = _EXAMPLE_CURSOR
    expired = Problem(
        ProblemType.CURSOR_EXPIRED,
        "Kafka no longer holds the events from your cursor on.",
        {"earliest": "0:100,1:80@3f9c21aa"},
    )
    built = {
        "hello": frames.hello_frame(
            cursor=cursor,
            until=None,
            tip="0:60,1:20@3f9c21aa",
            truncated=False,
            topic="events",
            instance="publisher-1",
            heartbeat_s=15,
        ),
        "live": frames.live_frame(cursor, 21),
        "heartbeat": frames.heartbeat_frame(cursor, 0),
        "moved": frames.moved_frame(cursor, 1200),
        "end": frames.end_frame(cursor),
        "error": frames.error_frame(expired),
    }
    return {name: orjson.loads(frame) for name, frame in built.items()}
