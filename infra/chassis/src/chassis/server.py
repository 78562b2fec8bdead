"""One ASGI application on one address, from a bound socket to a drained exit.

SIGTERM or SIGINT starts the drain, which the service itself carries out (tell clients, flush), and
then stops uvicorn; a second signal stops it at once. The process ends with status 0: being asked to
stop is no failure. Starting and stopping what the application uses is the composition root's job,
so the ASGI lifespan is off.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from enum import Enum
from types import FrameType
from typing import Any

import uvicorn

from chassis.ending import end
from chassis.errors import PortInUseError
from chassis.kafka_transport import mend_aiokafka
from chassis.limit_hits import LimitHits
from chassis.logs import get_logger
from chassis.not_http import AnsweringHttpProtocol, NotHttp
from chassis.raw_websocket_protocol import RawWebSocketProtocol

_log = get_logger("chassis.server")

_ATTEMPTS = 10
_LAST_S = 1.0
"""What is left of tasks when a service is over has so long to end."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Bounds of the server, all settings of the services."""

    backlog: int = 4096
    message_bytes: int = 16 << 20
    ping_interval_s: float = 20.0
    ping_timeout_s: float = 20.0
    drain_timeout_s: float = 8.0
    """How long the service's own drain may take."""
    close_timeout_s: float = 1.5
    """How long connections may take to close after it."""
    unacknowledged_s: float = 0.0
    """HTTP: how long sent bytes may go unacknowledged; 0: the system's own limit (Linux: hours)."""
    control_frames_per_minute: int = 600
    """WebSocket: pings, and pongs that nobody asked for, that a client may send."""
    most_behind: int = 100
    """HTTP: requests that wait on a connection behind one that is not answered yet."""


class Sharing(Enum):
    """Whether other processes may listen on the same port (SO_REUSEPORT)."""

    ALONE = "alone"
    SHARED = "shared"
    """The kernel spreads connections over all that listen."""
    HELD = "held"
    """The port is taken for those who share it; nobody listens here."""


def bind(
    host: str, port: int, *, port_variable: str, sharing: Sharing = Sharing.ALONE
) -> list[socket.socket]:
    """Sockets for `host`; ``localhost`` means both loopbacks, so that either resolution works.

    `port` 0 takes a free one, the same on both.

    Raises:
        PortInUseError: says which variable to set.
    """
    hosts = ["127.0.0.1", "::1"] if host == "localhost" else [host]
    for _ in range(_ATTEMPTS - 1 if port == 0 else 0):
        # the free port of one loopback may be taken on the other
        with contextlib.suppress(PortInUseError):
            return _bind_all(hosts, port, port_variable, sharing)
    return _bind_all(hosts, port, port_variable, sharing)


def hold(host: str, port: int, *, port_variable: str) -> list[socket.socket]:
    """Take a port for processes that will share it; they may begin when this returns.

    Raises:
        PortInUseError: another program listens there, sharing or not.
    """
    alone = bind(host, port, port_variable=port_variable)
    chosen = alone[0].getsockname()[1]
    for each in alone:
        each.close()
    return bind(host, chosen, port_variable=port_variable, sharing=Sharing.HELD)


def _bind_all(
    hosts: list[str], port: int, port_variable: str, sharing: Sharing
) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    for each in hosts:
        family = socket.AF_INET6 if ":" in each else socket.AF_INET
        chosen = sockets[0].getsockname()[1] if sockets else port
        try:
            sockets.append(_bind_one(family, each, chosen, sharing))
        except OSError as error:
            if sockets and error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                continue  # a machine without IPv6
            for bound in sockets:
                bound.close()
            raise PortInUseError(_why(each, chosen, error, port_variable)) from error
    return sockets


def _bind_one(family: int, host: str, port: int, sharing: Sharing) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sharing is not Sharing.ALONE:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((host, port))
        # Listening here, not in uvicorn, makes a second process on the port fail now rather than
        # after it has joined its consumer group.
        if sharing is not Sharing.HELD:
            bound.listen(4096)
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    return bound


def _why(host: str, port: int, error: OSError, port_variable: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is in use by another program; "
            f"stop that program or set {port_variable} to a free port"
        )
    return f"cannot listen on {host} port {port} ({error.strerror}); check host and {port_variable}"


class _DrainingServer(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]], limits: ServerLimits
    ) -> None:
        super().__init__(config)
        self._drain = drain
        self._drain_timeout_s = limits.drain_timeout_s
        self._close_timeout_s = limits.close_timeout_s
        self._loop = asyncio.get_running_loop()
        self._draining: asyncio.Task[None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - signal's
        self._loop.call_soon_threadsafe(self._begin, signal.Signals(sig).name)

    def _begin(self, name: str) -> None:
        if self._draining is not None:
            _log.warning("stopping at once: asked a second time", signal=name)
            self.should_exit = self.force_exit = True
            return
        _log.info("draining", signal=name)
        self._draining = asyncio.create_task(self._drain_then_exit())

    async def _drain_then_exit(self) -> None:
        draining = asyncio.ensure_future(self._drain())
        # Not wait_for(): it waits for what will not be cancelled.
        await asyncio.wait([draining], timeout=self._drain_timeout_s)
        if not draining.done():
            draining.cancel()
            _log.warning("the drain took too long; going on to stop", seconds=self._drain_timeout_s)
        elif draining.cancelled():
            _log.error("the drain failed: it was cancelled; going on to stop")
        elif (error := draining.exception()) is not None:
            _log.error("the drain failed; going on to stop", exc_info=error)
        self.should_exit = True

    async def _wait_tasks_to_complete(self) -> None:
        """uvicorn's, bounded here: uvicorn calls it an error whatever it is that has not ended."""
        try:
            async with asyncio.timeout(self._close_timeout_s):
                await super()._wait_tasks_to_complete()
        except TimeoutError:
            self._cut_off()

    def _cut_off(self) -> None:
        """What is left ends with the process; say what that is."""
        tasks, connections = self.server_state.tasks, self.server_state.connections
        buffered = [each.transport.get_write_buffer_size() for each in connections]
        if tasks or any(buffered):
            _log.warning(
                "the stop cut off what did not end in time: requests that were not answered "
                "wholly, and peers that did not take what was written to them; they see a cut "
                "connection and come again",
                unfinished=len(tasks),
                not_taken=sum(map(bool, buffered)),
                not_taken_bytes=sum(buffered),
                seconds=self._close_timeout_s,
            )
        else:
            _log.info(
                "peers did not answer the close; going without it",
                connections=len(connections),
                seconds=self._close_timeout_s,
            )
        for task in tasks:
            task.cancel()


async def serve(
    app: Any,
    sockets: list[socket.socket],
    *,
    drain: Callable[[], Awaitable[None]],
    limits: ServerLimits,
    hits: LimitHits,
    not_http: NotHttp | None = None,
) -> None:
    """Serve `app` until a signal, then drain and return; `not_http` answers what is no HTTP, and
    `hits` is told of clients that ran into `limits`.
    """

    class Http(AnsweringHttpProtocol):
        unacknowledged_s = limits.unacknowledged_s
        most_behind = limits.most_behind
        on_limit = staticmethod(hits.hit)

    class WebSocket(RawWebSocketProtocol):
        control_frames_per_minute = limits.control_frames_per_minute
        on_limit = staticmethod(hits.hit)

    if not_http is not None:
        Http.not_http = not_http

    config = uvicorn.Config(
        app,
        loop="none",
        http=Http,
        ws=WebSocket,
        ws_max_size=limits.message_bytes,
        ws_ping_interval=limits.ping_interval_s,
        ws_ping_timeout=limits.ping_timeout_s,
        ws_per_message_deflate=False,  # but see chassis.websocket_deflate
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        backlog=limits.backlog,
    )
    await _DrainingServer(config, drain, limits).serve(sockets)


def run(main: Coroutine[Any, Any, int]) -> int:
    """Run a service's main coroutine on uvloop where there is one; gives its exit status."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    with contextlib.suppress(ImportError):  # Windows has no uvloop
        import uvloop

        factory = uvloop.new_event_loop
        mend_aiokafka()
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(_to_the_end(main))


async def _to_the_end(main: Coroutine[Any, Any, int]) -> int:
    """A library's task that loses every cancellation must not keep the process: asyncio would wait
    for it without end.
    """
    status = await main
    here = asyncio.current_task()
    left = await end([each for each in asyncio.all_tasks() if each is not here], _LAST_S)
    if left:
        _log.warning("tasks do not end; exiting without them", tasks=len(left))
        logging.shutdown()
        os._exit(status)
    return status
