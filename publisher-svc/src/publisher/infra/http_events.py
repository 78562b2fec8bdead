"""``GET /events`` and ``GET /plan``: the broadcast over HTTP, by Accept, and what it would be.

Parameters, refusals, log and lanes are the WebSocket's. An EventSource is told to come later with
200 where others get 503, for it never comes back after an error; its own refusals stay errors.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.problem import Problem, ProblemType
from publisher.app.events import Emit, RequestRefused
from publisher.app.hub import Hub
from publisher.app.plan_replay import Planned, PlanReplay
from publisher.app.read_page import ReadPage
from publisher.app.subscribe import Subscribe
from publisher.domain.encoding import Encoding
from publisher.domain.http_encodings import Framing, ndjson, retry_line, sse
from publisher.domain.parameters import StreamParameters, parse_parameters
from publisher.domain.plan import Plan
from publisher.domain.resume import parse_event_id
from publisher.infra.content_coding import CODINGS, ContentCodings
from publisher.infra.cors import Cors
from publisher.infra.gate import Gate
from publisher.infra.http_answers import later_answer, page_answer, plan_answer, problem_answer
from publisher.infra.http_stream import HttpStream
from publisher.infra.negotiation import Media, negotiate
from publisher.infra.socket_limits import SocketLimits

_SPREAD_MS = 4000
"""Clients of a stream that was cut come back spread over this, after the least wait."""
_STREAM_HEADERS = {"cache-control": "private, no-cache", "x-accel-buffering": "no"}

Endpoint = Callable[[Request], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class HttpTerms:
    """Settings of these endpoints."""

    retry_after_ms: int = 1000
    compression: tuple[str, ...] = CODINGS
    most_pages: int = 100
    """Pages that are read at once; more requests are told to come later."""


class HttpTransport:
    """The endpoints."""

    def __init__(  # noqa: PLR0913 - its collaborators
        self,
        hub: Hub,
        subscribe: Subscribe,
        plan_replay: PlanReplay,
        read_page: ReadPage,
        gate: Gate,
        cors: Cors,
        emit: Emit,
        *,
        limits: SocketLimits,
        terms: HttpTerms,
    ) -> None:
        self._hub = hub
        self._subscribe = subscribe
        self._plan_replay = plan_replay
        self._read_page = read_page
        self._gate = gate
        self._cors = cors
        self._emit = emit
        self._limits = limits
        self._terms = terms
        self._codings = ContentCodings(terms.compression)
        self._pages = 0

    def routes(self) -> list[Route]:
        """Where they are."""
        endpoints = {"/events": self.events, "/plan": self.plan}
        # one route for each address, so that a 405 names all of its methods
        return [
            Route(path, self._or_preflight(endpoint), methods=["GET", "OPTIONS"])
            for path, endpoint in endpoints.items()
        ]

    def _or_preflight(self, endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Any:
            preflight = request.method == "OPTIONS"
            return await (self._cors.preflight if preflight else endpoint)(request)

        return answer

    async def events(self, request: Request) -> Any:
        """A stream or a page; an ASGI application that answers."""
        headers = self._headers(request, "Accept, Accept-Encoding, Origin")
        reach = await self._gate.reach_of(request)
        if isinstance(reach, Problem):
            return self._turn_away(request, reach, headers)
        query, most_events = _query(request), self._read_page.bounds.most_events
        parameters = parse_parameters(query, reach, most_events=most_events)
        accept = ", ".join(request.headers.getlist("accept"))
        media = negotiate(accept, paged=any(name == "limit" for name, _ in query))
        if media is None:
            offered = ", ".join(each.value for each in Media)
            detail = f"this address answers in {offered}; accept one of them"
            return self._refuse("http", Problem(ProblemType.NOT_ACCEPTABLE, detail), headers)
        if isinstance(parameters, Problem):
            return self._refuse(media.name.lower(), parameters, headers)
        if media is Media.PAGE:
            return await self._page(request, parameters, headers)
        if parameters.limit is not None:
            detail = f"limit is for pages (Accept: {Media.PAGE.value}); a stream has no such end"
            problem = Problem(ProblemType.INVALID_REQUEST, detail)
            return self._refuse(media.name.lower(), problem, headers)
        if media is Media.SSE:
            return self._sse(request, parameters, headers)
        return self._stream(
            request,
            media,
            parameters,
            headers,
            encoding=lambda framing, _: ndjson(framing),
            opening=b"",
            refused=lambda problem: self._refuse("ndjson", problem, headers),
        )

    async def plan(self, request: Request) -> Response:
        """What the same request to ``/events`` or ``/websocket`` would get; opens nothing."""
        headers = self._headers(request, "Origin")
        reach = await self._gate.reach_of(request)
        if isinstance(reach, Problem):
            return self._refuse("plan", reach, headers)
        parameters = parse_parameters(_query(request), reach, batches=True)
        log = self._hub.log
        known = log.partitions > 0
        return plan_answer(
            await self._planned(parameters),
            earliest=self._hub.cursor(log.floors) if known else None,
            tip=self._hub.cursor(log.tips) if known else None,
            headers=headers,
        )

    async def _planned(self, parameters: StreamParameters | Problem) -> Planned | Problem:
        if isinstance(parameters, Problem):
            return parameters
        refusal = self._subscribe.admission()
        return await self._plan_replay(parameters.request) if refusal is None else refusal

    def _sse(
        self, request: Request, parameters: StreamParameters, headers: dict[str, str]
    ) -> Response | HttpStream:
        text = request.headers.get("last-event-id")
        if text:
            resume = parse_event_id(text)
            if isinstance(resume, Problem):
                return self._refuse("sse", resume, headers)
            if resume.is_complete:
                return Response(status_code=204, headers=headers)  # an EventSource then stops
            parameters = resume.applied(parameters)
        retry_ms = self._retry_ms()

        def encoding(framing: Framing, plan: Plan) -> Encoding:
            end = None if plan.stop is None else self._hub.cursor(plan.stop)
            return sse(framing, self._hub.generation, len(plan.start), end)

        def refused(problem: Problem) -> Response:
            return self._refuse_sse(problem, retry_ms, headers)

        return self._stream(
            request,
            Media.SSE,
            parameters,
            headers,
            encoding=encoding,
            opening=retry_line(retry_ms),
            refused=refused,
        )

    def _stream(
        self,
        request: Request,
        media: Media,
        parameters: StreamParameters,
        headers: dict[str, str],
        *,
        encoding: Callable[[Framing, Plan], Encoding],
        opening: bytes,
        refused: Callable[[Problem], Response],
    ) -> Response | HttpStream:
        if (problem := self._subscribe.admission()) is not None:
            return refused(problem)
        accepted, ends = request.headers.get("accept-encoding"), parameters.request.until
        coding = self._codings.choose(accepted, ends=ends is not None)
        head = {**headers, **_STREAM_HEADERS, "content-type": media.value}
        if coding is not None:
            head["content-encoding"] = coding
        if request.method == "HEAD":
            return Response(headers=head)
        return HttpStream(
            self._hub,
            self._subscribe,
            self._limits,
            parameters,
            encoding=encoding,
            code=self._codings.code(coding),
            headers=[(name.encode(), value.encode()) for name, value in head.items()],
            opening=opening,
            refused=refused,
        )

    async def _page(
        self, request: Request, parameters: StreamParameters, headers: dict[str, str]
    ) -> Response:
        if (problem := self._subscribe.admission()) is not None:
            return self._refuse("page", problem, headers)
        if self._pages >= self._terms.most_pages:
            detail = f"{self._pages} pages are being read already; ask again"
            return self._refuse("page", Problem(ProblemType.UNAVAILABLE, detail), headers)
        self._pages += 1
        try:
            page = await self._read_page(parameters)
        finally:
            self._pages -= 1
        if isinstance(page, Problem):
            return self._refuse("page", page, headers)
        coding = self._codings.choose(request.headers.get("accept-encoding"), ends=True)
        return await page_answer(page, request, headers, coding)

    def _turn_away(self, request: Request, problem: Problem, headers: dict[str, str]) -> Response:
        """Before anything of the request but its form of answer is looked at."""
        media = negotiate(", ".join(request.headers.getlist("accept")), paged=False)
        if media is Media.SSE and problem.status == 503:
            return self._refuse_sse(problem, self._retry_ms(), headers)
        return self._refuse("http", problem, headers)

    def _refuse_sse(self, problem: Problem, retry_ms: int, headers: dict[str, str]) -> Response:
        answer = self._refuse("sse", problem, headers)
        later = problem.status == 503
        return later_answer(problem, retry_ms, headers) if later else answer

    def _retry_ms(self) -> int:
        return self._terms.retry_after_ms + random.randrange(_SPREAD_MS)  # noqa: S311 - no secret

    def _refuse(self, transport: str, problem: Problem, headers: dict[str, str]) -> Response:
        self._emit(RequestRefused(transport, problem.type.value.name))
        asked = problem.type is ProblemType.UNAUTHENTICATED
        return problem_answer(problem, headers | (self._gate.challenge if asked else {}))

    def _headers(self, request: Request, vary: str) -> dict[str, str]:
        """Of every answer: by what it differs, and what lets a page read it."""
        vary += ", Authorization" if self._gate.asks else ""
        return {"vary": vary, **self._cors.headers(request)}


def _query(request: Request) -> list[tuple[str, str]]:
    query = request.scope["query_string"].decode("latin-1")
    return parse_qsl(query, keep_blank_values=True)
