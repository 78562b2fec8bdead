"""One producer's WebSocket, from the accepted handshake to its end.

Messages are taken while few enough events are unanswered, the log has room and the client reads its
answers; otherwise they are held, and the socket is left unread, which is TCP's back-pressure. With
the raw side of `chassis.raw_websocket` all messages of one read are taken in one go, and answers
that become ready in one turn of the event loop leave in one write; without it (another server) they
come and go one by one. Invariants: messages are taken in their order, what was read of a client
that left behind it too; nothing that was accepted loses its answer while the client is there, also
when the service stops. Decides nothing about events.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Scope, Send

from chassis.raw_websocket import EXTENSION, RawWebSocket
from chassis.websocket_frames import text_frames
from contracts.close import CloseCode
from contracts.problem import Problem, ProblemType
from listener.app.ingest_session import IngestSession
from listener.app.pacing import Pace
from listener.app.ports import Room
from listener.infra.held_messages import HeldMessages


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Bounds of connections, all settings."""

    max_connections: int
    """How many there may be at once."""
    default_type: str | None
    max_in_flight: int
    max_in_flight_bytes: int
    max_frame_bytes: int
    max_array_events: int
    max_hold_s: float
    """How long a message may wait for its producer's rate."""


_MAX_OUTGOING = 64
"""Groups of answers that may wait for a client where there are no raw writes."""
_EVENTS_A_TURN = 500
"""Taken before others have a turn of the event loop: some 5 ms. A read may bring many more."""


class ProducerConnection:
    """One accepted connection."""

    session: IngestSession

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        log: Room,
        limits: ConnectionLimits,
    ) -> None:
        self._receive = receive
        self._send = send
        self._log = log
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._raw: RawWebSocket | None = (scope.get("extensions") or {}).get(EXTENSION)
        self._wake = asyncio.Event()
        self.held = HeldMessages(self._loop.time, limits.max_hold_s)
        """Whoever makes the connection sets the pace."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self._holding = False
        self._rate_nacks = 0
        self._over: asyncio.Future[CloseCode | None] = self._loop.create_future()
        """Nothing is taken any more; the code to close with, None: the client is gone."""
        self._outgoing: asyncio.Queue[list[bytes]] = asyncio.Queue()
        self._lost = False
        self.unheard = 0
        """Answers that there was nobody to send to any more."""
        self.ended: asyncio.Future[None] = self._loop.create_future()

    async def run(self) -> None:
        """From the accepted handshake to the end."""
        if self._raw is None:
            self._start(self._send_outgoing())
        else:
            self._raw.on_lost = self._on_lost
            self._raw.on_resume = self._wake.set
            self._raw.on_messages = self._on_messages
        self._start(self._read())
        try:
            code = await self._over
            if code is not None:
                await self._close(code)
        finally:
            self._lost = True
            for task in self._tasks:
                task.cancel()
            if not self.ended.done():
                self.ended.set_result(None)

    def drain(self) -> None:
        """Take no more; `run` goes on to the close."""
        self._finish(CloseCode.SERVICE_RESTART)

    def schedule_flush(self) -> None:
        """Answers begin to wait: send them at the end of this turn of the event loop."""
        self._loop.call_soon(self._flush)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._fail(error)

    def _finish(self, code: CloseCode | None) -> None:
        if not self._over.done():
            self._over.set_result(code)

    def _fail(self, error: BaseException) -> None:
        """A bug: `run` raises it, and the server closes the connection and logs it."""
        if not self._over.done():
            self._over.set_exception(error)

    async def _read(self) -> None:
        """Receive to the end: without raw messages everything, with them hardly more than that."""
        while True:
            message: Any = await self._receive()
            if message["type"] != "websocket.receive":
                break
            text = message.get("text")
            self.held.add([message.get("bytes") or b"" if text is None else text])
            self._take_held()
            while (self.held.messages or self._full) and await self._may_go_on():
                self._take_held()
        await self._hold()  # what a client sent before it left is taken like all else
        self._finish(None)

    def _on_messages(self, messages: list[str | bytes]) -> None:
        """What came in one read."""
        self.held.add(messages)
        if not self._holding:
            try:
                self._take_held()
            except Exception as error:  # noqa: BLE001 - the caller is the transport
                self._fail(error)
            if self.held.messages and not self._over.done():
                self._holding = True
                self._start(self._hold())
        self._adjust_reading()

    async def _hold(self) -> None:
        """Take what is held as soon as it may be, then read on."""
        while self.held.messages and await self._may_go_on():
            self._take_held()
            self._adjust_reading()
            await asyncio.sleep(0)
        self._holding = False
        self._adjust_reading()

    def _adjust_reading(self) -> None:
        """Leave the socket unread while messages are held; those that wait for their rate alone
        are few enough to read on, so that a client's pings are not left behind them.
        """
        if self._raw is None:
            return
        held = self.held
        if self._over.done() or (held.messages and (held.pace is None or self._holds_much)):
            self._raw.pause_reading()
        else:
            self._raw.resume_reading()

    @property
    def _holds_much(self) -> bool:
        limits, held = self._limits, self.held
        return (
            self._full
            or len(held.messages) >= limits.max_in_flight
            or held.size() >= limits.max_in_flight_bytes
        )

    def _take_held(self) -> None:
        """Take messages as long as more may be in flight and this turn of the event loop lasts."""
        held, over, session, log = self.held.messages, self._over, self.session, self._log
        pace = self.held.pace
        most, most_bytes = self._limits.max_in_flight, self._limits.max_in_flight_bytes
        flow = self if self._raw is None or self._lost else self._raw
        turn_ends = session.events + _EVENTS_A_TURN
        while held and session.events < turn_ends and not over.done():
            if (  # as `_full`, quicker
                session.in_flight >= most
                or session.in_flight_bytes >= most_bytes
                or not log.has_room
                or flow.paused
            ):
                return
            if pace is None:
                self._take(held.popleft())
            elif not self._take_paced(pace):
                return

    def _take_paced(self, pace: Pace) -> bool:
        """Take the oldest message if the rate allows it, or nack it if it has waited for that as
        long as it may; False: it waits.
        """
        held, session = self.held, self.session
        problem = held.refusal(pace)
        if problem is not None and held.may_wait:
            return False
        message, counted = held.pop(), session.events
        if problem is None or isinstance(message, bytes):
            self._take(message)
            pace.spend(session.events - counted, len(message))
            if not held.messages:
                held.caught_up()
                self._rate_nacks = 0
            return True
        session.refuse_text(message, problem)
        self._rate_nacks += session.events - counted
        if self._rate_nacks > self._limits.max_in_flight:  # it does not listen
            self._finish(CloseCode.RATE_EXCEEDED)
        return True

    def _take(self, message: str | bytes) -> None:
        limit = self._limits.max_frame_bytes
        if isinstance(message, bytes):
            self.session.refuse_frame(_BINARY)
        elif len(message) * 4 > limit and len(message.encode()) > limit:
            self.session.refuse_frame(self._too_large())
            self._finish(CloseCode.TOO_BIG)
        else:
            self.session.take_text(message)

    @property
    def _full(self) -> bool:
        """Whether nothing may be taken now."""
        return (
            self.session.in_flight >= self._limits.max_in_flight
            or self.session.in_flight_bytes >= self._limits.max_in_flight_bytes
            or not self._log.has_room
            or self.paused
        )

    @property
    def paused(self) -> bool:
        """Whether the client is slow to read its answers; one that is gone keeps nobody waiting."""
        if self._lost:
            return False
        if self._raw is None:
            return self._outgoing.qsize() > _MAX_OUTGOING
        return self._raw.paused

    async def _may_go_on(self) -> bool:
        """Wait until the next message may be taken; False: none will be."""
        while not self._over.done() and (self.held.messages or not self._lost):
            if not self._log.has_room:
                await self._log.wait_for_room()
            elif self._full:
                self._wake.clear()
                await self._wake.wait()
            else:
                if pause_s := self.held.pause_s():
                    await asyncio.sleep(pause_s)
                return True
        return False

    def _flush(self) -> None:
        answers = self.session.collect()
        self._wake.set()
        if self._lost:
            self.unheard += len(answers)
        elif not answers:
            return
        elif self._raw is None:
            self._outgoing.put_nowait(answers)
        elif self._raw.is_open:
            self._raw.writer()(text_frames(answers))

    async def _send_outgoing(self) -> None:
        """For servers without raw writes: one message after the other."""
        while True:
            for answer in await self._outgoing.get():
                with contextlib.suppress(OSError):  # the client left; reading will tell
                    await self._send({"type": "websocket.send", "text": answer.decode()})
            self._outgoing.task_done()
            self._wake.set()

    async def _close(self, code: CloseCode) -> None:
        """Answer what is in flight, then close."""
        while self.session.in_flight and not self._lost:
            self._wake.clear()
            await self._wake.wait()
        self._flush()
        if self._raw is None:
            await self._outgoing.join()
        if not self._lost:
            await self._send({"type": "websocket.close", "code": int(code)})

    def _on_lost(self) -> None:
        self._lost = True
        self._wake.set()

    def _too_large(self) -> Problem:
        limit = self._limits.max_frame_bytes
        return Problem(
            ProblemType.TOO_LARGE,
            f"the frame is larger than {limit} bytes; nothing of it was stored; the connection is "
            "closed; send smaller frames",
            {"limit_bytes": limit},
        )


_BINARY = Problem(
    ProblemType.UNSUPPORTED_MEDIA_TYPE,
    "events are taken from text frames; this binary frame was ignored; send JSON as text",
)
