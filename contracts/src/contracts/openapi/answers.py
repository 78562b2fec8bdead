"""Pieces of OpenAPI: answers with their statuses, headers and media types.

A problem's status, and whether it says when to try again, come from the table of problem types, so
an answer cannot be documented with another status than it is given with.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from contracts.problem import MEDIA_TYPE as PROBLEM_MEDIA_TYPE
from contracts.problem import ProblemType

Piece = dict[str, Any]

JSON = "application/json"
RETRY_AFTER: Piece = {
    "description": "Seconds to wait before the next attempt.",
    "schema": {"type": "integer", "minimum": 0},
}
_RETRY_LATER = {408, 429, 503}
_CHALLENGE = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
_ALLOW = {"Allow": {"required": True, "schema": {"type": "string"}}}


def answer(description: str, schema: Any, media_type: str = JSON, **more: Any) -> Piece:
    """An answer with a body; `more` are members such as ``headers``."""
    return {"description": description, "content": {media_type: {"schema": schema}}, **more}


def problems(*types: ProblemType, members: Piece | None = None) -> dict[str, Piece]:
    """Status → the answer with these problems; `members` may stand beside the usual ones."""
    ordered = sorted(types, key=lambda each: each.value.status)
    return {
        str(status): _problem_answer(status, list(group), members)
        for status, group in groupby(ordered, key=lambda each: each.value.status)
    }


def _problem_answer(status: int, types: list[ProblemType], members: Piece | None) -> Piece:
    own: Piece = {
        "type": {"enum": [each.value.name for each in types]},
        "status": {"const": status},
        **(members or {}),
    }
    titles = "; ".join(f"{each.value.name}: {each.value.title}" for each in types)
    schema = {"allOf": [{"$ref": "#/components/schemas/problem"}, {"properties": own}]}
    headers: Piece = {}
    if status in _RETRY_LATER:
        headers["Retry-After"] = {**RETRY_AFTER, "required": True}
    if ProblemType.UNAUTHENTICATED in types:
        headers |= _CHALLENGE
    if ProblemType.METHOD_NOT_ALLOWED in types:
        headers |= _ALLOW
    return answer(
        f"{titles}.", schema, PROBLEM_MEDIA_TYPE, **({"headers": headers} if headers else {})
    )


def operation(tag: str, name: str, summary: str, answers: dict[str, Piece], **more: Any) -> Piece:
    """One operation; 405 and 500 may be answered wherever there is an address."""
    return {
        "tags": [tag],
        "operationId": name,
        "summary": summary,
        **more,
        "responses": answers | problems(ProblemType.INTERNAL),
    }


def query(name: str, schema: Any, description: str = "", **more: Any) -> Piece:
    """A parameter in the query."""
    return {"name": name, "in": "query", "description": description, "schema": schema, **more}


def header(name: str, schema: Any, description: str) -> Piece:
    """A request's header."""
    return {"name": name, "in": "header", "description": description, "schema": schema}
