"""A subscriber that stays subscribed, as the protocol asks, and notes every offset it gets.

It resumes from its own cursor on any instance, does what the table of close codes says, and gives a
connection up that has been silent for longer than heartbeats allow. It drops nothing: an offset
that comes twice is noted twice, also after a resume, since an exact cursor repeats nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson

from chaos.ledger import Stretch
from contracts.cursor import parse_cursor
from support.wire import HandshakeRefusedError, RawWebSocket, connect, places

_FINAL = {4409, 4410, 4411}
_SILENT_S = 4.0
"""Heartbeats come every 0.5 s here."""


@dataclass(frozen=True, slots=True)
class Manner:
    """What kind of subscriber it is."""

    name: str
    since: Callable[[random.Random], str]
    filter: str | None = None
    bounded: bool = False
    slow: bool = False
    cuts_itself: bool = False
    batch: bool = False
    """Takes several events in a frame, compressed."""


@dataclass(slots=True)
class Subscriber:
    """See the module. `urls` are tried in turn, from number `home` on."""

    manner: Manner
    urls: list[str]
    home: int
    chance: random.Random
    stretches: list[Stretch] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    kept_slow: bool = False
    """Reads nothing while set (slow ones only); else it pauses now and then by itself."""
    calm: bool = False
    """Does not cut itself."""
    finishing: bool = False
    """A bounded one begins no other stretch."""
    _stretch: Stretch | None = None
    _connection: RawWebSocket | None = None
    _asked: str | None = None
    _heard_s: float = 0.0
    _retry_s: float = 0.0
    _anew: str | None = None
    _leaving: bool = False
    _ended: bool = False

    async def run(self) -> None:
        """Until `leave`."""
        failures = 0
        while not self._leaving:
            if self.finishing and self.manner.bounded and self._stretch is None:
                return
            try:
                code = await self._one_connection()
            except (OSError, TimeoutError, HandshakeRefusedError) as error:
                self.refusals.append(str(error))
                failures += 1
                self.home += 1
                await asyncio.sleep(self.chance.uniform(0.05, min(2.0, 0.1 * 2**failures)))
                continue
            failures = 0
            if self._leaving:
                return
            self.codes.append(code)
            if code in {4001, 1012, 1001}:
                self.home += 1
                await asyncio.sleep(self.chance.uniform(0, self._retry_s or 1))
            elif code == 1000 and self._ended:
                self._stretch = None  # a bounded one is done, and begins another
                await asyncio.sleep(self.chance.uniform(0.2, 1))
            elif code not in _FINAL:
                self.home += code == 1006
                await asyncio.sleep(self.chance.uniform(0, 0.3))

    async def leave(self) -> None:
        """No more reconnecting."""
        self._leaving = True
        if self._connection is not None:
            self._connection.transport.abort()

    def cut(self) -> None:
        """Reset the connection, as a network does."""
        if self._connection is not None:
            self._connection.transport.abort()

    def reached(self, ends: dict[int, int], gone: set[str]) -> bool:
        """Whether it stands at these ends of a topic that is none of those that are `gone`.

        Bounded ones go to ends of their own.
        """
        if self.manner.bounded:
            return not self.finishing or self._stretch is None
        stretch = self._stretch
        return (
            stretch is not None
            and stretch.generation not in gone
            and all(stretch.positions.get(partition, 0) >= end for partition, end in ends.items())
        )

    # -- one connection ------------------------------------------------------------------------

    async def _one_connection(self) -> int:
        self._ended = False
        self._asked = self._cursor()
        query = f"since={self._asked or self._anew or self.manner.since(self.chance)}"
        if self.manner.bounded:
            stretch = self._stretch
            query += f"&until={_text(stretch.stop) if stretch and stretch.stop else 'now'}"
        if self.manner.filter:
            query += f"&type={self.manner.filter}"
        if self.manner.batch:
            query += "&batch=true"
        url = f"{self.urls[self.home % len(self.urls)]}?{query}"
        async with asyncio.timeout(3):
            opened = await self._open(url)
        self._connection = opened
        self._heard_s = asyncio.get_running_loop().time()
        watching = asyncio.ensure_future(self._watch(opened))
        try:
            return await asyncio.shield(opened.closed)
        finally:
            watching.cancel()
            opened.transport.abort()

    async def _open(self, url: str) -> RawWebSocket:
        if not self.manner.slow:
            return await connect(url, self._on_text, deflate=self.manner.batch)
        end = socket.socket()
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 10)
        end.setblocking(False)
        parts = urlsplit(url)
        try:
            await asyncio.get_running_loop().sock_connect(end, ("127.0.0.1", parts.port))
        except BaseException:
            end.close()
            raise
        return await connect(url, self._on_text, over=end, deflate=self.manner.batch)

    async def _watch(self, connection: RawWebSocket) -> None:
        """Notice silence; be slow; cut oneself."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(0.25)
            if self.manner.slow:
                await self._dawdle(connection)
            if loop.time() - self._heard_s > _SILENT_S:
                connection.transport.abort()
            if self.manner.cuts_itself and not self.calm and self.chance.random() < 0.12:
                connection.transport.abort()

    async def _dawdle(self, connection: RawWebSocket) -> None:
        if self.kept_slow or self.chance.random() < 0.15:
            with contextlib.suppress(RuntimeError):
                connection.transport.pause_reading()
                await asyncio.sleep(self.chance.uniform(0.5, 2.0))
                while self.kept_slow:
                    await asyncio.sleep(0.1)
                connection.transport.resume_reading()
        self._heard_s = asyncio.get_running_loop().time()

    def _cursor(self) -> str | None:
        stretch = self._stretch
        return f"{_text(stretch.positions)}@{stretch.generation}" if stretch else None

    # -- frames --------------------------------------------------------------------------------

    def _on_text(self, payload: bytes) -> None:
        self._heard_s = asyncio.get_running_loop().time()
        found, stretch = places(payload), self._stretch
        if not found or stretch is None:
            self._on_control(orjson.loads(payload))
            return
        for partition, offset in found:
            stretch.got[partition].append(offset)
            if offset < stretch.positions.get(partition, 0):
                self.violations.append(f"{partition}:{offset} came below its position")
            stretch.positions[partition] = offset + 1

    def _on_control(self, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        if kind == "hello":
            self._on_hello(frame)
        elif kind == "error":
            self._on_error(frame["problem"])
        elif self._stretch is not None and "cursor" in frame:
            self._retry_s = frame.get("retry_after_ms", 0) / 1000
            self._ended = self._stretch.done = kind == "end"
            for partition, at in enumerate(parse_cursor(frame["cursor"]).positions):
                if at < self._stretch.positions.get(partition, 0):
                    self.violations.append(f"the cursor of {kind} went back in {partition}")
                self._stretch.positions[partition] = at

    def _on_hello(self, frame: dict[str, Any]) -> None:
        cursor = parse_cursor(frame["cursor"])
        start = dict(enumerate(cursor.positions))
        stop = frame.get("until")
        if self._stretch is None:
            self._anew = None
            self._stretch = Stretch(
                cursor.generation or "",
                start,
                dict(enumerate(parse_cursor(stop).positions)) if stop else None,
                self.manner.filter,
                positions=dict(start),
            )
            self.stretches.append(self._stretch)
            return
        for partition, at in self._stretch.positions.items():
            if start.get(partition) != at:
                self.violations.append(f"resumed at {start}, asked for {self._asked}")
        for partition, at in start.items():
            if partition not in self._stretch.positions and at != 0:
                self.violations.append(f"a new partition began at {at}")

    def _on_error(self, problem: dict[str, Any]) -> None:
        self.told.append(problem)
        if problem["type"] in {"cursor-expired", "cursor-ahead", "cursor-foreign"}:
            if self._stretch is not None:
                self._stretch.told = problem["type"]
            self._stretch = None
            self._anew = "now" if problem["type"] == "cursor-ahead" else "earliest"


def _text(positions: dict[int, int]) -> str:
    return ",".join(f"{partition}:{at}" for partition, at in sorted(positions.items()))
