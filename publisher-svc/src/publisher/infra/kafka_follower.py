"""The live consumer: its own group, all partitions, every record into the log's tail, in order.

It begins at the broker's end less a prefill, never at the committed offset: the subscribers of an
instance that was away have gone elsewhere. Commits are for operators, who see members and lag with
Kafka's own tools. Invariant: a page handed to the hub begins at its partition's tip, whatever the
group, the leaders or the connection do; where the log's own bounds have passed the tip by, that is
told (`Hub.overtaken`, `Hub.truncated`), never skipped in silence.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.errors import InvalidSessionTimeoutError, KafkaError, OffsetOutOfRangeError
from aiokafka.structs import TopicPartition

from chassis.ending import ended
from chassis.logs import BoundedLog, get_logger
from publisher.app.following import Following, Phase
from publisher.app.hub import Hub
from publisher.domain.errors import PublisherError, StuckConsumerError
from publisher.domain.incarnation import Incarnation
from publisher.domain.page import Page, build_page, frame_type
from publisher.infra.kafka_commits import KafkaCommits
from publisher.infra.kafka_connection import KafkaConnection, KafkaRefusedError
from publisher.infra.kafka_group import delete_group
from publisher.infra.kafka_membership import KafkaMembership
from publisher.infra.kafka_offsets import KafkaTopicOffsets
from publisher.infra.kafka_topic import TopicIdentity, describe_topic
from publisher.infra.kafka_trouble import trouble
from publisher.infra.records import event_type

_log = get_logger("publisher.follower")

_LEAVE_S = 1.5
"""For leaving the group, and again for deleting it: whoever stops a process waits 10 s at most."""


@dataclass(frozen=True, slots=True)
class FollowerSettings:
    """What the follower may use."""

    instance: str
    group: str
    ephemeral: bool
    """The group is deleted when the instance leaves: its name will not come back."""
    prefill: int = 10_000
    """Offsets before the end that are read into the tail at the start."""
    poll_records: int = 500
    poll_ms: int = 250
    coalesce_s: float = 0.0
    """A pause after each poll: fewer, larger blocks."""
    commit_s: float = 5.0
    session_ms: int = 6000
    stuck_s: float = 30.0
    """How long the consumer may answer nothing before it is started again."""
    retry_s: float = 0.5


class KafkaFollower(ConsumerRebalanceListener):
    """See the module. `run` returns only by cancellation or by an error that ends the process."""

    def __init__(
        self,
        arguments: dict[str, Any],
        connection: KafkaConnection,
        offsets: KafkaTopicOffsets,
        hub: Hub,
        following: Following,
        settings: FollowerSettings,
        clock: Callable[[], float],
    ) -> None:
        self._membership = KafkaMembership(
            arguments,
            settings.group,
            Incarnation(int(time.time() * 1000), secrets.token_hex(4), settings.instance),
            session_s=settings.session_ms / 1000,
            retry_s=settings.retry_s,
            clock=clock,
        )
        self._complain = BoundedLog(_log.warning, 10.0, clock)
        self._arguments = arguments
        self._connection = connection
        self._offsets = offsets
        self._hub = hub
        self._following = following
        self._settings = settings
        self._clock = clock
        self._consumer: AIOKafkaConsumer | None = None
        self._goal: tuple[int, ...] = ()
        self._recreated = False
        self._stuck = False
        self._lost: dict[int, int] = {}
        self._look_at_group = False
        self._checked_s = 0.0
        self._commits = KafkaCommits(lambda: hub.log.tips, settings.commit_s, clock)

    async def run(self) -> None:
        """Follow until cancelled.

        Raises:
            TwinInstanceError: the name is in use.
            PublisherError: the brokers refuse what the settings ask for.
        """
        while True:
            while not await self._prepared():  # noqa: ASYNC110 - Kafka tells nobody that it is back
                await asyncio.sleep(self._settings.retry_s)
            await self._follow()
            self._following.start_anew("the topic was recreated; the new one is not read yet")
            self._hub.recreated()
            self._hub.generation = ""  # no page that is still being loaded belongs to what follows
            await self._close_consumer()

    def topic_recreated(self) -> None:
        """The topic is another than it was: begin anew."""
        self._recreated = True

    def topic_missing(self, missing: bool) -> None:
        """Whether the topic, which was there, is not there now."""
        if missing:
            detail = f"the topic {self._connection.topic} was deleted; create it"
            self._following.enter(Phase.NO_TOPIC, detail)
        elif self._following.phase is Phase.NO_TOPIC:  # the same one: a broker did not know it
            self._following.enter(Phase.CATCHING_UP, "reading up to the end of the log")

    def log_lost(self, partition: int, end: int) -> None:
        """The broker has other events than were read, from `end` on: read them anew from there."""
        self._lost[partition] = end

    def stuck(self) -> None:
        """The log goes on and the tip stands still: start the consumer again."""
        self._stuck = True

    async def _follow(self) -> None:
        """Until the topic is recreated."""
        self._recreated = False
        self._lost.clear()
        while not self._recreated:
            try:
                await self._join()
                while not self._recreated:
                    await self._check_group()
                    await self._poll()
            except InvalidSessionTimeoutError as error:
                raise KafkaRefusedError(
                    f"the brokers do not allow a session of {self._settings.session_ms} ms; set "
                    "PUBLISHER_SESSION_MS between their group.min.session.timeout.ms and "
                    "group.max.session.timeout.ms"
                ) from error
            except (KafkaError, OSError, PublisherError) as error:
                if isinstance(error, PublisherError) and not error.retriable:
                    raise
                self._following.restarts += 1
                self._following.enter(*trouble(error))
                _log.warning("the live consumer failed; starting it again", error=repr(error))
                await self._close_consumer()
                await asyncio.sleep(self._settings.retry_s)

    async def close(self) -> None:
        """Leave the group; delete it if it is ephemeral."""
        await self._close_consumer()
        if self._settings.ephemeral:
            try:
                async with asyncio.timeout(_LEAVE_S):
                    await delete_group(self._arguments, self._settings.group)
            except (PublisherError, TimeoutError) as error:
                _log.warning("the ephemeral group stays behind", error=repr(error))

    # -- start ---------------------------------------------------------------------------------

    async def _prepared(self) -> bool:
        try:
            topic = await describe_topic(self._connection)
            if topic is None:
                name = self._connection.topic
                self._following.enter(Phase.NO_TOPIC, f"the topic {name} does not exist; create it")
                return False
            await self._begin(topic)
        except PublisherError as error:
            self._following.enter(*trouble(error))
            return False
        return True

    async def _begin(self, topic: TopicIdentity) -> None:
        bounds = await self._offsets.log_ends(topic.partitions)
        # Not the ends: what an open transaction holds back may take minutes, and is read then.
        stable = await self._offsets.stable_ends(topic.partitions)
        self._hub.log.clear()
        self._hub.generation = topic.generation
        self._goal = stable
        for low, end in zip(bounds.earliest, stable, strict=True):
            self._hub.add_partition(floor=low, tip=max(low, end - self._settings.prefill))

    async def _join(self) -> None:
        self._stuck = False
        await self._membership.wait_for_the_name(partial(self._following.enter, Phase.TWIN))
        self._following.enter(Phase.JOINING, "waiting for Kafka to assign the partitions")
        consumer = AIOKafkaConsumer(
            **self._arguments,
            client_id=self._membership.client_id,
            group_id=self._settings.group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            session_timeout_ms=self._settings.session_ms,
            heartbeat_interval_ms=self._settings.session_ms // 4,
            metadata_max_age_ms=5000,
            request_timeout_ms=10_000,
            fetch_max_wait_ms=500,
        )
        self._consumer = consumer
        async with asyncio.timeout(self._settings.stuck_s):
            await consumer.start()
        consumer.subscribe([self._connection.topic], listener=self)

    # -- the group -----------------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """A rebalance begins."""

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """Go on at our tips, whatever was committed."""
        consumer = self._consumer
        if consumer is None:
            return
        self._look_at_group = True  # a twin may have joined in the same moment
        partitions = {tp.partition for tp in assigned}
        for tp in assigned:
            while tp.partition >= self._hub.log.partitions:  # new ones begin where they begin
                self._hub.add_partition(floor=0, tip=0)
            consumer.seek(tp, self._hub.log.tips[tp.partition])
        missing = sorted(set(range(self._hub.log.partitions)) - partitions)
        if missing:
            self._following.enter(
                Phase.INCOMPLETE,
                f"Kafka assigned this instance no partition {missing[0]}: another process is in "
                f"the group {self._settings.group}; give each instance its own name",
            )
        else:
            self._following.enter(Phase.CATCHING_UP, "reading up to the end of the log")

    async def _check_group(self) -> None:
        """After every assignment, and while it is incomplete: leave if an elder is there."""
        now_s = self._clock()
        incomplete = self._following.phase is Phase.INCOMPLETE
        if not self._look_at_group and not (incomplete and now_s > self._checked_s + 1):
            return
        self._checked_s = now_s
        try:
            await self._membership.leave_to_an_elder()
        except PublisherError as error:
            if not error.retriable:
                raise
            return  # asked again at the next turn
        self._look_at_group = False

    # -- following -----------------------------------------------------------------------------

    async def _poll(self) -> None:
        consumer = self._consumer
        assert consumer is not None  # noqa: S101 - _join made it
        await self._read_anew()
        if self._stuck:
            detail = f"the log goes on, and nothing came for {self._settings.stuck_s:g} s"
            raise StuckConsumerError(detail, retriable=True)
        try:
            async with asyncio.timeout(self._settings.stuck_s):
                batches = await consumer.getmany(
                    timeout_ms=self._settings.poll_ms, max_records=self._settings.poll_records
                )
        except OffsetOutOfRangeError as error:
            await self._find_bounds(error.args[0])
            return
        self._following.polled_s = self._clock()
        pages = [self._page(tp.partition, records) for tp, records in batches.items() if records]
        pages += await self._passed_over(consumer, {page.partition for page in pages})
        if pages:
            self._following.answered()
            for _ in self._hub.broadcast(pages):
                await asyncio.sleep(0)
        self._note_phase()
        self._commits.sometimes(consumer)
        # getmany() does not give way while it has records buffered
        await asyncio.sleep(self._settings.coalesce_s if pages else 0)

    def _page(self, partition: int, records: list[Any]) -> Page:
        tip = self._hub.log.tips[partition]
        page = build_page(
            partition,
            tip,
            records[-1].offset + 1,
            [(r.offset, r.timestamp, r.key, r.value) for r in records],
            event_type,
        )
        if page.skipped:
            first = next(r.offset for r in records if frame_type(r.value, event_type) is None)
            self._complain(
                "records that are no events are skipped: something else writes to the topic",
                partition=partition,
                first_offset=first,
                records=page.skipped,
            )
        return page

    async def _passed_over(self, consumer: AIOKafkaConsumer, read: set[int]) -> list[Page]:
        """Pages of holes: what the consumer passed without a record (markers, aborted ones).

        Of the partitions that were not `read` in this poll: others may always have records.
        """
        pages = []
        for tp in consumer.assignment():
            if tp.partition >= self._hub.log.partitions or tp.partition in read:
                continue
            tip = self._hub.log.tips[tp.partition]
            position = await consumer.position(tp)
            if position > tip:
                pages.append(build_page(tp.partition, tip, position, (), event_type))
        return pages

    def _note_phase(self) -> None:
        if self._following.phase is Phase.CATCHING_UP and all(
            tip >= goal for tip, goal in zip(self._hub.log.tips, self._goal, strict=False)
        ):
            self._following.enter(Phase.FOLLOWING)
            _log.info("following", tips=self._hub.log.tips, generation=self._hub.generation)

    async def _find_bounds(self, out_of_range: dict[TopicPartition, int]) -> None:
        topic = await describe_topic(self._connection)
        if topic is None or topic.generation != self._hub.generation:
            self._recreated = topic is not None
            return
        bounds = await self._offsets.log_ends(self._hub.log.partitions)
        for tp in out_of_range:
            partition, tip = tp.partition, self._hub.log.tips[tp.partition]
            low, end = bounds.earliest[partition], bounds.ends[partition]
            if tip < low:
                _log.error("retention overtook this instance", partition=partition, earliest=low)
                self._hub.overtaken(partition, low)
            elif tip > end:
                _log.error("the log lost its end", partition=partition, tip=tip, end=end)
                self._hub.truncated(partition, floor=low, end=end)
            if self._consumer is not None:
                self._consumer.seek(tp, self._hub.log.tips[partition])

    async def _read_anew(self) -> None:
        """Of partitions whose end was lost and written anew: between two polls, never in one."""
        if not self._lost:
            return
        bounds = await self._offsets.log_ends(self._hub.log.partitions)
        while self._lost:
            partition, end = self._lost.popitem()
            tip = self._hub.log.tips[partition]
            if end >= tip:
                continue  # the consumer has seen it too
            _log.error("the log lost its end and was written anew", partition=partition, end=end)
            self._hub.truncated(partition, floor=bounds.earliest[partition], end=end)
            if self._consumer is not None:
                for tp in self._consumer.assignment():
                    if tp.partition == partition:
                        self._consumer.seek(tp, end)

    async def _close_consumer(self) -> None:
        consumer, self._consumer = self._consumer, None
        self._commits.stop()
        if consumer is not None:
            stopping = asyncio.ensure_future(consumer.stop())  # which may fail, or never end
            await ended([stopping], 2 * _LEAVE_S, cancel_after_s=_LEAVE_S)
