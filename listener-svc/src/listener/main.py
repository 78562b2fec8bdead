"""The composition root: the whole wiring of the listener. Nothing starts at import."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import uuid_utils
from prometheus_client import CollectorRegistry
from starlette.routing import Route

from chassis import logs, server
from chassis.basic_auth import BasicAuth, InvalidUsersError
from chassis.collector import Collector
from chassis.errors import PortInUseError
from chassis.kafka_settings import KafkaSettings
from chassis.limit_hits import Limit, LimitHits
from chassis.not_http import NotHttp
from chassis.open_files import room_for
from chassis.origins import OriginAllowlist
from chassis.probes import NotReady, probe_routes
from chassis.settings_text import unknown_in
from chassis.websocket_routes import WebSocketAndRoutes
from contracts.errors import InvalidCatalogueError
from contracts.problem import MEDIA_TYPE
from listener.app.admission import Admission
from listener.app.ingest_events import IngestEvents
from listener.app.ingest_session import IngestSession
from listener.app.keep_dead_letters import KeepDeadLetters
from listener.app.no_dead_letters import NoDeadLetters
from listener.app.pacing import Pacing
from listener.app.ports import DeadLetters, Observer
from listener.domain.allowance import Rates
from listener.domain.retry_window import RetryWindow
from listener.infra.body_budget import BodyBudget
from listener.infra.contract_review import ContractReview, Strictness
from listener.infra.contract_set import ContractSet, ContractShelf, load_contract_set
from listener.infra.contracts_watch import ContractsWatch
from listener.infra.cross_origin import CrossOrigin
from listener.infra.gate import Gate
from listener.infra.http_answers import Answers
from listener.infra.http_body import BodyLimits
from listener.infra.http_contracts import contract_routes
from listener.infra.http_documents import description_routes
from listener.infra.http_events import METHODS, PostEvents, RequestLimits, SessionFactory, Uses
from listener.infra.http_problems import NOT_HTTP, nowhere, problem_handlers, upgrade_required
from listener.infra.http_stream import StreamLimits
from listener.infra.kafka_event_log import KafkaEventLog, LogLimits
from listener.infra.kafka_link import LinkTimes
from listener.infra.metrics import Tally
from listener.infra.websocket import IngestWebSocket
from listener.infra.websocket_connection import ConnectionLimits
from listener.settings import Settings, SettingsError, read_settings

_clock = time.monotonic
_SAY_EVERY_S = 10.0
_DEAD_LETTERS_DRAIN_S = 1.0
_YOUNG = 100_000
"""Events in flight are many small objects without cycles, at which Python's cyclic collector would
look again and again: a tenth of the CPU at full speed."""


class Listener:
    """All parts, wired; `start` inside a running loop, `drain` then `stop`."""

    def __init__(self, settings: Settings, kafka: KafkaSettings, contracts: ContractSet) -> None:
        self._settings = settings
        say = logs.BoundedLog(logs.get_logger("listener").info, _SAY_EVERY_S, _clock)
        self.tally = tally = Tally(say)
        self.hits = hits = LimitHits("listener")
        self._users = users = BasicAuth(
            settings.user_secrets,
            plain=settings.plain_passwords,
            most_waiting=settings.max_verifying,
            on_full=lambda: hits.hit(Limit.VERIFYING),
        )
        origins = OriginAllowlist(settings.allowed_origins)
        gate = Gate(users if settings.auth == "basic" else None, origins)
        self.shelf = shelf = ContractShelf(contracts)
        self.watch = _contracts_watch(settings, shelf)
        dead = _dead_letters(settings, kafka, tally)
        self.dead_log = dead[0] if dead else None
        self.dead_letters = dead[1] if dead else None
        dead_letters: DeadLetters = self.dead_letters or NoDeadLetters()
        self.retries = _retry_window(settings)
        self.log = log = KafkaEventLog(
            kafka.topic,
            _producing(settings, kafka),
            _limits(settings),
            _times(settings),
            clock=_clock,
            late_outcomes=tally,
            retries=self.retries,
        )
        by_websocket, by_http = tally.transports["websocket"], tally.transports["http"]

        def admission(observer: Observer) -> Admission:
            admits = Admission(
                *(contracts.judge, observer),
                max_event_bytes=settings.max_event_bytes,
                new_id=_new_id,
                now=_now,
                clock=_clock,
            )
            shelf.follow(lambda new: admits.judge_by(new.judge))
            return admits

        def sessions(admission: Admission, observer: Observer) -> SessionFactory:
            return lambda terms, on_answers: IngestSession(
                *(admission, log, observer, dead_letters, terms),
                clock=_clock,
                on_answers=on_answers,
            )

        http_admission = admission(by_http)
        budget = BodyBudget(settings.max_body_bytes)
        pacing = Pacing(_rates(settings), _clock, tally)
        self.websocket = IngestWebSocket(
            gate,
            log,
            sessions(admission(by_websocket), by_websocket),
            ConnectionLimits(
                room_for(settings.max_connections, variable="LISTENER_MAX_CONNECTIONS"),
                settings.as_,
                settings.max_in_flight,
                settings.max_in_flight_bytes,
                settings.max_frame_bytes,
                settings.max_array_events,
                settings.rate_hold_s,
            ),
            tally,
            pacing,
        )
        self.posts = PostEvents(
            gate,
            CrossOrigin(origins, METHODS),
            Uses(
                IngestEvents(http_admission, log, by_http, dead_letters, _clock),
                sessions(http_admission, by_http),
                log,
                pacing,
                budget,
            ),
            Answers(settings.retry_after_s),
            _request_limits(settings),
            tally,
        )
        registry = CollectorRegistry()
        tally.gauges.update(
            open_connections=("Open WebSocket connections", lambda: self.websocket.connections),
            in_flight_events=("Events without an answer", lambda: log.pending_events),
            in_flight_bytes=("Bytes of events without an answer", lambda: log.pending_bytes),
            http_body_bytes=("Memory of request bodies", lambda: budget.taken),
            kafka_ready=("Whether events can be stored now", lambda: float(log.state is None)),
            retry_window_events=(
                "Events that a retry would be known of",
                lambda: float(len(self.retries) if self.retries else 0),
            ),
            contracts=("Contracts in force", lambda: float(shelf.current.count)),
        )
        tally.watches(self.watch, self.dead_letters, budget)
        tally.register(registry)
        registry.register(hits)
        self.app = WebSocketAndRoutes(
            "/websocket",
            self.websocket,
            [
                Route("/events", self.posts, methods=["POST", "OPTIONS"]),
                *contract_routes(shelf, max_age_s=settings.contracts_max_age_s),
                *description_routes(shelf),
                *probe_routes(ready=self.not_ready, status=self.status, registry=registry),
            ],
            elsewhere=nowhere(),
            plain=upgrade_required(),
            exception_handlers=problem_handlers(),
        )

    def not_ready(self) -> list[NotReady]:
        """Why the listener cannot do its job now."""
        if self.posts.draining:
            return [NotReady("draining", "the listener is stopping")]
        return [self.log.state] if self.log.state else []

    def status(self) -> dict[str, Any]:
        """Facts for operators."""
        connections = {"open": self.websocket.connections, "in_flight": self.websocket.in_flight}
        http = {"requests": self.posts.requests, "streams": self.posts.streams}
        retries = None if self.retries is None else {"events": len(self.retries)}
        contracts = {"count": self.shelf.current.count, "digest": self.shelf.current.digest}
        return {
            "service": "listener",
            "connections": connections,
            "http": http,
            "retry_window": retries,
            "contracts": contracts | (self.watch.status() if self.watch else {}),
            "dead_letters": self._dead_letter_status(),
            "kafka": self.log.status(),
        }

    async def drain(self) -> None:
        """Take nothing new, answer all that was taken, tell the clients."""
        self._users.close()  # who still waits to be let in is told to come later
        # Reading stops in this step, before the log takes no more: nothing is read to be refused.
        told = asyncio.gather(self.posts.drain(), self.websocket.drain())
        await self.log.drain(self._settings.drain_timeout_s)
        await told
        if self.dead_log is not None:
            await self.dead_log.drain(_DEAD_LETTERS_DRAIN_S)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everything that runs beside requests."""
        logs_ = [each for each in (self.log, self.dead_log) if each is not None]
        watching = self.watch and asyncio.create_task(self.watch.run(), name="contracts watch")
        for each in logs_:
            each.start()
        try:
            yield
        finally:
            if watching:
                watching.cancel()
            await asyncio.gather(*[each.stop() for each in logs_])

    def _dead_letter_status(self) -> dict[str, Any] | None:
        letters, log = self.dead_letters, self.dead_log
        if letters is None or log is None:
            return None
        return {"kept": letters.kept, "dropped": letters.dropped, "kafka": log.status()}


def main() -> int:
    """Run the listener until a signal; gives the process's exit status."""
    try:
        settings, kafka = read_settings()
        contracts = load_contract_set(settings.contracts_dir)
        logs.configure(
            settings.log_level, as_json=settings.log_format == "json", service="listener"
        )
        for fault in unknown_in(os.environ, Settings):
            logs.get_logger("listener").warning(fault)
        return server.run(_serve(settings, kafka, contracts))
    except SettingsError as error:
        return _stop(str(error), 2)
    except InvalidCatalogueError as error:
        return _stop(f"CONTRACTS_DIR: {error}", 2)
    except InvalidUsersError as error:
        return _stop(f"LISTENER_USERS: {error}", 2)
    except PortInUseError as error:
        return _stop(str(error), 1)


async def _serve(settings: Settings, kafka: KafkaSettings, contracts: ContractSet) -> int:
    listener = Listener(settings, kafka, contracts)
    sockets = server.bind(settings.host, settings.port, port_variable="LISTENER_PORT")
    port = sockets[0].getsockname()[1]
    logs.get_logger("listener").info("listening", host=settings.host, port=port, topic=kafka.topic)
    Collector(asyncio.get_running_loop(), young=_YOUNG).start()
    async with listener.running():
        await server.serve(
            listener.app,
            sockets,
            drain=listener.drain,
            limits=_server_limits(settings),
            hits=listener.hits,
            not_http=NotHttp(NOT_HTTP.encode(), MEDIA_TYPE),
        )
    return 0


def _contracts_watch(settings: Settings, shelf: ContractShelf) -> ContractsWatch | None:
    if settings.contracts_dir is None:
        return None
    return ContractsWatch(
        *(settings.contracts_dir, shelf, load_contract_set),
        ContractReview(
            settings.contracts_dir,
            Strictness(settings.contracts_policy),
            settings.contracts_policy_limit_s,
        ),
        poll_s=settings.contracts_poll_s,
        now=_now,
    )


def _dead_letters(
    settings: Settings, kafka: KafkaSettings, tally: Tally
) -> tuple[KafkaEventLog, KeepDeadLetters] | None:
    if settings.dead_letter_topic is None:
        return None
    limits = dataclasses.replace(
        _limits(settings), pending_bytes=settings.dead_letter_pending_bytes
    )
    log = KafkaEventLog(
        settings.dead_letter_topic,
        *(_producing(settings, kafka), limits, _times(settings)),
        clock=_clock,
        late_outcomes=tally,
    )
    say = logs.BoundedLog(logs.get_logger("listener.dead_letters").warning, _SAY_EVERY_S, _clock)
    letters = KeepDeadLetters(
        log, copy_bytes=settings.dead_letter_copy_bytes, new_id=_new_id, now=_now, say=say
    )
    return log, letters


def _retry_window(settings: Settings) -> RetryWindow | None:
    if not settings.retry_window_s:
        return None
    return RetryWindow(settings.retry_window_s, settings.retry_window_events, _clock())


def _rates(settings: Settings) -> Rates:
    return Rates(settings.rate_events, settings.rate_bytes, settings.rate_burst_s)


def _request_limits(settings: Settings) -> RequestLimits:
    return RequestLimits(
        settings.as_,
        settings.max_http_requests,
        settings.max_array_events,
        BodyLimits(settings.max_frame_bytes, settings.max_inflation, settings.stall_s),
        StreamLimits(
            settings.max_in_flight,
            settings.max_in_flight_bytes,
            settings.max_line_bytes,
            settings.stall_s,
        ),
    )


def _limits(settings: Settings) -> LogLimits:
    return LogLimits(
        pending_bytes=settings.max_pending_bytes,
        batch_bytes=min(settings.batch_bytes, settings.max_event_bytes),
        queue_timeout_s=settings.queue_timeout_s,
        delivery_timeout_s=settings.delivery_timeout_s,
    )


def _producing(settings: Settings, kafka: KafkaSettings) -> dict[str, Any]:
    compression = None if settings.compression == "none" else settings.compression
    return {**kafka.client_arguments(), "compression_type": compression}


def _times(settings: Settings) -> LinkTimes:
    return LinkTimes(
        request_timeout=settings.request_timeout_s, renew_after=settings.delivery_timeout_s + 5
    )


def _server_limits(settings: Settings) -> server.ServerLimits:
    return server.ServerLimits(
        # twice our own limit, so that a frame a little too large is answered before the close
        message_bytes=2 * settings.max_frame_bytes,
        # a socket that is not read because Kafka is slow hears no pong meanwhile
        ping_timeout_s=settings.queue_timeout_s + settings.delivery_timeout_s + 10,
        most_behind=settings.max_pipelined,
        control_frames_per_minute=settings.control_frames_per_minute,
    )


def _new_id() -> str:
    return str(uuid_utils.uuid7())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _stop(faults: str, status: int) -> int:
    for line in faults.splitlines():
        sys.stderr.write(f"listener: {line}\n")
    return status
