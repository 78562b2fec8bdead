"""A subscriber for tests, on the websockets library: every frame as it came, and how it ended."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from contracts.frames import frames_in

Frame = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """A stream's end: the frames that were still to be read, and the close."""

    frames: list[Frame]
    code: int
    reason: str

    @property
    def problem(self) -> dict[str, Any]:
        """The problem of the last frame, which must be an error."""
        assert self.frames, f"closed {self.code} without a frame"
        assert self.frames[-1]["type"] == "error", self.frames[-1]
        found: dict[str, Any] = self.frames[-1]["problem"]
        return found

    @property
    def events(self) -> list[tuple[int, int]]:
        """Partition and offset of the events among the frames."""
        return [place(frame) for frame in self.frames if frame["type"] == "event"]


def place(frame: Frame) -> tuple[int, int]:
    """Partition and offset of an event frame."""
    return frame["partition"], frame["offset"]


@dataclass(slots=True)
class Stream:
    """One subscription. Reading waits `timeout_s` at most for each frame."""

    connection: ClientConnection
    timeout_s: float = 10.0
    texts: list[bytes] = field(default_factory=list)
    """Every text payload so far, as it came."""
    _taken_apart: deque[bytes] = field(default_factory=deque)

    async def next(self, *, timeout_s: float | None = None) -> Frame:
        """The next frame, whatever it is; one of several events is a frame for each."""
        if not self._taken_apart:
            text = await asyncio.wait_for(
                self.connection.recv(decode=False), timeout_s or self.timeout_s
            )
            assert isinstance(text, bytes)
            self.texts.append(text)
            self._taken_apart.extend(frames_in(text))
        frame: Frame = orjson.loads(self._taken_apart.popleft())
        return frame

    async def until(self, kind: str, *, timeout_s: float | None = None) -> list[Frame]:
        """All frames up to the first of `kind`, which is the last one."""
        frames = [await self.next(timeout_s=timeout_s)]
        while frames[-1]["type"] != kind:
            frames.append(await self.next(timeout_s=timeout_s))
        return frames

    async def hello(self) -> Frame:
        """The first frame, which must be ``hello``."""
        frame = await self.next()
        assert frame["type"] == "hello", frame
        return frame

    async def live(self) -> list[tuple[int, int]]:
        """Read on until ``live``; gives the places of the events before it."""
        return [place(f) for f in await self.until("live") if f["type"] == "event"]

    async def events(self, count: int, *, timeout_s: float | None = None) -> list[Frame]:
        """The next `count` events; other frames between them are passed over."""
        found: list[Frame] = []
        while len(found) < count:
            frame = await self.next(timeout_s=timeout_s)
            assert frame["type"] in {"hello", "event", "heartbeat", "live"}, frame
            if frame["type"] == "event":
                found.append(frame)
        return found

    async def places(self, count: int) -> list[tuple[int, int]]:
        """Partition and offset of the next `count` events."""
        return [place(frame) for frame in await self.events(count)]

    async def rest(self, *, timeout_s: float | None = None) -> Ended:
        """Read to the end, which must come."""
        frames: list[Frame] = []
        try:
            while True:
                frames.append(await self.next(timeout_s=timeout_s))
        except ConnectionClosed:
            code, reason = self.connection.close_code, self.connection.close_reason
            return Ended(frames, 1006 if code is None else code, reason or "")


@asynccontextmanager
async def subscribed(
    url: str, query: str = "", *, timeout_s: float = 10.0, **arguments: Any
) -> AsyncIterator[Stream]:
    """A stream from ``url?query``; closed at the end. `arguments` go to websockets' connect."""
    options: dict[str, Any] = {
        "compression": None,
        "max_size": None,
        "max_queue": None,
        "ping_interval": None,
        "proxy": None,
        "close_timeout": 2,
        **arguments,
    }
    async with connect(f"{url}?{query}" if query else url, **options) as connection:
        yield Stream(connection, timeout_s)


async def outcome(url: str, query: str = "", *, timeout_s: float = 10.0, **more: Any) -> Ended:
    """A stream that is expected to end: all its frames and its close."""
    async with subscribed(url, query, timeout_s=timeout_s, **more) as stream:
        return await stream.rest()
