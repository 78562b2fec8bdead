"""The only writer of a benchmark's topic: events whose number is their offset.

Invariant: every record that it has written stands at the offset that its bytes name, or `FeedError`
is raised: the load client's checks rest on that.
"""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaProducer

from bench.load.events import event_template, made, stamp_ns

_IN_FLIGHT = 20_000


class FeedError(Exception):
    """A record is not where it should be: nothing measured on this topic means anything."""


class Feed:
    """See the module. An async context manager."""

    def __init__(
        self, bootstrap: str, topic: str, partitions: int = 1, template: bytes | None = None
    ) -> None:
        self.template = template or event_template()
        self.ends = [0] * partitions
        self._topic = topic
        self._make = made(self.template)
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, enable_idempotence=True, max_batch_size=1 << 17
        )

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._producer.stop()

    async def burst(self, events: int) -> None:
        """So many to each partition, as fast as Kafka takes them."""
        sent: list[asyncio.Future[object]] = []
        for _ in range(events):
            sent.extend([await self._send(partition) for partition in range(len(self.ends))])
            if len(sent) >= _IN_FLIGHT:
                await self._settle(sent)
                sent = []
        await self._settle(sent)

    async def paced(self, rate: int, seconds: float) -> None:
        """`rate` events a second, evenly, for `seconds`; stamped when they are handed over."""
        events = int(rate * seconds)
        begun_s = time.monotonic()
        sent: list[asyncio.Future[object]] = []
        for number in range(events):
            ahead_s = begun_s + number / rate - time.monotonic()
            if ahead_s > 0:
                await asyncio.sleep(ahead_s)
            sent.append(await self._send(number % len(self.ends)))
        await self._settle(sent)

    async def _send(self, partition: int) -> asyncio.Future[object]:
        number = self.ends[partition]
        self.ends[partition] = number + 1
        event = self._make(partition, number, stamp_ns())
        future: asyncio.Future[object] = await self._producer.send(
            self._topic, event, partition=partition
        )
        return future

    async def _settle(self, sent: list[asyncio.Future[object]]) -> None:
        if not sent:
            return
        await asyncio.gather(*sent)
        for future in sent[-len(self.ends) :]:
            stored = future.result()
            partition, offset = stored.partition, stored.offset  # type: ignore[attr-defined]
            if offset >= self.ends[partition]:
                raise FeedError(f"{stored} is beyond what was written")
        last = sent[-1].result()
        if last.offset != self.ends[last.partition] - 1:  # type: ignore[attr-defined]
            raise FeedError(f"{last} should be the last of its partition")
