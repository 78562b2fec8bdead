"""The composition root: the whole wiring of the publisher. Nothing starts at import."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Sequence

from chassis.errors import ChassisError
from chassis.kafka_settings import KafkaSettings
from chassis.logs import BoundedLog, configure, get_logger
from chassis.origins import OriginAllowlist
from chassis.server import ServerLimits, bind, serve
from publisher.app.catch_up_lane import Turns
from publisher.app.drain import drain
from publisher.app.following import Following
from publisher.app.hub import Hub
from publisher.app.page_pool import PagePool
from publisher.app.plan_replay import PlanReplay
from publisher.app.status import Status
from publisher.app.subscribe import Subscribe, Terms
from publisher.app.sweep import Intervals, Sweep
from publisher.domain.errors import PublisherError
from publisher.domain.log import Log
from publisher.infra.http import application
from publisher.infra.kafka_connection import KafkaConnection
from publisher.infra.kafka_follower import FollowerSettings, KafkaFollower
from publisher.infra.kafka_offsets import KafkaTopicOffsets
from publisher.infra.kafka_reader import KafkaPageReader
from publisher.infra.log_watch import LogWatch
from publisher.infra.loop_scheduler import LoopScheduler
from publisher.infra.metrics import Metrics
from publisher.infra.websocket import SocketLimits, WebSocketTransport
from publisher.settings import PublisherSettings

_log = get_logger("publisher")


async def main(settings: PublisherSettings, kafka: KafkaSettings) -> int:
    """Run one publisher instance until it is told to stop; gives the exit status."""
    configure(settings.log_level, as_json=settings.log_format == "json", service="publisher")
    try:
        sockets = bind(settings.host, settings.port, port_variable="PUBLISHER_PORT")
    except ChassisError as error:
        _log.error(str(error))
        return 1
    loop = asyncio.get_running_loop()
    arguments = kafka.client_arguments()
    metrics, following, scheduler = Metrics(), Following(), LoopScheduler(loop)
    complain = BoundedLog(_log.warning, 10.0, loop.time)

    def connection() -> KafkaConnection:
        return KafkaConnection(arguments, kafka.topic, timeout_s=settings.kafka_timeout_s)

    connections = [connection() for _ in range(settings.readers + 1)]
    offsets = KafkaTopicOffsets(connections[0])
    log = Log(tail_limit_bytes=settings.tail_bytes, cache_limit_bytes=settings.cache_bytes)

    def load_failed(error: PublisherError) -> None:
        metrics.failures.labels("page-load").inc()
        complain("a page could not be loaded; trying again", error=str(error))

    pool = PagePool(
        log,
        [KafkaPageReader(each, offsets, lambda: hub.generation) for each in connections[1:]],
        trimmed=lambda partition, earliest: hub.expire(partition, earliest),  # noqa: PLW0108 - later
        failed=load_failed,
    )
    hub = Hub(
        log,
        pool,
        scheduler,
        metrics.on_event,
        turns=Turns(
            settings.catch_up_bytes,
            settings.catch_up_work_ms / 1e3,
            settings.catch_up_rest_ms / 1e3,
        ),
        longest_fan_out_s=settings.fan_out_ms / 1e3,
    )
    terms = Terms(kafka.topic, settings.name(), settings.heartbeat_s, settings.max_subscribers)
    sweep = Sweep(hub, scheduler, Intervals(settings.heartbeat_s, settings.stall_s))
    plan_replay = PlanReplay(hub, offsets, lambda: int(time.time() * 1000))
    subscribe = Subscribe(hub, plan_replay, sweep, following, terms)
    status = Status(hub, pool, following, terms, clock=loop.time, stuck_s=settings.stuck_s)
    metrics.gauges(status.readings)
    follower = KafkaFollower(
        arguments,
        connections[0],
        offsets,
        hub,
        following,
        FollowerSettings(
            instance=terms.instance,
            group=f"{settings.group_prefix}.{terms.instance}",
            ephemeral=settings.instance is None,
            prefill=settings.prefill,
            poll_records=settings.poll_records,
            coalesce_s=settings.coalesce_ms / 1e3,
            session_ms=settings.session_ms,
        ),
        loop.time,
    )
    transport = WebSocketTransport(
        hub,
        subscribe,
        OriginAllowlist(settings.allowed_origins),
        SocketLimits(
            settings.socket_high_bytes, settings.socket_low_bytes, settings.input_frames_per_minute
        ),
    )

    async def stop_serving() -> None:
        status.draining = True
        subscribe.drain()
        told = await drain(hub, over_s=settings.drain_s, retry_after_ms=settings.retry_after_ms)
        _log.info("drained", subscribers=told)

    watch = LogWatch(
        connections[0],
        offsets,
        hub,
        interval_s=settings.bounds_s,
        recreated=follower.topic_recreated,
        missing=follower.topic_missing,
    )
    limits = ServerLimits(
        message_bytes=settings.input_frame_bytes,
        ping_interval_s=settings.ping_interval_s,
        ping_timeout_s=settings.ping_timeout_s,
        drain_timeout_s=settings.drain_s + 2,
    )
    app = application(transport, status, metrics.registry)
    _log.info("listening", host=settings.host, port=sockets[0].getsockname()[1], **_names(terms))
    sweep.start()
    gc.freeze()  # what is loaded by now stays; the collector need not walk it again
    server = asyncio.ensure_future(serve(app, sockets, drain=stop_serving, limits=limits))
    tasks = [asyncio.ensure_future(follower.run()), asyncio.ensure_future(watch.run())]
    try:
        return await _first_end(server, tasks)
    finally:
        sweep.stop()
        for task in [server, *tasks]:
            task.cancel()
        await asyncio.gather(server, *tasks, return_exceptions=True)
        await asyncio.gather(pool.close(), follower.close(), return_exceptions=True)
        await asyncio.gather(*[each.close() for each in connections], return_exceptions=True)


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


def _names(terms: Terms) -> dict[str, str]:
    return {"instance": terms.instance, "topic": terms.topic}
