"""Where the broker's log begins and ends, and which offset a time has (ListOffsets).

Ends are high watermarks: asked for without isolation. Lookups are coalesced: whoever asks while one
is under way shares the next, never the current one, whose answer may be older than the question. A
reconnect storm so costs the broker one request at a time.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict

from aiokafka.protocol.offset import OffsetRequest

from publisher.app.ports import LogEnds
from publisher.domain.plan import OffsetsByTime, Positions
from publisher.infra.kafka_connection import KafkaConnection

_EARLIEST, _LATEST = -2, -1
_UNKNOWN = -1
_READ_UNCOMMITTED, _READ_COMMITTED = 0, 1


class KafkaTopicOffsets:
    """See the module."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection
        self._current: asyncio.Task[LogEnds] | None = None
        self._next: asyncio.Task[LogEnds] | None = None
        self._partitions = 0
        self.requests = 0
        """Lookups of bounds sent so far."""

    async def log_ends(self, partitions: int) -> LogEnds:
        """See `publisher.app.ports.TopicOffsets`."""
        self._partitions = max(self._partitions, partitions)  # of all who share the lookup
        if self._next is None:
            self._next = asyncio.ensure_future(self._after(self._current))
        found = await asyncio.shield(self._next)
        return LogEnds(found.earliest[:partitions], found.ends[:partitions])

    async def offsets_for_times(self, partitions: int, times_ms: tuple[int, ...]) -> OffsetsByTime:
        """See `publisher.app.ports.TopicOffsets`."""
        return {
            ms: tuple([None if at == _UNKNOWN else at for at in await self._list(partitions, ms)])
            for ms in times_ms
        }

    async def stable_ends(self, partitions: int) -> Positions:
        """The last stable offsets: where an open transaction begins, else the ends."""
        return tuple(await self._list(partitions, _LATEST, _READ_COMMITTED))

    async def _after(self, current: asyncio.Task[LogEnds] | None) -> LogEnds:
        if current is not None:
            await asyncio.wait([current])
        self._current, self._next = self._next, None
        partitions, self._partitions = self._partitions, 0
        self.requests += 1
        earliest, ends = await asyncio.gather(
            self._list(partitions, _EARLIEST), self._list(partitions, _LATEST)
        )
        return LogEnds(tuple(earliest), tuple(ends))

    async def _list(
        self, partitions: int, timestamp: int, isolation: int = _READ_UNCOMMITTED
    ) -> list[int]:
        offsets = [0] * partitions
        led = await self._connection.leaders(partitions)
        for node, theirs in led.items():
            wanted = defaultdict(list, {self._connection.topic: [(p, timestamp) for p in theirs]})
            request = OffsetRequest(-1, isolation, list(wanted.items()))
            response = await self._connection.send(node, request)
            for _, answers in response.topics:
                for partition, error_code, _, offset in answers:
                    self._connection.check(error_code)
                    offsets[partition] = offset
        return offsets
