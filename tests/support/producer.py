"""A steady producer through the listener: records every ack, nack and event without an answer."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import orjson

from support.wire import HandshakeRefusedError, RawWebSocket, connect

BASIC = {"Authorization": "Basic dXNlcjpwd2Q="}


@dataclass(slots=True)
class Answers:
    """What the listener said, by event id."""

    sent: list[str] = field(default_factory=list)
    acked: dict[str, tuple[int, int]] = field(default_factory=dict)
    nacked: dict[str, str] = field(default_factory=dict)

    @property
    def unanswered(self) -> set[str]:
        """Sent, and neither acked nor nacked: their outcome is unknown to the producer."""
        return set(self.sent) - set(self.acked) - set(self.nacked)

    @property
    def unknown(self) -> set[str]:
        """Events that may be stored although nobody said so."""
        told = {name for name, problem in self.nacked.items() if problem == "outcome-unknown"}
        return told | self.unanswered


class SteadyProducer:
    """Sends `rate` events a second until stopped; reconnects when the connection is cut."""

    def __init__(
        self, url: str, name: str = "p", *, rate: int = 2000, size_bytes: int = 200
    ) -> None:
        self._url = url
        self._name = name
        self._rate = rate
        self._padding = "x" * size_bytes
        self._by_ref: dict[int, str] = {}
        self._ref = 0
        self._stopping = False
        self.answers = Answers()

    def stop(self) -> None:
        """Send no more."""
        self._stopping = True

    async def run(self, *, seconds: float | None = None) -> Answers:
        """Produce for `seconds`, or until stopped; then wait for outstanding answers."""
        ends_s = None if seconds is None else time.monotonic() + seconds
        while not self._stopping and (ends_s is None or time.monotonic() < ends_s):
            try:
                connection = await connect(self._url, self._on_text, headers=BASIC)
            except (OSError, HandshakeRefusedError):
                await asyncio.sleep(0.1)
                continue
            self._by_ref.clear()
            self._ref = 0
            await self._send(connection, ends_s)
            await self._settle(connection)
        return self.answers

    async def _send(self, connection: RawWebSocket, ends_s: float | None) -> None:
        """Evenly, in ticks of 10 ms."""
        due, last_s = 0.0, time.monotonic()
        while not self._stopping and not connection.closed.done():
            now_s = time.monotonic()
            if ends_s is not None and now_s >= ends_s:
                return
            due += (now_s - last_s) * self._rate
            last_s = now_s
            for _ in range(int(due)):
                connection.send(self._event())
            due -= int(due)
            await asyncio.sleep(0.01)

    async def _settle(self, connection: RawWebSocket) -> None:
        deadline_s = time.monotonic() + 40
        while self._by_ref and time.monotonic() < deadline_s:
            await asyncio.sleep(0.02)
            if connection.closed.done():
                break
        if not connection.closed.done():
            connection.close()
            await asyncio.wait([connection.closed], timeout=5)

    def _event(self) -> bytes:
        name = f"{self._name}-{len(self.answers.sent)}"
        self.answers.sent.append(name)
        self._by_ref[self._ref] = name
        self._ref += 1
        return orjson.dumps(
            {
                "specversion": "1.0",
                "id": name,
                "source": "/tests/steady",
                "type": "message.posted",
                "data": {"text": self._padding},
            }
        )

    def _on_text(self, payload: bytes) -> None:
        answer: dict[str, Any] = orjson.loads(payload)
        name = self._by_ref.pop(answer.get("ref", -1), None)
        if name is None:
            return
        if answer["type"] == "ack":
            self.answers.acked[name] = (answer["partition"], answer["offset"])
        else:
            self.answers.nacked[name] = answer["problem"]["type"]
