"""The listener's link to Kafka: one producer at a time, replaced when it fails or is cut off.

Invariant: while `state` is not None events cannot be stored, and it says why in words for an
operator. Starts without Kafka and recovers without help. Never creates the topic. Does not
know events, batches in waiting, or clients.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)

from chassis.logs import get_logger
from chassis.probes import NotReady
from listener.infra.kafka_producer import KafkaProducer

_log = get_logger("listener.kafka")

_STOP_S = 2.0
"""How long closing a producer may take; its connections are dropped after that."""


@dataclass(frozen=True, slots=True)
class LinkTimes:
    """In seconds."""

    check_interval: float = 1.0
    check_timeout: float = 5.0
    request_timeout: float = 10.0
    renew_after: float = 35.0
    """Without a broker for so long: begin again from the bootstrap servers, whose names may mean
    other addresses by now. Longer than a delivery may take, so that nothing in hand is given up."""


class KafkaLink:
    """Holds the current producer and says whether it can be used."""

    def __init__(
        self,
        topic: str,
        arguments: dict[str, Any],
        times: LinkTimes,
        clock: Callable[[], float],
        on_change: Callable[[KafkaProducer], None],
    ) -> None:
        self.topic = topic
        self._arguments = arguments
        self._times = times
        self._clock = clock
        self._on_change = on_change
        self._renew = asyncio.Event()
        self._last_answer = clock()
        self.producer: KafkaProducer | None = None
        """The producer to hand batches to; None while there is none."""
        self.state: NotReady | None = NotReady(
            "kafka-connecting", "the listener has not reached Kafka yet"
        )
        """Why events cannot be stored now; None when they can."""
        self.down_since: float | None = clock()
        self.renewals = 0

    def renew(self, reason: str) -> None:
        """Replace the producer: a batch of it failed."""
        if not self._renew.is_set():
            _log.warning("replacing the Kafka producer", reason=reason)
        self.producer = None
        self._renew.set()

    async def run(self) -> None:
        """Keep a producer until cancelled; closes it then, without flushing."""
        try:
            while True:
                producer = await self._connect()
                self._renew.clear()
                self.producer = producer
                try:
                    await self._watch(producer)
                    self.producer = None
                    self.renewals += 1
                    await producer.settle(_STOP_S)
                finally:
                    self.producer = None
                    await producer.stop(_STOP_S)
        finally:
            self._tell(_STOPPING)

    async def _connect(self) -> KafkaProducer:
        while True:
            producer = KafkaProducer(self.topic, self._arguments, self._times.request_timeout)
            started = False
            try:
                await producer.start()
                await producer.refresh()
                started = True
            except (KafkaError, OSError, TimeoutError) as error:
                self._tell(_reason(error, self._arguments["bootstrap_servers"]))
            finally:
                if not started:
                    await producer.stop(_STOP_S)
            if started:
                return producer
            await asyncio.sleep(self._times.check_interval)

    async def _watch(self, producer: KafkaProducer) -> None:
        self._last_answer = self._clock()
        self._look(producer)
        while not self._renew.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._renew.wait(), self._times.check_interval)
            if self._renew.is_set():
                return
            await self._check(producer)
            if not producer.alive:
                self.renew("its sender ended")
            elif self._clock() - self._last_answer > self._times.renew_after:
                self.renew("no broker has answered for long")

    async def _check(self, producer: KafkaProducer) -> None:
        try:
            await asyncio.wait_for(producer.refresh(), self._times.check_timeout)
        except (KafkaError, OSError, TimeoutError) as error:
            self._tell(_reason(error, self._arguments["bootstrap_servers"]))
        else:
            self._last_answer = self._clock()
            self._look(producer)

    def _look(self, producer: KafkaProducer) -> None:
        count = producer.partitions
        self._on_change(producer)
        if not producer.authorized:
            self._tell(_NOT_AUTHORIZED)
        elif not count:
            self._tell(
                NotReady(
                    "topic-missing",
                    f"the topic {self.topic!r} does not exist; create it (make run does, or: "
                    f"kafka-topics --create --topic {self.topic} --config "
                    "message.timestamp.type=LogAppendTime)",
                )
            )
        elif leaderless := [p for p in range(count) if producer.leader_of(p) is None]:
            self._tell(
                NotReady(
                    "partition-without-leader",
                    f"partitions without a leader: {leaderless}; check the Kafka brokers",
                )
            )
        else:
            self._tell(None)

    def _tell(self, state: NotReady | None) -> None:
        if state is None:
            self.down_since = None
        elif self.down_since is None:
            self.down_since = self._clock()
        if (state and state.reason) != (self.state and self.state.reason):
            if state is None:
                _log.info("Kafka is ready", topic=self.topic)
            elif state is _STOPPING:
                _log.info("the link to Kafka is closed", topic=self.topic)
            else:
                _log.warning("Kafka is not ready", reason=state.reason, detail=state.detail)
        self.state = state


_STOPPING = NotReady("stopping", "the listener is stopping")
_NOT_AUTHORIZED = NotReady(
    "kafka-not-authorized",
    "Kafka does not let this user write to the topic; grant it Describe, Write and IdempotentWrite",
)


def _reason(error: BaseException, servers: str) -> NotReady:
    if isinstance(error, ClusterAuthorizationFailedError | TopicAuthorizationFailedError):
        return _NOT_AUTHORIZED
    return NotReady(
        "kafka-unreachable",
        f"no Kafka broker answers at {servers}; start Kafka (make run does) or set "
        "KAFKA_BOOTSTRAP_SERVERS; if it is up, check the KAFKA_SECURITY_PROTOCOL and KAFKA_SASL_* "
        "settings",
    )
