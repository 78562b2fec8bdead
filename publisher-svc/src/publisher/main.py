"""The composition root: the whole wiring of the publisher. Nothing starts at import."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any

from chassis.basic_auth import BasicAuth, InvalidUsersError
from chassis.collector import Collector
from chassis.ending import end, ended
from chassis.errors import ChassisError, SendRingUnavailableError
from chassis.kafka_settings import KafkaSettings
from chassis.limit_hits import Limit, LimitHits
from chassis.logs import BoundedLog, configure, get_logger
from chassis.open_files import room_for
from chassis.origins import OriginAllowlist
from chassis.server import Sharing, bind, serve
from chassis.settings_text import unknown_in
from publisher.app.drain import drain
from publisher.app.following import Following
from publisher.app.gathering import Gathering
from publisher.app.hub import Hub
from publisher.app.live_lane import Rounds
from publisher.app.load_queue import LoadQueue
from publisher.app.page_pool import PagePool
from publisher.app.plan_replay import PlanReplay
from publisher.app.read_page import ReadPage
from publisher.app.status import Status
from publisher.app.subscribe import Subscribe, Terms
from publisher.app.sweep import Intervals, Sweep
from publisher.domain.crowd import Standing
from publisher.domain.errors import PublisherError
from publisher.domain.log import Log
from publisher.domain.reach import Reaches
from publisher.infra.bearer_auth import BearerAuth
from publisher.infra.cors import Cors
from publisher.infra.credentials import BASIC, BEARER
from publisher.infra.gate import Gate
from publisher.infra.http import application
from publisher.infra.http_documents import documents
from publisher.infra.http_events import HttpTransport
from publisher.infra.kafka_connection import KafkaConnection
from publisher.infra.kafka_follower import KafkaFollower
from publisher.infra.kafka_lineage import KafkaLineage
from publisher.infra.kafka_offsets import KafkaTopicOffsets
from publisher.infra.kafka_reader import KafkaPageReader
from publisher.infra.log_watch import LogWatch, WatchSettings
from publisher.infra.loop_scheduler import LoopScheduler
from publisher.infra.metrics import Metrics
from publisher.infra.ring_writer import RingWriter
from publisher.infra.token_keys import InvalidKeysError, TokenKey, read_keys, secret_key
from publisher.infra.websocket import WebSocketTransport
from publisher.settings import PublisherSettings
from publisher.workers import WRONG_SETTINGS, stop_with_starter

_log = get_logger("publisher")
_END_S, _LEAVE_S = 1.0, 3.0
"""How long parts have to end, and to leave Kafka's group; a stop is not held up longer."""


async def main(settings: PublisherSettings, kafka: KafkaSettings) -> int:
    """Run one publisher instance until it is told to stop; gives the exit status."""
    configure(settings.log_level, as_json=settings.log_format == "json", service="publisher")
    for fault in unknown_in(os.environ, PublisherSettings):
        _log.warning(fault)
    hits = LimitHits("publisher")
    try:
        gate = _gate(settings, hits)
        sockets = _sockets(settings)
    except InvalidUsersError as error:
        _log.error(f"PUBLISHER_USERS: {error}")
        return WRONG_SETTINGS
    except InvalidKeysError as error:
        variable = "TOKEN_KEYS_FILE" if settings.token_keys_file else "TOKEN_KEY"
        _log.error(f"PUBLISHER_{variable}: {error}")
        return WRONG_SETTINGS
    except ChassisError as error:
        _log.error(str(error))
        return 1
    if settings.worker:
        stop_with_starter(lambda: signal.raise_signal(signal.SIGTERM))
    loop = asyncio.get_running_loop()
    return await Publisher(settings, kafka, gate, hits, loop).run(sockets)


def _gate(settings: PublisherSettings, hits: LimitHits) -> Gate:
    basic = bearer = None
    if BASIC in settings.auth:
        basic = BasicAuth(
            settings.user_secrets(),
            plain=settings.plain_passwords,
            most_waiting=settings.max_verifying,
            on_full=lambda: hits.hit(Limit.VERIFYING),
        )
    if BEARER in settings.auth:
        bearer = BearerAuth(
            _token_keys(settings),
            audience=settings.token_audience or None,
            issuer=settings.token_issuer or None,
        )
    reaches = Reaches(settings.keys == "own", frozenset(settings.operators))
    origins = OriginAllowlist(settings.allowed_origins)
    return Gate(origins, reaches, basic=basic, bearer=bearer)


def _token_keys(settings: PublisherSettings) -> Sequence[TokenKey]:
    if settings.token_keys_file:
        return read_keys(Path(settings.token_keys_file))
    return [secret_key(settings.token_secret())]


def _sockets(settings: PublisherSettings) -> list[socket.socket]:
    if not settings.worker:
        return bind(settings.host, settings.port, port_variable="PUBLISHER_PORT")
    shared = bind(
        settings.host, settings.port, port_variable="PUBLISHER_PORT", sharing=Sharing.SHARED
    )
    if settings.worker_port is None:
        return shared
    own = settings.worker_port + settings.worker - 1
    return shared + bind(settings.host, own, port_variable="PUBLISHER_WORKER_PORT")


class Publisher:
    """One instance: what there is, and what it is given. `run` starts it."""

    def __init__(
        self,
        settings: PublisherSettings,
        kafka: KafkaSettings,
        gate: Gate,
        hits: LimitHits,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._settings = settings
        self._gate = gate
        self._hits = hits
        room = room_for(settings.max_subscribers, variable="PUBLISHER_MAX_SUBSCRIBERS")
        self._terms = Terms(kafka.topic, settings.name(), settings.heartbeat_s, room)
        self._metrics, self._following, scheduler = Metrics(), Following(), LoopScheduler(loop)
        self._complain = BoundedLog(_log.warning, 10.0, loop.time)

        # Kafka: one connection for questions, one for each reader of history, one for doubts.
        arguments = kafka.client_arguments()
        timeout_s = settings.kafka_timeout_s
        ask, check, *read = self._connections = [
            KafkaConnection(arguments, kafka.topic, timeout_s=timeout_s)
            for _ in range(settings.readers + 2)
        ]
        offsets = KafkaTopicOffsets(ask)

        # The log and the hub: pages in, blocks out.
        self._ring = self._send_ring() if settings.io_uring == "auto" else None
        log = Log(tail_limit_bytes=settings.tail_bytes, cache_limit_bytes=settings.cache_bytes)
        gathering = Gathering(log, loop.time, self._standings)
        self._pool = PagePool(
            log,
            [self._reader(each, offsets) for each in read],
            LoadQueue(gathering.pays, loop.time, settings.gather_ms / 1e3),
            trimmed=self._trimmed,
            failed=self._load_failed,
        )
        self._hub = Hub(
            log,
            self._pool,
            scheduler,
            self._metrics.on_event,
            turns=settings.turns(),
            rounds=Rounds(settings.fan_out_ms / 1e3),
            writer=self._ring,
        )
        self._follower = KafkaFollower(
            arguments, ask, offsets, self._hub, self._following, settings.follower(), loop.time
        )
        self._watch = LogWatch(
            ask,
            offsets,
            KafkaLineage(ask, offsets, self._reader(check, offsets), log),
            self._hub,
            self._following,
            self._follower,
            WatchSettings(settings.bounds_s, settings.stuck_s),
        )

        # Subscribing: plan, hello, hub; over WebSocket and HTTP.
        self._sweep = Sweep(self._hub, scheduler, Intervals(settings.heartbeat_s, settings.stall_s))
        plan_replay = PlanReplay(self._hub, offsets, lambda: int(time.time() * 1000))
        self._subscribe = Subscribe(
            self._hub, plan_replay, self._sweep, self._following, self._terms
        )
        emit = self._metrics.on_event
        websocket = WebSocketTransport(
            self._hub,
            self._subscribe,
            gate,
            emit,
            limits=settings.sockets(),
            batches=settings.batches(),
        )
        read_page = ReadPage(self._hub, self._pool, plan_replay, emit, settings.pages())
        http = HttpTransport(
            self._hub,
            self._subscribe,
            plan_replay,
            read_page,
            gate,
            Cors(OriginAllowlist(settings.allowed_origins)),
            emit,
            limits=settings.sockets(),
            terms=settings.http(),
        )

        # What operators see.
        self._status = Status(
            self._hub,
            self._pool,
            self._following,
            self._terms,
            clock=loop.time,
            stuck_s=settings.stuck_s,
            ring_in_use=lambda: self._ring is not None and self._ring.is_open,
        )
        self._metrics.gauges(self._status.readings, self._status.standing)
        self._metrics.registry.register(hits)
        self._app = application(
            websocket,
            http,
            self._status,
            self._metrics.registry,
            documents(settings.contracts_dir, _log.warning),
        )

    async def run(self, sockets: list[socket.socket]) -> int:
        """Serve and follow until told to stop; gives the exit status."""
        terms, port = self._terms, sockets[0].getsockname()[1]
        _log.info("listening", port=port, instance=terms.instance, topic=terms.topic)
        self._sweep.start()
        Collector(asyncio.get_running_loop()).start()
        limits = self._settings.server()
        serving = serve(self._app, sockets, drain=self._drain, limits=limits, hits=self._hits)
        server = asyncio.ensure_future(serving)
        tasks = [asyncio.ensure_future(each.run()) for each in (self._follower, self._watch)]
        try:
            return await _first_end(server, tasks)
        finally:
            self._sweep.stop()
            left = await end([server, *tasks], _END_S)
            self._gate.close()  # if it did not come to the drain
            if self._ring is not None:
                self._ring.close()
            closing = [self._pool.close(), self._follower.close()]
            left |= await _closed(closing, _LEAVE_S)
            left |= await _closed([each.close() for each in self._connections], _END_S)
            if left:
                _log.warning("something does not end; stopping without it", tasks=len(left))

    def _send_ring(self) -> RingWriter | None:
        try:
            return RingWriter(self._ring_failed)
        except SendRingUnavailableError as error:
            _log.info("blocks are written to one socket after the other", reason=str(error))
            return None

    def _ring_failed(self) -> None:
        self._metrics.failures.labels("io-uring").inc()
        _log.warning("io_uring takes no more; blocks are written to one socket after the other")

    def _reader(self, connection: KafkaConnection, offsets: KafkaTopicOffsets) -> KafkaPageReader:
        return KafkaPageReader(
            connection, offsets, lambda: (self._hub.generation, self._hub.log.revision)
        )

    async def _drain(self) -> None:
        settings = self._settings
        self._status.draining = True
        self._subscribe.drain()
        self._gate.close()
        told = await drain(
            self._hub, over_s=settings.drain_s, retry_after_ms=settings.retry_after_ms
        )
        _log.info("drained", subscribers=told)

    def _standings(self) -> Iterable[Standing]:
        return self._hub.standings()

    def _trimmed(self, partition: int, earliest: int) -> None:
        self._hub.expire(partition, earliest)

    def _load_failed(self, error: PublisherError) -> None:
        self._metrics.failures.labels("page-load").inc()
        self._complain("a page could not be loaded; trying again", error=str(error))


async def _closed(
    closing: Iterable[Coroutine[Any, Any, None]], within_s: float
) -> set[asyncio.Future[Any]]:
    """Wait for them, then cancel what goes on; gives what does not end even so."""
    tasks = [asyncio.ensure_future(each) for each in closing]
    return await ended(tasks, within_s + _END_S, cancel_after_s=within_s)


async def _first_end(server: asyncio.Future[None], tasks: Sequence[asyncio.Future[None]]) -> int:
    """Wait for the server's end, or for a task that must never end."""
    done, _ = await asyncio.wait([server, *tasks], return_when=asyncio.FIRST_COMPLETED)
    if server in done:
        server.result()
        return 0
    for task in done:
        error = task.exception()
        if isinstance(error, PublisherError):
            _log.error(str(error), code=error.code)
        else:
            _log.error("a task that must not end has ended; stopping", exc_info=error)
    return 1
