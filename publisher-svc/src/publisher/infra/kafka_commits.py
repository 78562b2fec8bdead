"""The group's commits, for operators alone: members and lag show with Kafka's own tools.

Nothing ever starts from a committed offset, so a commit that fails is a log line and no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from chassis.logs import get_logger
from publisher.domain.plan import Positions

_log = get_logger("publisher.commits")


class KafkaCommits:
    """Commits `positions()` every `interval_s`, beside the polls and never two at once."""

    def __init__(
        self, positions: Callable[[], Positions], interval_s: float, clock: Callable[[], float]
    ) -> None:
        self._positions = positions
        self._interval_s = interval_s
        self._clock = clock
        self._last_s = 0.0
        self._running: asyncio.Task[None] | None = None

    def sometimes(self, consumer: AIOKafkaConsumer) -> None:
        """Begin a commit if one is due; does not wait for it."""
        now_s = self._clock()
        if now_s - self._last_s >= self._interval_s and self._running is None:
            self._last_s = now_s
            self._running = asyncio.ensure_future(self._commit(consumer))

    def stop(self) -> None:
        """Give up the commit that is under way: its consumer is going."""
        if self._running is not None:
            self._running.cancel()
            self._running = None

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        tips = self._positions()
        offsets = {
            tp: OffsetAndMetadata(tips[tp.partition], "")
            for tp in consumer.assignment()
            if tp.partition < len(tips)
        }
        try:
            if offsets:
                await consumer.commit(offsets)
        except (KafkaError, OSError) as error:
            _log.warning("the group's offsets were not committed", error=repr(error))
        finally:
            self._running = None
