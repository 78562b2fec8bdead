"""``POST /events`` and its neighbours wired with fakes, and ways to ask it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from chassis.basic_auth import BasicAuth
from chassis.origins import OriginAllowlist
from listener.app.admission import Admission
from listener.app.ingest_events import IngestEvents
from listener.app.ingest_session import IngestSession, Terms
from listener.app.pacing import Pacing
from listener.domain.allowance import Rates
from listener.infra.body_budget import BodyBudget
from listener.infra.cross_origin import CrossOrigin
from listener.infra.gate import Gate
from listener.infra.http_answers import Answers
from listener.infra.http_body import BodyLimits
from listener.infra.http_events import METHODS, PostEvents, RequestLimits, Uses
from listener.infra.http_problems import problem_handlers
from listener.infra.http_stream import StreamLimits
from listener.infra.metrics import Tally
from listener_fakes.clock import FakeClock
from listener_fakes.dead_letters import FakeDeadLetters
from listener_fakes.event_log import FakeEventLog
from listener_fakes.judge import FakeJudge
from listener_fakes.running import AUTHORIZATION

PAGE = "https://app.example"
"""An origin that is allowed."""


class HttpService:
    """Bodies of 2,000 bytes, lines of 400, arrays of 5, two requests at once."""

    def __init__(
        self,
        *,
        stall_s: float = 5.0,
        default_type: str | None = None,
        max_in_flight_bytes: int = 1 << 20,
        max_body_bytes: int = 1 << 20,
        rates: Rates = Rates(),  # noqa: B008 - frozen
    ) -> None:
        self.log = FakeEventLog()
        self.tally = Tally(lambda *_, **__: None)
        self.dead_letters = FakeDeadLetters()
        self.clock = FakeClock()
        self.budget = BodyBudget(max_body_bytes)
        self.tally.watches(None, None, self.budget)
        self._observer = self.tally.transports["http"]
        self._admission = Admission(
            FakeJudge(),
            self._observer,
            max_event_bytes=10_000,
            new_id=lambda: "new-id",
            now=lambda: "2026-11-22T10:00:00Z",
            clock=self.clock,
        )
        origins = OriginAllowlist((PAGE,))
        ingest = IngestEvents(
            self._admission, self.log, self._observer, self.dead_letters, self.clock
        )
        self.posts = PostEvents(
            Gate(BasicAuth({"user": "pwd"}, plain=True), origins),
            CrossOrigin(origins, METHODS),
            Uses(
                ingest, self._session, self.log, Pacing(rates, self.clock, self.tally), self.budget
            ),
            Answers(retry_after_s=2),
            RequestLimits(
                default_type,
                max_requests=2,
                max_array_events=5,
                body=BodyLimits(2000, 20, stall_s),
                stream=StreamLimits(3, max_in_flight_bytes, max_line_bytes=400, stall_s=stall_s),
            ),
            self.tally,
        )
        self.app = Starlette(
            routes=[
                Route("/events", self.posts, methods=["POST", "OPTIONS"]),
                Route("/broken", self._broken),
            ],
            exception_handlers=problem_handlers(),
        )

    def client(self) -> httpx.AsyncClient:
        """Asks without a server; answers come whole."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(
            transport=transport,
            base_url="http://localhost",
            headers={"authorization": AUTHORIZATION},
        )

    async def until_waiting(self, count: int = 1) -> None:
        """Until so many events wait to be stored."""
        for _ in range(1000):
            if len(self.log.waiting) >= count:
                return
            await asyncio.sleep(0)
        raise AssertionError(f"{len(self.log.waiting)} events wait, not {count}")

    def _session(self, terms: Terms, on_answers: Callable[[], None]) -> IngestSession:
        return IngestSession(
            *(self._admission, self.log, self._observer, self.dead_letters, terms),
            clock=self.clock,
            on_answers=on_answers,
        )

    async def _broken(self, _: object) -> None:
        raise RuntimeError("secret")
