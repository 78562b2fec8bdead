"""The load: a producer that goes on through anything, and tries again what it does not know of.

It keeps what it was told about every event, per try. Invariant of its notes: an id is in `acked`
with the place of its last ack, in `unavailable` only if no try of it may be stored, in `unknown`
if any try of it may be stored without an ack.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

import orjson

from support.producer import BASIC
from support.wire import HandshakeRefusedError, RawWebSocket, connect

Place = tuple[int, int]
"""Partition and offset."""

KINDS = ("message.posted", "sensor.reading")
_MAX_TRIES = 4


@dataclass(slots=True)
class Told:
    """What the listener said, by event id."""

    tries: dict[str, int] = field(default_factory=dict)
    acked: dict[str, list[Place]] = field(default_factory=dict)
    """Every ack of an id; two only if it was tried again."""
    unavailable: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    """Anything else: must stay empty."""

    @property
    def sent(self) -> int:
        """Events, not tries."""
        return len(self.tries)

    def never_stored(self) -> set[str]:
        """Ids of which every try was said not to be stored."""
        return self.unavailable - self.unknown - self.acked.keys()


class Load:
    """Sends `rate` events a second to `url` until stopped."""

    def __init__(
        self, url: str, name: str, *, rate: float, size_bytes: int = 400, all_keyed: bool = False
    ) -> None:
        self.told = Told()
        self.rate = rate
        self._url = url
        self._name = name
        self._all_keyed = all_keyed
        self._text = "x" * size_bytes
        self._number = 0
        self._again: list[str] = []
        self._refs: dict[int, str] = {}
        self._ref = 0
        self._stopping = False
        self._paused = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Send nothing new; wait until everything is answered or given up."""
        self._stopping = True
        if self._task is not None:
            await self._task

    async def pause(self, timeout_s: float = 30) -> None:
        """Send nothing until `go_on`; returns when nothing is outstanding."""
        self._paused = True
        async with asyncio.timeout(timeout_s):
            while self._refs or self._again:
                await asyncio.sleep(0.02)

    def go_on(self) -> None:
        """Send again."""
        self._paused = False

    def abandon(self) -> None:
        """Stop at once, whatever is outstanding."""
        if self._task is not None:
            self._task.cancel()

    def sent_number(self) -> int:
        """How many events it has made so far."""
        return self._number

    def ack_after(self, number: int) -> Place | None:
        """Where an event that was made after `number` others is stored, if one is."""
        for each in range(self._number - 1, number, -1):
            if places := self.told.acked.get(f"{self._name}-{each}"):
                return places[-1]
        return None

    async def _run(self) -> None:
        while not self._stopping or self._again:
            try:
                async with asyncio.timeout(5):
                    connection = await connect(self._url, self._on_text, headers=BASIC)
            except (OSError, TimeoutError, HandshakeRefusedError):
                await asyncio.sleep(0.1)
                continue
            self._refs.clear()
            self._ref = 0
            await self._use(connection)
            for name in self._refs.values():  # cut before they were answered
                self._not_known(name)
            self._refs.clear()

    async def _use(self, connection: RawWebSocket) -> None:
        loop = asyncio.get_running_loop()
        due, last_s = 0.0, loop.time()
        while not connection.closed.done():
            now_s = loop.time()
            due = min(due + (now_s - last_s) * self.rate, self.rate)
            last_s = now_s
            while self._again and len(self._refs) < 2000:
                self._send(connection, self._again.pop())
            if self._stopping and not self._refs:
                break
            if self._paused or self._stopping:
                due = 0.0
            for _ in range(int(due)):
                self._send(connection, f"{self._name}-{self._number}")
                self._number += 1
            due -= int(due)
            await asyncio.sleep(0.01)
        if not connection.closed.done():
            connection.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(connection.closed), 5)
            connection.transport.abort()

    def _send(self, connection: RawWebSocket, name: str) -> None:
        self.told.tries[name] = self.told.tries.get(name, 0) + 1
        self._refs[self._ref] = name
        self._ref += 1
        connection.send(event(name, self._text, keyed=self._all_keyed))

    def _on_text(self, payload: bytes) -> None:
        answer: dict[str, Any] = orjson.loads(payload)
        name = self._refs.pop(answer.get("ref", -1), None)
        if name is None:
            return
        if answer["type"] == "ack":
            self.told.acked.setdefault(name, []).append((answer["partition"], answer["offset"]))
            return
        problem = answer["problem"]["type"]
        if problem == "outcome-unknown":
            self._not_known(name)
        elif problem == "unavailable":
            self.told.unavailable.add(name)
        else:
            self.told.refused[name] = problem

    def _not_known(self, name: str) -> None:
        self.told.unknown.add(name)
        if self.told.tries[name] < _MAX_TRIES:
            self._again.append(name)


def kind_of(name: str) -> str:
    """The type of an event, by its id."""
    return KINDS[int(name.rpartition("-")[2]) % 2] if name[-1:].isdigit() else ""


def event(name: str, text: str, *, keyed: bool = False) -> bytes:
    """An event that says by its id of which type it is; some have a key of their own, or all."""
    kind = kind_of(name)
    data: dict[str, Any] = {"text": text}
    if kind == "sensor.reading":
        data = {"sensor": "hall-7.temperature", "value": 1, "unit": "Cel"}
        data["measured_at"] = "2026-11-22T10:15:00Z"
    key = {"partitionkey": name} if keyed or name.endswith(("0", "3", "7")) else {}
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": name,
            "source": "/tests/chaos",
            "type": kind,
            "data": data,
            **key,
        }
    )
