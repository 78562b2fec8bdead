"""The event log that the listener appends to: one Kafka topic (the adapter of `EventLog`).

`append` never blocks and never loses track: every event gets one answer through its ticket, in
bounded time, whatever Kafka does. Invariants: the bytes in waiting are bounded; an event is refused
as ``unavailable`` only while it certainly was not stored (see `kafka_lane`). Does not create the
topic, judge events or know connections.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from aiokafka.partitioner import murmur2

from chassis.logs import BoundedLog, get_logger
from chassis.probes import NotReady
from contracts.problem import Problem
from listener.domain.delivery import FULL, STOPPING, WAITED_TOO_LONG, unreachable
from listener.domain.outbox import Waiting
from listener.domain.placement import Placement
from listener.domain.record import Record
from listener.domain.retry_window import RetryWindow
from listener.domain.ticket import Ticket
from listener.infra.kafka_lane import Identities, KafkaLane
from listener.infra.kafka_link import KafkaLink, LinkTimes
from listener.infra.kafka_producer import KafkaProducer

_log = get_logger("listener.kafka")

_SAY_EVERY_S = 5.0
"""How often a line of one kind is logged at most."""

_new = tuple.__new__
"""For what is made for every event."""

_HELD_BYTES = 640
"""What an event in flight holds in memory beside its record's bytes, as measured: headers,
identity, ticket, and their objects."""

_SWEEP_S = 0.2
"""How often waiting events are looked at for their deadline."""


@dataclass(frozen=True, slots=True)
class LogLimits:
    """Bounds, all settings."""

    pending_bytes: int = 64 << 20
    """Memory of events without an answer. At three quarters of it sockets are read no more."""
    batch_bytes: int = 256 << 10
    queue_timeout_s: float = 10.0
    """How long an event may wait to be handed to Kafka before it is refused as unavailable."""
    delivery_timeout_s: float = 30.0
    """How long Kafka may take for a batch before its events are answered as unknown."""


class LateOutcomes(Protocol):
    """Who hears what became of batches that had been answered as unknown."""

    def late(self, *, stored: bool) -> None:
        """One batch was stored after all, or failed."""


class KafkaEventLog:
    """Start it, append to it, drain it, stop it."""

    def __init__(
        self,
        topic: str,
        arguments: dict[str, Any],
        limits: LogLimits,
        times: LinkTimes,
        clock: Callable[[], float],
        late_outcomes: LateOutcomes,
        retries: RetryWindow | None = None,
    ) -> None:
        """`retries` None: every event is stored, whatever came before it."""
        self._retries = retries
        self._limits = limits
        self._clock = clock
        self._late = late_outcomes
        self._say = BoundedLog(_log.warning, _SAY_EVERY_S, clock)
        self._placement = Placement(murmur2)
        self._lanes: dict[int, KafkaLane] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._link = KafkaLink(topic, arguments, times, clock, self._look)
        self.has_room = True
        """Whether more events should be read from producers."""
        self._room = asyncio.Event()
        self._room.set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False
        self.pending_events = 0
        self.pending_bytes = 0

    # -- EventLog

    def append(self, record: Record, ticket: Ticket) -> None:
        """Take an event to be stored; `ticket` is answered now or later, exactly once."""
        placement, identity = self._placement, record.identity
        if (
            identity is not None
            and self._retries is not None
            and not self._retries.take(identity, ticket)
        ):
            return
        if self._stopping:
            self._refuse(record, ticket, STOPPING)
        elif not placement.known:
            self._refuse(record, ticket, unreachable(self._why()))
        elif self.pending_bytes + record.size_bytes + _HELD_BYTES > self._limits.pending_bytes:
            self._refuse(record, ticket, FULL)
        elif self._link.down_since is not None and self._given_up():
            self._refuse(record, ticket, unreachable(self._why()))
        else:
            if not self.pending_events:
                self._idle.clear()
            self.pending_events += 1
            self.pending_bytes += record.size_bytes + _HELD_BYTES
            if self.has_room and self.pending_bytes * 4 > self._limits.pending_bytes * 3:
                self.has_room = False
                self._room.clear()
            deadline = self._clock() + self._limits.queue_timeout_s
            waiting = _new(Waiting, (record, ticket, deadline))
            self._lanes[placement.partition_of(record.key)].put(waiting)

    async def wait_for_room(self) -> None:
        """Until `has_room`; bounded, because every waiting event is answered in bounded time."""
        await self._room.wait()

    # -- Bookkeeper, for the lanes

    def left(self, events: int, size_bytes: int) -> None:
        """That much was answered."""
        self.pending_events -= events
        self.pending_bytes -= size_bytes + events * _HELD_BYTES
        if not self.has_room and self.pending_bytes * 2 <= self._limits.pending_bytes:
            self.has_room = True
            self._room.set()
        if not self.pending_events:
            self._idle.set()

    def stored(self, identities: Identities, partition: int, offset: int) -> None:
        """Events were stored, from `offset` on."""
        if self._retries is not None:
            self._retries.stored(identities, partition, offset)

    def failed(self, problem: Problem, identities: Identities) -> None:
        """Events were answered with `problem`."""
        self._say("events not stored", problem=problem.type.value.name, events=len(identities))
        if self._retries is not None:
            self._retries.failed(identities, problem)

    def never_known(self, identities: Identities) -> None:
        """Nobody will ever know what became of these events, which were answered as unknown."""
        if self._retries is not None:
            self._retries.never_known(identities)

    def late(self, *, stored: bool) -> None:
        """A batch answered as unknown turned out to be stored, or not."""
        self._late.late(stored=stored)

    # -- life

    @property
    def state(self) -> NotReady | None:
        """Why events cannot be stored now; None when they can."""
        return self._link.state

    def status(self) -> dict[str, Any]:
        """Facts for operators."""
        return {
            "topic": self._link.topic,
            "partitions": len(self._lanes),
            "pending_events": self.pending_events,
            "pending_bytes": self.pending_bytes,
            "producer_renewals": self._link.renewals,
            "state": self.state.reason if self.state else "ready",
        }

    def start(self) -> None:
        """Begin to connect; returns at once, Kafka need not be there."""
        self._tasks["link"] = asyncio.create_task(
            _keep_running(self._link.run, self._forget), name="kafka link"
        )
        self._tasks["sweep"] = asyncio.create_task(self._sweep(), name="outbox sweep")

    async def drain(self, timeout_s: float) -> None:
        """Refuse new events and wait, bounded, until all taken ones are answered.

        What Kafka has not answered by then is answered here, truthfully.
        """
        self._stopping = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), timeout_s)
        for lane in self._lanes.values():
            lane.refuse_waiting(STOPPING)
            lane.give_up()

    async def stop(self) -> None:
        """End all tasks and close the producer."""
        self._stopping = True
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=6.0)

    def _refuse(self, record: Record, ticket: Ticket, problem: Problem) -> None:
        if self._retries is not None:
            self._retries.failed([record.identity], problem)
        ticket.failed(problem)

    def _forget(self) -> None:
        self._link.producer = None

    def _why(self) -> str:
        reason = self._link.state.reason if self._link.state else "starting"
        return f"the listener cannot store events now ({reason})"

    def _given_up(self) -> bool:
        since = self._link.down_since
        return since is not None and self._clock() - since > self._limits.queue_timeout_s

    def _look(self, producer: KafkaProducer) -> None:
        """The topic's partitions as they are now. Partitions are never taken away from a topic;
        one that was deleted is refused as missing until it is there again.
        """
        count = producer.partitions
        writable = [p for p in range(count) if producer.leader_of(p) is not None]
        self._placement.update(count, writable)
        for partition in range(len(self._lanes), count):
            lane = KafkaLane(
                partition,
                self._link,
                self,
                batch_bytes=self._limits.batch_bytes,
                delivery_timeout_s=self._limits.delivery_timeout_s,
                clock=self._clock,
                on_batch=self._placement.batch_taken,
            )
            self._lanes[partition] = lane
            self._tasks[f"lane {partition}"] = asyncio.create_task(
                _keep_running(lane.run, lane.give_up), name=f"kafka lane {partition}"
            )

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            now = self._clock()
            if self._retries is not None:
                self._retries.tick(now)
            for lane in self._lanes.values():
                lane.refuse_waiting(WAITED_TOO_LONG, until=now)


async def _keep_running(work: Callable[[], Awaitable[None]], clean_up: Callable[[], None]) -> None:
    """Run `work` until cancelled. It never ends otherwise but by a bug, which must not be the end
    of a partition: it is logged in full, what it held is answered, and the work begins again.
    """
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001 - see above
            _log.exception("a bug in the Kafka adapter; going on")
        clean_up()
        await asyncio.sleep(1.0)
