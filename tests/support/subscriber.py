"""A checking subscriber: notes every offset it gets, in order, and every control frame.

It does not trust counts: what it got is judged against the oracle afterwards. With `resume` it
reconnects from its own cursor, as the protocol asks, and drops what it has had already.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import orjson

from contracts.cursor import parse_cursor
from support.wire import RawWebSocket, connect, places


@dataclass(slots=True)
class Notes:
    """What a subscriber saw."""

    got: dict[int, list[int]] = field(default_factory=dict)
    controls: list[dict[str, Any]] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    joined_s: float = 0.0
    live_s: float | None = None
    ended_s: float = 0.0
    repeated_after_resume: int = 0

    @property
    def live_share(self) -> float:
        """Share of its time after its ``live`` frame."""
        whole = self.ended_s - self.joined_s
        return 0.0 if self.live_s is None or whole <= 0 else (self.ended_s - self.live_s) / whole

    def hello(self) -> dict[str, Any]:
        """The first frame."""
        return next(frame for frame in self.controls if frame["type"] == "hello")

    def start(self) -> dict[int, int]:
        """The resolved start."""
        return dict(enumerate(parse_cursor(self.hello()["cursor"]).positions))

    def reached(self, ends: dict[int, int]) -> bool:
        """Whether its positions are at `ends` or beyond, by events and by cursors."""
        positions = self.positions()
        return all(positions.get(partition, 0) >= end for partition, end in ends.items())

    def positions(self) -> dict[int, int]:
        """Its cursor, by the protocol's rule."""
        carried = [frame["cursor"] for frame in self.controls if frame.get("cursor")]
        positions = dict(enumerate(parse_cursor(carried[-1]).positions)) if carried else {}
        for partition, offsets in self.got.items():
            if offsets:
                positions[partition] = max(positions.get(partition, 0), offsets[-1] + 1)
        return positions


class CheckingSubscriber:
    """One subscriber; `url` without parameters."""

    def __init__(self, url: str, parameters: str = "") -> None:
        self.url = url
        self.parameters = parameters
        self.notes = Notes()
        self.connection: RawWebSocket | None = None

    async def open(self) -> None:
        """Connect and begin to note."""
        query = f"?{self.parameters}" if self.parameters else ""
        self.notes.joined_s = self.notes.joined_s or time.monotonic()
        deflate = "batch=true" in self.parameters
        self.connection = await connect(self.url + query, self._on_text, deflate=deflate)

    async def closed(self) -> int:
        """Wait for the end; gives the close code."""
        assert self.connection is not None
        code = await self.connection.closed
        self.notes.codes.append(code)
        self.notes.ended_s = time.monotonic()
        return code

    async def close(self) -> None:
        """Leave."""
        assert self.connection is not None
        if not self.connection.closed.done():
            self.connection.close()
        async with asyncio.timeout(10):
            await self.closed()

    def cursor(self) -> str:
        """Where it stands, as ``since`` takes it."""
        positions = self.notes.positions()
        generation = self.notes.hello()["cursor"].partition("@")[2]
        pairs = ",".join(f"{partition}:{at}" for partition, at in sorted(positions.items()))
        return f"{pairs}@{generation}"

    def _on_text(self, payload: bytes) -> None:
        found = places(payload)
        if not found:
            frame = orjson.loads(payload)
            self.notes.controls.append(frame)
            if frame["type"] == "live" and self.notes.live_s is None:
                self.notes.live_s = time.monotonic()
            return
        for partition, offset in found:
            self._on_event(partition, offset)

    def _on_event(self, partition: int, offset: int) -> None:
        seen = self.notes.got.setdefault(partition, [])
        if len(self.notes.codes) and seen and offset <= seen[-1]:
            self.notes.repeated_after_resume += 1  # allowed after a cut; dropped, as clients do
            return
        seen.append(offset)
