"""Watches the broker's side of the log: its start, its generation, and whether we follow its end.

What Kafka no longer retains is soon no longer served from memory either. A Kafka that does not
answer, and a consumer that stands still while the log goes on, show here first: the consumer itself
polls on and sees nothing. Both are noted for readiness; the second is told to the follower.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from chassis.logs import get_logger
from publisher.app.following import Following, Phase
from publisher.app.hub import Hub
from publisher.domain.errors import PublisherError, StuckConsumerError
from publisher.domain.plan import Positions
from publisher.domain.progress import Progress, Verdict
from publisher.infra.kafka_connection import KafkaConnection
from publisher.infra.kafka_lineage import KafkaLineage
from publisher.infra.kafka_offsets import KafkaTopicOffsets
from publisher.infra.kafka_topic import describe_topic

_log = get_logger("publisher.log_watch")

_FAILURES = 2
"""Looks in a row that got no answer: one may be a leader's change."""


_JUDGED = {Phase.JOINING, Phase.CATCHING_UP, Phase.FOLLOWING}
"""In the others the follower knows what it waits for."""


class Follows(Protocol):
    """What is told of the topic and of its own standstill: the follower."""

    def topic_recreated(self) -> None:
        """Called while the topic is another than it was."""

    def topic_missing(self, missing: bool) -> None:
        """Called at every other look, with whether there is no such topic."""

    def log_lost(self, partition: int, end: int) -> None:
        """The broker has other events than were read, from `end` on."""

    def stuck(self) -> None:
        """The log goes on and the tip stands still: start the consumer again."""


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """How often it looks, and how long the tip may stand still while the log goes on."""

    interval_s: float
    stuck_s: float


class LogWatch:
    """See the module."""

    def __init__(
        self,
        connection: KafkaConnection,
        offsets: KafkaTopicOffsets,
        lineage: KafkaLineage,
        hub: Hub,
        following: Following,
        follower: Follows,
        settings: WatchSettings,
    ) -> None:
        self._connection = connection
        self._offsets = offsets
        self._lineage = lineage
        self._hub = hub
        self._following = following
        self._follower = follower
        self._interval_s = settings.interval_s
        self._progress = Progress(max(settings.stuck_s, 4 * settings.interval_s))
        self._failures = 0

    async def run(self) -> None:
        """Watch until cancelled.

        Raises:
            StuckConsumerError: starting the live consumer again does not help.
        """
        while True:
            await asyncio.sleep(self._interval_s)
            if self._hub.log.partitions == 0:
                continue
            try:
                await self._look()
            except StuckConsumerError:
                raise
            except PublisherError as error:
                self._progress.unknown(asyncio.get_running_loop().time())
                self._failures += 1
                if self._failures >= _FAILURES:
                    self._following.trouble = (
                        Phase.NO_BROKER.value,
                        f"Kafka does not answer: {error}",
                    )
                continue
            self._failures = 0

    async def _look(self) -> None:
        tips = self._hub.log.tips
        topic = await describe_topic(self._connection)
        if topic is not None and topic.generation != self._hub.generation:
            _log.error("the topic was recreated", was=self._hub.generation, now=topic.generation)
            self._follower.topic_recreated()
            return
        self._follower.topic_missing(topic is None)
        if topic is None:
            return
        async for partition, end in self._lineage.lost(topic, tips):
            self._follower.log_lost(partition, end)
        bounds = await self._offsets.log_ends(self._hub.log.partitions)
        for partition, earliest in enumerate(bounds.earliest):
            self._hub.expire(partition, earliest)
        await self._judge(bounds.ends)

    async def _judge(self, ends: Positions) -> None:
        """Are we getting on? A transaction may hold ends back: then ask for the stable ones."""
        if self._following.phase not in _JUDGED:
            self._progress.unknown(asyncio.get_running_loop().time())
            return
        if any(tip < end for tip, end in zip(self._hub.log.tips, ends, strict=False)):
            ends = await self._offsets.stable_ends(len(ends))
        tips, now_s = self._hub.log.tips[: len(ends)], asyncio.get_running_loop().time()
        verdict = self._progress.look(tips, ends, now_s, self._following.restarts)
        if verdict is Verdict.FINE:
            self._following.trouble = None
        elif verdict is Verdict.WAITING and self._is_away():
            self._following.trouble = None  # it answers again
        elif verdict is Verdict.STUCK:
            detail = "the log goes on, and the live consumer gets nothing; it is started again"
            self._following.trouble = (Phase.STUCK.value, detail)
            _log.error("the live consumer is stuck", tips=self._hub.log.tips, ends=ends)
            self._follower.stuck()
        elif verdict is Verdict.HOPELESS:
            raise StuckConsumerError(
                "the log goes on, the live consumer gets nothing, and starting it again did not "
                "help; this process ends so that whoever runs it starts another",
                retriable=False,
            )

    def _is_away(self) -> bool:
        trouble = self._following.trouble
        return trouble is not None and trouble[0] == Phase.NO_BROKER.value
