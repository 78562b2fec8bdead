"""Keepalive pings of all WebSockets from one timer, instead of two timers a connection.

A connection has one of `SLOTS` slots, so that pings spread over the interval; those of a slot share
the ping's bytes. Who has not answered when the timeout is over is given up, as uvicorn does it; but
not while its socket is left unread here, unless because it takes nothing itself.
Invariant: a ping is written only to a connection that is open, and no second one while the first is
unanswered.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import Any, Protocol

SLOTS = 64
CHUNK = 256
"""Pings that are written at once: those of a slot are many when many came together."""


class Pinged(Protocol):
    """A connection as the sweep sees it: uvicorn's protocol object."""

    transport: Any
    close_sent: bool
    pending_ping_payload: bytes | None
    """Set by a ping, taken back by its answer."""
    ping_sent_at: float
    read_paused: bool
    """Its socket is left unread here, and an answer may be waiting in it."""

    def write_ping(self, frame: bytes) -> None:
        """Write it to the transport."""

    def keepalive_timeout(self) -> None:
        """The peer did not answer."""


class PingSweep:
    """See the module. It runs while it has somebody to ping."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, interval_s: float, timeout_s: float | None
    ) -> None:
        self._loop = loop
        self._tick_s = interval_s / SLOTS
        self._timeout_s = timeout_s
        self._slots: list[set[Pinged]] = [set() for _ in range(SLOTS)]
        self._slot_of: dict[Pinged, set[Pinged]] = {}
        self._slot = 0
        self._running = False

    def __len__(self) -> int:
        """How many connections it pings."""
        return len(self._slot_of)

    def add(self, connection: Pinged) -> None:
        """A connection is open: its first ping comes an interval from now."""
        slot = self._slots[self._slot]
        slot.add(connection)
        self._slot_of[connection] = slot
        if not self._running:
            self._running = True
            self._loop.call_later(self._tick_s, self._tick)

    def discard(self, connection: Pinged) -> None:
        """It ends, if it was here."""
        slot = self._slot_of.pop(connection, None)
        if slot is not None:
            slot.discard(connection)

    def _tick(self) -> None:
        self._running = bool(self._slot_of)
        if not self._running:
            return
        self._loop.call_later(self._tick_s, self._tick)
        self._slot = (self._slot + 1) % SLOTS
        if self._slots[self._slot]:
            self._ping(list(self._slots[self._slot]))

    def _ping(self, connections: Sequence[Pinged]) -> None:
        payload = secrets.token_bytes(4)  # that nobody can answer before it was sent
        frame, now_s = b"\x89\x04" + payload, self._loop.time()
        pinged = []
        for each in connections[:CHUNK]:
            idle = each.pending_ping_payload is None
            if idle and not each.close_sent and not each.transport.is_closing():
                each.pending_ping_payload, each.ping_sent_at = payload, now_s
                each.write_ping(frame)
                pinged.append((each, each.transport.get_write_buffer_size()))
        if len(connections) > CHUNK:
            self._loop.call_soon(self._ping, connections[CHUNK:])
        if self._timeout_s is not None and pinged:
            self._loop.call_later(self._timeout_s, self._give_up, pinged, payload)

    @staticmethod
    def _give_up(pinged: list[tuple[Pinged, int]], payload: bytes) -> None:
        for each, unsent_bytes in pinged:
            if each.pending_ping_payload != payload:
                continue
            left_bytes = each.transport.get_write_buffer_size()
            if each.read_paused and not left_bytes >= unsent_bytes > 0:
                each.pending_ping_payload = None  # not known; it is asked again
            else:
                each.keepalive_timeout()
