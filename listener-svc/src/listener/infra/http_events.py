"""``POST /events``: one event a request (docs/protocol.md, section 2).

Takes structured mode, binary mode with a JSON body, and plain JSON as the data of ``?as=TYPE``.
Invariant: 201 only for an event that Kafka acknowledged; every other answer is problem+json and
says whether to send it again. Batches, NDJSON and compressed bodies are not taken here.
"""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from chassis.basic_auth import CHALLENGE
from contracts.envelope import MEDIA_TYPE
from contracts.problem import MEDIA_TYPE as PROBLEM_MEDIA_TYPE
from contracts.problem import Problem, ProblemType
from listener.app.answers import ack
from listener.app.ingest_event import IngestEvent, Stored
from listener.domain.binding import MARK, binary_event
from listener.domain.completion import source_of
from listener.domain.interpretation import interpret
from listener.domain.request import default_type_of
from listener.infra.gate import Gate

_RETRY_AFTER_S = "2"
_RETRY_LATER = {429, 503}


class PostEvents:
    """The endpoint."""

    def __init__(
        self,
        gate: Gate,
        ingest: IngestEvent,
        *,
        default_type: str | None,
        max_body_bytes: int,
        max_requests: int,
    ) -> None:
        """`max_requests` at once; more are answered 429."""
        self._gate = gate
        self._ingest = ingest
        self._default_type = default_type
        self._max_body_bytes = max_body_bytes
        self._max_requests = max_requests
        self.requests = 0
        """How many are being served."""
        self.draining = False

    async def serve(self, request: Request) -> Response:
        """Answer one request."""
        if self.draining:
            return _refusal(_STOPPING)
        if self.requests >= self._max_requests:
            return _refusal(_TOO_MANY)
        self.requests += 1
        try:
            return await self._answer(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        finally:
            self.requests -= 1

    async def _answer(self, request: Request) -> Response:
        principal = await self._gate.principal_of(request.headers)
        if isinstance(principal, Problem):
            return _refusal(principal)
        default_type = default_type_of(request.query_params.multi_items(), self._default_type)
        if isinstance(default_type, Problem):
            return _refusal(default_type)
        event = await self._event(request, default_type)
        outcome = await self._ingest(event, source_of(principal))
        if isinstance(outcome, Stored):
            body = ack(0, orjson.dumps(outcome.id), outcome.partition, outcome.offset)
            return Response(body, 201, media_type="application/json")
        return _refusal(outcome.problem, outcome.id)

    async def _event(self, request: Request, default_type: str | None) -> dict[str, Any] | Problem:
        content_type = request.headers.get("content-type", "")
        media_type = content_type.partition(";")[0].strip().lower()
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            return _NOT_COMPRESSED
        structured = media_type == MEDIA_TYPE
        if not (structured or _is_json(media_type)):
            return _UNSUPPORTED
        body = await self._body(request)
        if isinstance(body, Problem):
            return body
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            return Problem(
                ProblemType.INVALID_JSON,
                f"the body is not JSON: {error.msg} at line {error.lineno} column {error.colno}",
            )
        if structured:
            # what says that it is an event is not taken for anything else
            return interpret(value, "", None)
        if MARK in request.headers:
            return binary_event(request.headers.items(), content_type, value)
        return interpret(value, body.decode(), default_type)

    async def _body(self, request: Request) -> bytes | Problem:
        limit = self._max_body_bytes
        too_large = Problem(
            ProblemType.TOO_LARGE, f"a body has {limit} bytes at most", {"limit_bytes": limit}
        )
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            return too_large
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                return too_large
        return bytes(body)


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or (
        media_type.endswith("+json") and not media_type.startswith("application/cloudevents")
    )


def _refusal(problem: Problem, id_: str | None = None) -> Response:
    document = problem.document() | ({"id": id_} if id_ is not None else {})
    headers = {}
    if problem.status in _RETRY_LATER:
        headers["retry-after"] = _RETRY_AFTER_S
    if problem.type is ProblemType.UNAUTHENTICATED:
        headers["www-authenticate"] = CHALLENGE
    return Response(orjson.dumps(document), problem.status, headers, PROBLEM_MEDIA_TYPE)


_UNSUPPORTED = Problem(
    ProblemType.UNSUPPORTED_MEDIA_TYPE,
    f"taken are {MEDIA_TYPE}, and application/json: as an event if it has specversion, as its data "
    "with ce-* headers, or as data with ?as=TYPE; one event a request",
    {"accepted": [MEDIA_TYPE, "application/json"]},
)
_NOT_COMPRESSED = Problem(
    ProblemType.UNSUPPORTED_MEDIA_TYPE, "bodies are taken uncompressed (no Content-Encoding)"
)
_TOO_MANY = Problem(
    ProblemType.RATE_EXCEEDED, "too many requests at once; send it again in a moment"
)
_STOPPING = Problem(
    ProblemType.UNAVAILABLE, "the listener is stopping; the event was not stored; send it again"
)
