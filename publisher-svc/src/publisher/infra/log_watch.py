"""Watches the broker's side of the log: its start, its generation, its number of partitions.

What Kafka no longer retains is soon no longer served from memory either. Failures are the
follower's to report; this only tries again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chassis.logs import get_logger
from publisher.app.hub import Hub
from publisher.domain.errors import PublisherError
from publisher.infra.kafka_connection import KafkaConnection
from publisher.infra.kafka_offsets import KafkaTopicOffsets
from publisher.infra.kafka_topic import describe_topic

_log = get_logger("publisher.log_watch")


class LogWatch:
    """See the module. `recreated` is called while the topic is another than it was.

    `missing` is called at every other look, with whether there is no such topic.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        offsets: KafkaTopicOffsets,
        hub: Hub,
        *,
        interval_s: float,
        recreated: Callable[[], None],
        missing: Callable[[bool], None],
    ) -> None:
        self._connection = connection
        self._offsets = offsets
        self._hub = hub
        self._interval_s = interval_s
        self._recreated = recreated
        self._missing = missing

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await asyncio.sleep(self._interval_s)
            if self._hub.log.partitions == 0:
                continue
            try:
                await self._look()
            except PublisherError:
                continue

    async def _look(self) -> None:
        topic = await describe_topic(self._connection)
        if topic is not None and topic.generation != self._hub.generation:
            _log.error("the topic was recreated", was=self._hub.generation, now=topic.generation)
            self._recreated()
            return
        self._missing(topic is None)
        if topic is None:
            return
        bounds = await self._offsets.log_ends(self._hub.log.partitions)
        for partition, earliest in enumerate(bounds.earliest):
            self._hub.expire(partition, earliest)
