"""The composition root: the whole wiring of the listener. Nothing starts at import."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from datetime import UTC, datetime
from typing import Any

import uuid_utils
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.routing import Route

from chassis import logs, server
from chassis.basic_auth import BasicAuth, InvalidUsersError
from chassis.errors import PortInUseError
from chassis.kafka_settings import KafkaSettings
from chassis.not_http import NotHttp
from chassis.origins import OriginAllowlist
from chassis.probes import NotReady, probe_routes
from chassis.websocket_routes import websocket_routes
from contracts.catalogue import Catalogue, serving_catalogue
from contracts.errors import InvalidCatalogueError
from contracts.judge import Judge
from contracts.problem import MEDIA_TYPE
from listener.app.admission import Admission
from listener.app.ingest_events import IngestEvents
from listener.app.ingest_session import IngestSession
from listener.app.no_dead_letters import NoDeadLetters
from listener.app.ports import Observer
from listener.domain.retry_window import RetryWindow
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
from listener.infra.websocket import ConnectionLimits, IngestWebSocket
from listener.settings import Settings, SettingsError, read_settings

_clock = time.monotonic
_SAY_EVERY_S = 10.0


class Listener:
    """All parts, wired; `start` inside a running loop, `drain` then `stop`."""

    def __init__(self, settings: Settings, kafka: KafkaSettings, catalogue: Catalogue) -> None:
        self._settings = settings
        say = logs.BoundedLog(logs.get_logger("listener").info, _SAY_EVERY_S, _clock)
        self.tally = tally = Tally(say)
        users = BasicAuth(settings.user_secrets, plain=settings.plain_passwords)
        origins = OriginAllowlist(settings.allowed_origins)
        gate = Gate(users if settings.auth == "basic" else None, origins)
        dead_letters = NoDeadLetters()
        self.retries = _retry_window(settings)
        self.log = log = KafkaEventLog(
            kafka.topic,
            kafka.client_arguments(),
            _limits(settings),
            _times(settings),
            clock=_clock,
            late_outcomes=tally,
            retries=self.retries,
        )
        judge = Judge(catalogue)
        by_websocket, by_http = tally.transports["websocket"], tally.transports["http"]

        def admission(observer: Observer) -> Admission:
            most = settings.max_event_bytes
            return Admission(
                judge, observer, max_event_bytes=most, new_id=_new_id, now=_now, clock=_clock
            )

        def sessions(admission: Admission, observer: Observer) -> SessionFactory:
            return lambda terms, on_answers: IngestSession(
                *(admission, log, observer, dead_letters, terms),
                clock=_clock,
                on_answers=on_answers,
            )

        http_admission = admission(by_http)
        self.websocket = IngestWebSocket(
            gate,
            log,
            sessions(admission(by_websocket), by_websocket),
            ConnectionLimits(
                settings.as_,
                settings.max_in_flight,
                settings.max_frame_bytes,
                settings.max_array_events,
            ),
            tally,
        )
        self.posts = PostEvents(
            gate,
            CrossOrigin(origins, METHODS),
            Uses(
                IngestEvents(http_admission, log, by_http, dead_letters, _clock),
                sessions(http_admission, by_http),
                log,
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
            kafka_ready=("Whether events can be stored now", lambda: float(log.state is None)),
        )
        tally.register(registry)
        self.app = Starlette(
            routes=[
                *websocket_routes(
                    "/websocket", self.websocket, elsewhere=nowhere(), plain=upgrade_required()
                ),
                Route("/events", self.posts, methods=["POST", "OPTIONS"]),
                *contract_routes(catalogue),
                *description_routes(catalogue),
                *probe_routes(ready=self.not_ready, status=self.status, registry=registry),
            ],
            exception_handlers=problem_handlers(),
        )
        self.app.router.redirect_slashes = False  # an address that is nearly right is not right

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
        return {
            "service": "listener",
            "connections": connections,
            "http": http,
            "retry_window": retries,
            "kafka": self.log.status(),
        }

    async def drain(self) -> None:
        """Take nothing new, answer all that was taken, tell the clients."""
        # Reading stops in this step, before the log takes no more: nothing is read to be refused.
        told = asyncio.gather(self.posts.drain(), self.websocket.drain())
        await self.log.drain(self._settings.drain_timeout_s)
        await told


def main() -> int:
    """Run the listener until a signal; gives the process's exit status."""
    try:
        settings, kafka = read_settings()
        catalogue = serving_catalogue(settings.contracts_dir)
        logs.configure(
            settings.log_level, as_json=settings.log_format == "json", service="listener"
        )
        return server.run(_serve(settings, kafka, catalogue))
    except SettingsError as error:
        return _stop(str(error), 2)
    except InvalidCatalogueError as error:
        return _stop(f"CONTRACTS_DIR: {error}", 2)
    except InvalidUsersError as error:
        return _stop(f"LISTENER_USERS: {error}", 2)
    except PortInUseError as error:
        return _stop(str(error), 1)


def _spare_the_collector() -> None:
    """Events in flight are many small objects without cycles, which the cyclic collector would
    look at again and again: a tenth of the CPU at full speed.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


async def _serve(settings: Settings, kafka: KafkaSettings, catalogue: Catalogue) -> int:
    listener = Listener(settings, kafka, catalogue)
    sockets = server.bind(settings.host, settings.port, port_variable="LISTENER_PORT")
    port = sockets[0].getsockname()[1]
    logs.get_logger("listener").info("listening", host=settings.host, port=port, topic=kafka.topic)
    _spare_the_collector()
    listener.log.start()
    try:
        await server.serve(
            listener.app,
            sockets,
            drain=listener.drain,
            limits=_server_limits(settings),
            not_http=NotHttp(NOT_HTTP.encode(), MEDIA_TYPE),
        )
    finally:
        await listener.log.stop()
    return 0


def _retry_window(settings: Settings) -> RetryWindow | None:
    if not settings.retry_window_s:
        return None
    return RetryWindow(settings.retry_window_s, settings.retry_window_events, _clock())


def _request_limits(settings: Settings) -> RequestLimits:
    return RequestLimits(
        settings.as_,
        settings.max_http_requests,
        settings.max_array_events,
        BodyLimits(settings.max_frame_bytes, settings.max_inflation, settings.stall_s),
        StreamLimits(settings.max_in_flight, settings.max_line_bytes, settings.stall_s),
    )


def _limits(settings: Settings) -> LogLimits:
    return LogLimits(
        pending_bytes=settings.max_pending_bytes,
        batch_bytes=min(settings.batch_bytes, settings.max_event_bytes),
        queue_timeout_s=settings.queue_timeout_s,
        delivery_timeout_s=settings.delivery_timeout_s,
    )


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
    )


def _new_id() -> str:
    return str(uuid_utils.uuid7())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _stop(faults: str, status: int) -> int:
    for line in faults.splitlines():
        sys.stderr.write(f"listener: {line}\n")
    return status
