"""The end of a connection, bounded: whoever takes nothing more of what is left is dropped.

`transport.close` alone waits for ever for a peer that does not read, and nobody would know of the
connection any more. A peer that takes a byte now and then is waited for.
"""

from __future__ import annotations

import asyncio


class Linger:
    """Watches a transport's buffer from `begin` on; `limit_s` without a byte taken ends it."""

    __slots__ = ("_limit_s", "_loop", "_timer", "_transport")

    def __init__(self, loop: asyncio.AbstractEventLoop, limit_s: float) -> None:
        self._loop = loop
        self._limit_s = limit_s
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, transport: asyncio.Transport) -> None:
        """The end has begun."""
        if self._transport is None:
            self._transport = transport
            self._timer = self._loop.call_later(self._limit_s, self._look, transport, None)

    def over(self) -> None:
        """The connection is gone."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self, transport: asyncio.Transport, before_bytes: int | None) -> None:
        left_bytes = transport.get_write_buffer_size()
        if left_bytes and before_bytes is not None and left_bytes >= before_bytes:
            transport.abort()
            return
        self._timer = self._loop.call_later(self._limit_s, self._look, transport, left_bytes)
