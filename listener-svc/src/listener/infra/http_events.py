"""``POST /events`` (docs/protocol.md, section 2): one event, a batch, or a stream of lines.

Who asks, how much at once, and which way the body goes; what is in it and how outcomes are told is
its neighbours' part (`http_reading`, `http_stream`, `http_answers`). Invariants: an event is called
stored only after Kafka's acknowledgement; whoever is refused gets problem+json.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chassis.raw_http import EXTENSION
from contracts.problem import Problem, ProblemType
from listener.app.ingest_events import IngestEvents, Origin
from listener.app.ingest_session import IngestSession, Terms
from listener.app.pacing import Pace, Pacing
from listener.app.ports import Room
from listener.domain.completion import source_of
from listener.domain.request import default_type_of
from listener.infra.body_budget import BodyBudget
from listener.infra.cross_origin import CrossOrigin
from listener.infra.gate import FOREIGN_ORIGIN, Gate
from listener.infra.http_answers import Answers
from listener.infra.http_body import Body, BodyError, BodyLimits
from listener.infra.http_reading import TAKEN, Mode, mode_of, read_events
from listener.infra.http_stream import EventStream, StreamLimits
from listener.infra.metrics import Tally

METHODS = "POST, OPTIONS"

SessionFactory = Callable[[Terms, Callable[[], None]], IngestSession]
"""Makes a session with these terms that calls back when answers begin to wait."""


@dataclass(frozen=True, slots=True)
class Uses:
    """What requests are served with."""

    ingest: IngestEvents
    new_session: SessionFactory
    room: Room
    pacing: Pacing
    budget: BodyBudget


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Bounds, all settings."""

    default_type: str | None
    max_requests: int
    """At once; more are answered 429."""
    max_array_events: int
    body: BodyLimits
    stream: StreamLimits


class PostEvents:
    """The ASGI application behind the route."""

    def __init__(
        self,
        gate: Gate,
        cross_origin: CrossOrigin,
        uses: Uses,
        answers: Answers,
        limits: RequestLimits,
        tally: Tally,
    ) -> None:
        self._gate = gate
        self._cross_origin = cross_origin
        self._ingest = uses.ingest
        self._new_session = uses.new_session
        self._room = uses.room
        self._pacing = uses.pacing
        self._budget = uses.budget
        self._answers = answers
        self._limits = limits
        self._tally = tally
        self._streams: set[EventStream] = set()
        self._streams_ended = asyncio.Event()
        self.requests = 0
        """How many are being served."""
        self.draining = False

    @property
    def streams(self) -> int:
        """How many of them are streams of lines."""
        return len(self._streams)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = Headers(scope=scope)
        if scope["method"] == "OPTIONS":
            await self._options(headers)(scope, receive, send)
            return
        answer: Response | None
        if self.draining:
            answer = self._answers.refusal(STOPPING)
        elif self.requests >= self._limits.max_requests:
            answer = self._answers.refusal(_TOO_MANY)
        else:
            self.requests += 1
            try:
                answer = await self._serve(scope, headers, receive, send)
            except ClientDisconnect:
                self._tally.requests_cut += 1
                return
            finally:
                self.requests -= 1
        if answer is None:
            return
        if answer.status_code >= 400:
            self._tally.refused_request(answer.status_code)
        answer.headers.update(self._cross_origin.of_answer(headers))
        await answer(scope, receive, send)

    def drain(self) -> Awaitable[None]:
        """Take no request and no line from now on, in this very step; the rest is to be awaited:
        end each stream once all its events are answered.
        """
        self.draining = True
        for stream in self._streams:
            stream.stop(STOPPING)
        return self._all_ended()

    async def _all_ended(self) -> None:
        while self._streams:
            self._streams_ended.clear()
            await self._streams_ended.wait()

    def _options(self, headers: Headers) -> Response:
        if not self._cross_origin.allows(headers):
            return self._answers.refusal(FOREIGN_ORIGIN)
        allow = {"allow": METHODS, "accept-post": ", ".join(TAKEN)}
        return Response(None, 204, allow | self._cross_origin.of_preflight(headers))

    async def _serve(
        self, scope: Scope, headers: Headers, receive: Receive, send: Send
    ) -> Response | None:
        """The answer, or None: it was given."""
        principal = await self._gate.principal_of(headers)
        if isinstance(principal, Problem):
            return self._answers.refusal(principal)
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        default_type = default_type_of(query, self._limits.default_type)
        if isinstance(default_type, Problem):
            return self._answers.refusal(default_type)
        mode = mode_of(headers)
        if isinstance(mode, Problem):
            return self._answers.refusal(mode)
        pace = self._pacing.of(principal, "http")
        if pace is not None and mode is not Mode.STREAM and (ahead := pace.refusal()):
            pace.held()
            return self._answers.refusal(ahead)
        memory = self._budget.reserve()
        try:
            body = Body(receive, headers, self._limits.body, memory)
            if mode is not Mode.STREAM:
                return await self._take(
                    mode, await body.whole(), headers, principal, default_type, pace
                )
            terms = Terms(
                principal, source_of(principal), default_type, self._limits.max_array_events
            )
            problem = await self._stream(scope, headers, body, terms, pace, send)
            return None if problem is None else self._answers.refusal(problem)
        except BodyError as error:
            return self._answers.refusal(error.problem)
        finally:
            memory.release()

    async def _take(
        self,
        mode: Mode,
        body: bytes,
        headers: Headers,
        principal: str,
        default_type: str | None,
        pace: Pace | None,
    ) -> Response:
        read = read_events(mode, body, headers, default_type, self._limits.max_array_events)
        if pace is not None:
            pace.spend(1 if isinstance(read, Problem) else len(read.events), len(body))
        if isinstance(read, Problem):
            read_nothing = Origin(principal, source_of(principal), body)
            [outcome] = await self._ingest([read], read_nothing)
            return self._answers.of_one(outcome)
        origin = Origin(principal, source_of(principal), body, read.items)
        outcomes = await self._ingest(read.events, origin)
        if mode is Mode.BATCH:
            return self._answers.of_batch(outcomes)
        return self._answers.of_one(outcomes[0])

    async def _stream(
        self,
        scope: Scope,
        headers: Headers,
        body: Body,
        terms: Terms,
        pace: Pace | None,
        send: Send,
    ) -> Problem | None:
        stream = EventStream(self._room, self._limits.stream, self._cross_origin.of_answer(headers))
        stream.session = self._new_session(terms, stream.wake)
        stream.pace = pace
        self._streams.add(stream)
        self._tally.streams += 1
        try:
            return await stream.run(body, send)
        finally:
            self._tally.unheard += stream.session.in_flight
            stream.session.abandon()
            self._streams.discard(stream)
            self._streams_ended.set()
            raw = (scope.get("extensions") or {}).get(EXTENSION)
            if stream.unread:
                self._tally.streams_stalled += 1
                if raw is not None:
                    raw.abort()


_TOO_MANY = Problem(
    ProblemType.RATE_EXCEEDED, "too many requests at once; send it again in a moment"
)
STOPPING = Problem(
    ProblemType.UNAVAILABLE,
    "the listener is stopping; what has no answer was not stored; send it again",
)
