"""The listener's endpoints: ``POST /events`` in all its forms, and the contracts."""

from __future__ import annotations

from typing import Any

from contracts import http_schemas as schemas
from contracts.catalogue import Catalogue, Contract
from contracts.components import Components
from contracts.envelope import BATCH_MEDIA_TYPE, MEDIA_TYPE, NDJSON_MEDIA_TYPE
from contracts.examples import valid_examples, whole_event
from contracts.openapi.answers import (
    JSON,
    RETRY_AFTER,
    Piece,
    answer,
    header,
    operation,
    problems,
    query,
)
from contracts.problem import ProblemType
from contracts.wire_schemas import ANSWERS, LISTENER_PARAMETERS

_BINARY = "Binary mode: this CloudEvents attribute; the body is the event's data."
_REFUSED = (
    ProblemType.INVALID_REQUEST,
    ProblemType.INVALID_JSON,
    ProblemType.NOT_AN_EVENT,
    ProblemType.INVALID_EVENT,
    ProblemType.RESERVED_TYPE,
    ProblemType.UNKNOWN_TYPE,
    ProblemType.UNKNOWN_VERSION,
    ProblemType.CONTRACT_VIOLATION,
    ProblemType.NONE_ACCEPTED,
    ProblemType.UNAUTHENTICATED,
    ProblemType.FORBIDDEN,
    ProblemType.REQUEST_TIMEOUT,
    ProblemType.TOO_LARGE,
    ProblemType.UNSUPPORTED_MEDIA_TYPE,
    ProblemType.RATE_EXCEEDED,
    ProblemType.UNAVAILABLE,
    ProblemType.OUTCOME_UNKNOWN,
)
_STREAM_ANSWER = (
    "A line for each line of the request, while it still flows: ack or nack; then, if the body "
    "could not be read on, error; the last line is end, and a stream without it was cut."
)


def paths(catalogue: Catalogue, components: Components) -> dict[str, Piece]:
    """Address → what is offered there."""
    contracts = [contract for versions in catalogue.types.values() for contract in versions]
    events = {one.name: _event(one, components) for one in contracts}
    return {
        "/events": {"post": _post(contracts, events), "options": _preflight()},
        "/contracts": {
            "get": operation(
                "contracts",
                "listContracts",
                "The contracts that this instance judges by.",
                _cached(answer("All types and versions.", schemas.CONTRACTS)),
                parameters=[_IF_NONE_MATCH],
            )
        },
        "/contracts/{type}/{version}": {"get": _contract(contracts)},
    }


def _post(contracts: list[Contract], events: dict[str, Piece]) -> Piece:
    types = {"enum": sorted({one.type for one in contracts})}
    [parameter] = [
        query(name, types, schema["description"])
        for name, schema in LISTENER_PARAMETERS["properties"].items()
    ]
    text = {"type": "string"}
    attributes = [
        header("ce-specversion", {"const": "1.0"}, f"Means binary mode. {_BINARY}"),
        *[header(f"ce-{name}", text, _BINARY) for name in ("id", "source", "type", "time")],
        *[header(f"ce-{name}", text, _BINARY) for name in ("dataschema", "partitionkey")],
    ]
    encoding = {"enum": ["identity", "gzip", "deflate"]}
    return operation(
        "events",
        "postEvents",
        "Send one event, a batch, or a stream of lines; each is answered once it is stored.",
        _answers(),
        security=[{"basic": []}],
        parameters=[
            parameter,
            header("Content-Encoding", encoding, "How the body is compressed."),
            *attributes,
        ],
        requestBody=_body(contracts, events),
    )


def _body(contracts: list[Contract], events: dict[str, Piece]) -> Piece:
    one = {"anyOf": list(events.values())} if events else {}
    return {
        "required": True,
        "content": {
            MEDIA_TYPE: {"schema": one, "examples": _examples(contracts)},
            BATCH_MEDIA_TYPE: {"schema": {"type": "array", "items": one}},
            NDJSON_MEDIA_TYPE: {
                "schema": {"type": "string", "description": "An event on each line; streamed."}
            },
            JSON: {
                "schema": {
                    "description": "An event, if it has specversion; its data, with ce- headers; "
                    "else the data of the type that ?as names."
                }
            },
        },
    }


def _answers() -> dict[str, Piece]:
    streamed = {"schema": {"type": "string", "description": _STREAM_ANSWER}}
    told = problems(
        *_REFUSED,
        members={
            "id": {"type": "string", "description": "Of the one event, if it can be told."},
            "accepted": {"type": ["integer", "array"]},
            "rejected": {"type": "integer"},
            "results": schemas.RESULTS,
        },
    )
    told["415"]["headers"] = {
        "Accept-Post": {"schema": {"type": "string"}},
        "Accept-Encoding": {"schema": {"type": "string"}},
    }
    headers = {"Retry-After": RETRY_AFTER}
    mixed = answer("Some events of a batch were stored.", schemas.BATCH_ANSWER, headers=headers)
    mixed["content"][NDJSON_MEDIA_TYPE] = streamed
    empty = answer("An empty batch.", schemas.BATCH_ANSWER)
    empty["content"][NDJSON_MEDIA_TYPE] = streamed
    stored = {"oneOf": [ANSWERS["ack"], schemas.BATCH_ANSWER]}
    return {
        "200": empty,
        "201": answer("The event, or every event of a batch, is stored.", stored),
        "207": mixed,
        **told,
    }


def _preflight() -> Piece:
    return operation(
        "events",
        "preflightEvents",
        "A browser's preflight; also what is taken here.",
        {
            "204": {
                "description": "What is allowed.",
                "headers": {
                    "Allow": {"required": True, "schema": {"type": "string"}},
                    "Accept-Post": {"required": True, "schema": {"type": "string"}},
                },
            },
            **problems(ProblemType.FORBIDDEN),
        },
    )


def _contract(contracts: list[Contract]) -> Piece:
    types = sorted({one.type for one in contracts})
    found = answer(
        "The JSON Schema of the data of such events.",
        schemas.JSON_SCHEMA,
        "application/schema+json",
    )
    return operation(
        "contracts",
        "getContract",
        "A contract, at the path that dataschema ends in.",
        {**_cached(found), **problems(ProblemType.NOT_FOUND)},
        parameters=[
            _IF_NONE_MATCH,
            _in_path("type", {"type": "string", "examples": types}),
            _in_path("version", {"type": "string", "examples": ["1"]}),
        ],
    )


_IF_NONE_MATCH = header("If-None-Match", {"type": "string"}, "An entity tag had before.")
_TAG: Piece = {"ETag": {"required": True, "schema": {"type": "string"}}}


def _cached(found: Piece) -> dict[str, Piece]:
    """The answer with its entity tag, also as a page for people, and the answer to that tag."""
    page = {"text/html": {"schema": {"type": "string", "description": "The same for people."}}}
    whole = {**found, "content": {**found["content"], **page}, "headers": _TAG}
    return {"200": whole, "304": {"description": "It is still the same.", "headers": _TAG}}


def _in_path(name: str, schema: Piece) -> Piece:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _event(contract: Contract, components: Components) -> Piece:
    data = components.add(contract.documents, contract.path)
    own: dict[str, Any] = {"type": {"const": contract.type}, "data": {"$ref": data}}
    return {"allOf": [{"$ref": "#/components/schemas/eventAsSent"}, {"properties": own}]}


def _examples(contracts: list[Contract]) -> Piece:
    return {
        f"{one.name}: {name}": {"value": whole_event(one, example)}
        for one in contracts
        for name, example in list(valid_examples(one).items())[:1]
    }
