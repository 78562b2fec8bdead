"""The publisher's endpoints: ``GET /events`` by ``Accept``, and ``GET /plan``."""

from __future__ import annotations

from contracts import http_schemas as schemas
from contracts.openapi.answers import Piece, answer, header, operation, problems, query
from contracts.problem import ProblemType
from contracts.services import PUBLISHER, security
from contracts.wire_schemas import BATCH_PARAMETERS, FRAMES, PAGE_PARAMETERS, PUBLISHER_PARAMETERS

_NDJSON = "The WebSocket's frames, a line each; without end unless until is given."
_SSE: Piece = {
    "description": "Of each event: data is a frame's JSON; event is its type, except that events "
    "are plain messages; id is a cursor. Without end unless until is given.",
    "type": "object",
    "properties": {
        "data": {"type": "string", "contentMediaType": "application/json"},
        "event": {"enum": ["message", "cursor", *FRAMES]},
        "id": {"type": "string"},
        "retry": {"type": ["integer", "string"]},
    },
}
_REFUSED = (
    ProblemType.INVALID_REQUEST,
    ProblemType.INVALID_CURSOR,
    ProblemType.UNAUTHENTICATED,
    ProblemType.FORBIDDEN,
    ProblemType.NOT_ACCEPTABLE,
    ProblemType.CURSOR_AHEAD,
    ProblemType.CURSOR_FOREIGN,
    ProblemType.CURSOR_EXPIRED,
    ProblemType.TOO_MANY_SUBSCRIBERS,
    ProblemType.UNAVAILABLE,
)
_SECURITY: list[Piece] = [*({name: []} for name in security(PUBLISHER, "apiKey")), {}]
"""Or none, where the operator asks for none."""


def paths() -> dict[str, Piece]:
    """Address → what is offered there."""
    return {
        "/events": {
            "get": operation(
                "events",
                "getEvents",
                "The broadcast: a stream (application/x-ndjson, text/event-stream) or a page "
                "(application/json), by Accept.",
                {
                    "200": _events(),
                    "204": {"description": "Last-Event-ID is the end of a bounded stream."},
                    **problems(*_REFUSED, members=_CURSOR_FACTS),
                },
                security=_SECURITY,
                parameters=[
                    *_parameters(PUBLISHER_PARAMETERS["properties"] | PAGE_PARAMETERS),
                    header(
                        "Last-Event-ID",
                        {"type": "string"},
                        "text/event-stream: where to go on; wins over since, and over until if it "
                        "has an end.",
                    ),
                ],
            ),
            "head": operation(
                "events",
                "headEvents",
                "The head of what GET would answer; opens nothing.",
                {
                    "200": {"description": "A stream, or a page."},
                    "204": {"description": "Last-Event-ID is the end of a bounded stream."},
                    **_without_bodies(problems(*_REFUSED)),
                },
                security=_SECURITY,
                parameters=_parameters(PUBLISHER_PARAMETERS["properties"] | PAGE_PARAMETERS),
            ),
            "options": _preflight("preflightEvents"),
        },
        "/plan": {
            "get": operation(
                "events",
                "getPlan",
                "What the same request for a stream would get; opens nothing.",
                {
                    "200": answer("The plan, also of a request that is refused.", schemas.PLAN),
                    **problems(ProblemType.UNAUTHENTICATED, ProblemType.FORBIDDEN),
                },
                security=_SECURITY,
                parameters=_parameters(PUBLISHER_PARAMETERS["properties"] | BATCH_PARAMETERS),
            ),
            "options": _preflight("preflightPlan"),
        },
    }


_CURSOR_FACTS: Piece = {
    "earliest": {"type": "string", "description": "cursor-expired: from here it can go on."},
    "end": {"type": "string", "description": "cursor-ahead: the broker's end."},
}


def _events() -> Piece:
    found = answer(
        "The events.",
        schemas.PAGE,
        headers={
            "Link": {
                "description": 'Of a page while there is more: the next one, rel="next".',
                "schema": {"type": "string"},
            },
            "Content-Encoding": {
                "description": "By Accept-Encoding; gzip only of answers that end.",
                "schema": {"enum": ["zstd", "gzip"]},
            },
        },
    )
    found["content"] |= {
        "application/x-ndjson": {"schema": {"type": "string", "description": _NDJSON}},
        "text/event-stream": {"schema": _SSE},
    }
    return found


def _parameters(properties: dict[str, Piece]) -> list[Piece]:
    return [
        query(
            name,
            {key: value for key, value in schema.items() if key != "description"},
            schema.get("description", ""),
            **({"style": "form", "explode": True} if schema.get("type") == "array" else {}),
        )
        for name, schema in properties.items()
    ]


def _without_bodies(answers: dict[str, Piece]) -> dict[str, Piece]:
    return {
        status: {key: value for key, value in each.items() if key != "content"}
        for status, each in answers.items()
    }


def _preflight(name: str) -> Piece:
    allow = {"Allow": {"required": True, "schema": {"type": "string"}}}
    return operation(
        "events",
        name,
        "A browser's preflight.",
        {"204": {"description": "What is allowed.", "headers": allow}},
    )
