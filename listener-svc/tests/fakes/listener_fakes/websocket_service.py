"""``/websocket`` wired with fakes: three events in flight, 1,000 bytes, arrays of 10."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chassis.basic_auth import BasicAuth
from chassis.origins import OriginAllowlist
from listener.app.admission import Admission
from listener.app.ingest_session import IngestSession, Terms
from listener.app.no_dead_letters import NoDeadLetters
from listener.app.pacing import Pacing
from listener.domain.allowance import Rates
from listener.infra.gate import Gate
from listener.infra.metrics import Tally
from listener.infra.websocket import IngestWebSocket
from listener.infra.websocket_connection import ConnectionLimits
from listener_fakes.clock import FakeClock
from listener_fakes.event_log import FakeEventLog
from listener_fakes.judge import FakeJudge


class WebSocketService:
    """The adapter, wired with fakes."""

    def __init__(self, rates: Rates = Rates(), max_hold_s: float = 5.0) -> None:  # noqa: B008
        self.log = FakeEventLog()
        self.tally = Tally(lambda *_, **__: None)
        observer = self.tally.transports["websocket"]
        clock = self.clock = FakeClock()
        admission = Admission(
            FakeJudge(),
            observer,
            max_event_bytes=10_000,
            new_id=lambda: "new-id",
            now=lambda: "2026-11-22T10:00:00Z",
            clock=clock,
        )

        def session(terms: Terms, on_answers: Callable[[], None]) -> IngestSession:
            return IngestSession(
                *(admission, self.log, observer, NoDeadLetters(), terms),
                clock=clock,
                on_answers=on_answers,
            )

        self.websocket = IngestWebSocket(
            Gate(BasicAuth({"user": "pwd"}, plain=True), OriginAllowlist(())),
            self.log,
            session,
            ConnectionLimits(
                2,
                None,
                max_in_flight=3,
                max_in_flight_bytes=1000,
                max_frame_bytes=1000,
                max_array_events=10,
                max_hold_s=max_hold_s,
            ),
            self.tally,
            Pacing(rates, self.clock, self.tally),
        )


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)
