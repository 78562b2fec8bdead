"""What a `KafkaLane` sees of Kafka: a link with one producer whose batches the test settles."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from contracts.problem import Problem
from listener.domain.record import Record


class FakeBatch:
    """One handed-over batch."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.values = [record.value.decode() for record in records]
        self.attempts = 1
        self._answer: int | BaseException | None = None
        self._answered = asyncio.Event()
        self.overdue = asyncio.Event()
        """Set it to let the delivery timeout pass."""

    def answer(self, answer: int | BaseException, attempts: int = 1) -> None:
        """What the broker says in the end: the first offset, or an error."""
        self.attempts = attempts
        self._answer = answer
        self._answered.set()

    @property
    def settled(self) -> bool:
        return self._answer is not None

    async def wait(self, timeout_s: float | None) -> None:
        waits = [asyncio.ensure_future(self._answered.wait())]
        if timeout_s is not None:
            waits.append(asyncio.ensure_future(self.overdue.wait()))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()

    def base_offset(self) -> int | BaseException:
        assert self._answer is not None
        return self._answer

    def withdraw(self) -> bool:
        return self.attempts == 0


class FakeProducer:
    """Hands over what it is given, unless told otherwise."""

    def __init__(self) -> None:
        self.connected = True
        self.known = True
        self.broken: Exception | None = None
        self.batches: list[FakeBatch] = []
        self.partitions = 1

    def leader_of(self, partition: int) -> int | None:
        return 1 if partition < self.partitions else None

    async def connect(self, partition: int) -> bool:  # noqa: ARG002 - the port's
        return self.connected

    async def hand_over(self, partition: int, records: Sequence[Record]) -> FakeBatch | None:  # noqa: ARG002
        if self.broken is not None:
            raise self.broken
        if not self.known:
            return None
        self.batches.append(FakeBatch(records))
        return self.batches[-1]


class FakeLink:
    """A link that remembers why it was asked for a new producer."""

    def __init__(self) -> None:
        self.producer: FakeProducer | None = FakeProducer()
        self.renewals: list[str] = []

    def renew(self, reason: str) -> None:
        self.renewals.append(reason)


class FakeBooks:
    """A bookkeeper."""

    def __init__(self) -> None:
        self.events = 0
        self.bytes = 0
        self.late_batches: list[bool] = []
        self.failures: dict[str, int] = {}
        self.fates: list[tuple[object, ...]] = []
        """What was told of identities, in order."""

    def left(self, events: int, size_bytes: int) -> None:
        self.events += events
        self.bytes += size_bytes

    def stored(self, identities: Sequence[str | None], partition: int, offset: int) -> None:
        self.fates.append(("stored", *identities, partition, offset))

    def failed(self, problem: Problem, identities: Sequence[str | None]) -> None:
        self.failures[problem.type.value.name] = len(identities)
        self.fates.append((problem.type.value.name, *identities))

    def never_known(self, identities: Sequence[str | None]) -> None:
        self.fates.append(("never known", *identities))

    def late(self, *, stored: bool) -> None:
        self.late_batches.append(stored)
