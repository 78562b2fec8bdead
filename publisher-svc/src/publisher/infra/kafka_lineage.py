"""Is what was read live still what Kafka has? Asked when a partition's leader epoch has changed.

A log that lost its end and grew again beyond the tip looks whole by its bounds. What was read under
the epoch before is there up to that epoch's end; what was read since the last look may belong to
either epoch, so it is compared with what the broker gives now.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from publisher.app.ports import PageReader
from publisher.domain.cache import BLOCK, block_of
from publisher.domain.lineage import Lineage, lost_from
from publisher.domain.log import Log, Miss
from publisher.domain.plan import Positions
from publisher.infra.kafka_connection import KafkaConnection
from publisher.infra.kafka_epochs import epoch_ends
from publisher.infra.kafka_offsets import KafkaTopicOffsets
from publisher.infra.kafka_topic import TopicIdentity


class KafkaLineage:
    """See the module. `reader` is its own: nobody else loads with it."""

    def __init__(
        self, connection: KafkaConnection, offsets: KafkaTopicOffsets, reader: PageReader, log: Log
    ) -> None:
        self._connection = connection
        self._offsets = offsets
        self._reader = reader
        self._log = log
        self._lineage = Lineage()
        self._generation = ""

    async def lost(self, topic: TopicIdentity, tips: Positions) -> AsyncIterator[tuple[int, int]]:
        """Partitions, and from where on the broker has other events there than were read live.

        `tips` are from before `topic` was asked for. A partition is asked about again until
        the answer is known; what is known of one does not wait for the others.

        Raises:
            PublisherError: the broker cannot be asked now.
        """
        if topic.generation != self._generation:
            self._lineage.clear()
            self._generation = topic.generation
        changed = self._lineage.look(topic.epochs, tips)
        if not changed:
            return
        epochs = {partition: reading.epoch for partition, reading in changed.items()}
        ends = await epoch_ends(self._connection, epochs, topic.epochs)
        stable = await self._offsets.stable_ends(max(changed) + 1)
        for partition, reading in changed.items():
            end, tip = ends.get(partition, -1), self._log.tips[partition]
            if end < 0:  # it knows no such epoch: that proves nothing, so all is compared
                end, lost = self._log.floors[partition], None
            else:
                lost = lost_from(reading, end, tip)
            if lost is None:
                lost = await self._first_difference(partition, end, min(tip, stable[partition]))
            if lost is not None:
                tip = lost
                yield partition, lost
            self._lineage.settle(partition, topic.epochs[partition], tip)

    async def _first_difference(self, partition: int, start: int, stop: int) -> int | None:
        at = max(start, self._log.tail_first(partition))
        while at < stop:
            end = min(block_of(at) + BLOCK, stop)
            loaded = await self._reader.load(Miss(partition, at, end, stop))
            differs = self._log.differs_at(loaded.page)
            if differs is not None or loaded.page.next <= at:
                return differs
            at = loaded.page.next
        return None
