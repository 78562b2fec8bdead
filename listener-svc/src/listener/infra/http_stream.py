"""``POST /events`` with ``application/x-ndjson``: answers flow back while the body still flows.

Reads on only while few enough answers are owed, the log has room and the client reads its answers;
otherwise the socket is left unread, which is TCP's back-pressure. Invariants: memory is bounded
whatever the length of the stream; every line that was read is answered, in one line; the last line
is ``end``, and a stream without it was cut.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import orjson
from starlette.types import Send

from contracts.envelope import NDJSON_MEDIA_TYPE
from contracts.frames import error_frame
from contracts.problem import Problem, ProblemType
from listener.app.ingest_session import IngestSession
from listener.app.pacing import Pace
from listener.app.ports import Room
from listener.domain.lines import Lines
from listener.infra.http_body import Body, BodyError

_BYTES_A_TURN = 16 << 10
"""Taken before others have a turn of the event loop."""


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Bounds, all settings."""

    max_in_flight: int
    max_in_flight_bytes: int
    max_line_bytes: int
    stall_s: float
    """How long answers may go unread."""


class EventStream:
    """One request, from the first piece of its body to its end."""

    session: IngestSession
    pace: Pace | None = None
    """The rate that the producer is held to, if it is to one."""

    def __init__(self, room: Room, limits: StreamLimits, headers: dict[str, str]) -> None:
        """`headers` go with the answer."""
        self._room = room
        self._limits = limits
        self._headers = headers
        self._wake = asyncio.Event()
        self._sent = asyncio.Event()
        self._reading: asyncio.Task[Problem | None] | None = None
        self._stopping: Problem | None = None
        self._started = False
        self._over = False
        self.unread = False
        """Whether it ended because the client did not read its answers: drop the connection."""

    def wake(self) -> None:
        """Answers begin to wait."""
        self._wake.set()

    def stop(self, problem: Problem) -> None:
        """Read no more, in this very step; what was taken is answered, and `problem` told."""
        self._stopping = problem
        if self._reading is not None:
            self._reading.cancel()

    async def run(self, body: Body, send: Send) -> Problem | None:
        """Serve it; a problem: nothing was read or sent yet, and this is the answer.

        Raises:
            ClientDisconnect: the client left.
        """
        self._reading = asyncio.create_task(self._read(body))
        writing = asyncio.create_task(self._write(send))
        try:
            await asyncio.wait((self._reading, writing), return_when=asyncio.FIRST_COMPLETED)
            if writing.done():  # the client does not read its answers
                writing.result()
                return None
            problem = self._stopping if self._reading.cancelled() else self._reading.result()
            if problem is not None and not self.session.events:
                return problem
            self._over = True
            self._wake.set()
            if await writing:
                await self._send(send, self._last_lines(problem), more=False)
        finally:
            self._reading.cancel()
            writing.cancel()
            self._reading = None  # what it raised knows this frame, which knows this object
        return None

    async def _read(self, body: Body) -> Problem | None:
        """Take lines until the body ends; a problem: until it cannot be read on."""
        lines = Lines(self._limits.max_line_bytes)
        try:
            async for piece in body.stream():
                for at in range(0, len(piece), _BYTES_A_TURN):
                    await self._take(lines.feed(piece[at : at + _BYTES_A_TURN]))
                    body.hold(lines.held_bytes)
                    await asyncio.sleep(0)
        except BodyError as error:
            return error.problem
        await self._take(lines.end())
        return None

    async def _take(self, lines: list[bytes | None]) -> None:
        session, limits = self.session, self._limits
        for line in lines:
            while (
                session.owed >= limits.max_in_flight
                or session.in_flight_bytes >= limits.max_in_flight_bytes
                or not self._room.has_room
            ):
                await self._wait()
            while self.pace is not None and (wait_s := self.pace.wait_s()):
                self.pace.held()
                await asyncio.sleep(wait_s)
            if line is None:
                session.refuse_frame(self._too_long())
            else:
                session.take_line(line)
            if self.pace is not None:
                self.pace.spend(1, len(line or b""))

    async def _wait(self) -> None:
        if not self._room.has_room:
            await self._room.wait_for_room()
        else:
            self._sent.clear()
            await self._sent.wait()

    async def _write(self, send: Send) -> bool:
        """Send answers as they come, to the last that is owed; False: the client reads none."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            answers = self.session.collect()
            if answers and not await self._send(send, b"\n".join(answers) + b"\n"):
                return False
            self._sent.set()
            if self._over and not self.session.owed:
                return True

    def _last_lines(self, problem: Problem | None) -> bytes:
        session = self.session
        told = b"" if problem is None else error_frame(problem) + b"\n"
        counts = {"acked": session.events - session.nacked, "nacked": session.nacked}
        end = {"type": "end", "events": session.events, **counts}
        return told + orjson.dumps(end) + b"\n"

    async def _send(self, send: Send, data: bytes, *, more: bool = True) -> bool:
        try:
            async with asyncio.timeout(self._limits.stall_s):
                if not self._started:
                    self._started = True
                    headers = {
                        "content-type": NDJSON_MEDIA_TYPE,
                        "cache-control": "no-store",
                        "x-accel-buffering": "no",
                        **self._headers,
                    }
                    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
                    status = 207 if self.session.events else 200
                    await send({"type": "http.response.start", "status": status, "headers": raw})
                await send({"type": "http.response.body", "body": data, "more_body": more})
        except TimeoutError:
            self.unread = True
            return False
        return True

    def _too_long(self) -> Problem:
        limit = self._limits.max_line_bytes
        return Problem(
            ProblemType.TOO_LARGE,
            f"the line is longer than {limit} bytes; it was not stored; later lines are read",
            {"limit_bytes": limit},
        )
