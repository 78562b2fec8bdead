"""A fault's run: load and crowd on a stage, the fault, recovery, and the verdict as a row.

Invariant: the verdict counts from the topic read back and from what acks and deliveries told; a
scene whose subscribers do not get to the log's end, or whose load is refused, is a violation too.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from chaos.ledger import Ledger
from chaos.load import Load
from chaos.row import Row
from chaos.stage import Stage, eventually
from chaos.subscriber import Manner, Subscriber
from chaos.verdict import verdict
from support.oracle import read_topic


def _random_offset(chance: random.Random) -> str:
    return f"last:{chance.randrange(600)}"


MANNERS = (
    (Manner("live", lambda _: "now"), 30),
    (Manner("replaying", _random_offset), 12),
    (Manner("replaying", _random_offset, batch=True), 8),
    (Manner("slow", _random_offset, slow=True), 6),
    (Manner("slow", _random_offset, slow=True, batch=True), 4),
    (Manner("resuming", lambda _: "now", cuts_itself=True), 10),
    (Manner("resuming", lambda _: "now", cuts_itself=True, batch=True), 5),
    (Manner("filtered", _random_offset, filter="sensor.reading"), 15),
    (Manner("bounded", _random_offset, bounded=True), 10),
)
"""A hundred subscribers."""


@dataclass(slots=True)
class Scene:
    """What a fault works on."""

    stage: Stage
    rate: float = 400.0
    crowd: float = 1.0
    """Share of the hundred subscribers."""
    through_doors: bool = False
    """Subscribers connect through the proxies."""
    all_keyed: bool = False
    forgets: bool = False
    """Kafka may forget what no load wrote (compaction): only what remains is due."""
    seed: int = 0
    loads: list[Load] = field(default_factory=list)
    subscribers: list[Subscriber] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    tolerated: set[str] = field(default_factory=set)
    """Problems that subscribers may be told in this fault."""
    gone: set[str] = field(default_factory=set)
    """Generations of the topic that are no more."""
    size_bytes: int = 400
    healed_s: float = 0.0
    recovered_s: float | None = None
    """From the latest healing to the first recovery after it."""
    _past: list[Load] = field(default_factory=list)
    _running: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def chance(self) -> random.Random:
        """For the fault's own choices."""
        return random.Random(self.seed)

    def acked(self) -> int:
        """Acks so far."""
        return sum(len(each.told.acked) for each in [*self._past, *self.loads])

    def of(self, *manners: str) -> list[Subscriber]:
        """The subscribers of these manners."""
        return [each for each in self.subscribers if each.manner.name in manners]

    def healed(self) -> None:
        """The fault is over: from here on recovery is timed."""
        self.healed_s, self.recovered_s = time.monotonic(), None

    def noted(self, what: str, seconds: float) -> None:
        """A recovery in the midst of the fault, for the table."""
        self.stage.notes.append(f"{what} all went on after {seconds:.1f} s")

    # -- beginning -----------------------------------------------------------------------------

    async def begin(self) -> None:
        """Load first, then the crowd; returns when both are well under way."""
        self.start_loads()
        await eventually(lambda: self.acked() > self.rate, "the first acks", 20)
        urls = self.stage.door_urls if self.through_doors else self.stage.urls
        chance = random.Random(self.seed)
        for manner, count in MANNERS:
            for number in range(max(1, round(count * self.crowd))):
                mine = random.Random(chance.random())
                subscriber = Subscriber(manner, urls, number, mine)
                self.subscribers.append(subscriber)
                self._running.append(asyncio.create_task(subscriber.run()))
        await eventually(
            lambda: all(each.stretches for each in self.subscribers), "all subscribers served", 20
        )
        await self.more(2.0)

    def start_loads(self) -> None:
        """Two producers, each with half of the rate."""
        era = len(self._past)
        url = self.stage.listener.websocket_url
        self.loads = [
            Load(
                url,
                f"{name}{era}",
                rate=self.rate / 2,
                size_bytes=self.size_bytes,
                all_keyed=self.all_keyed,
            )
            for name in "ab"
        ]
        for load in self.loads:
            load.start()

    async def more(self, seconds: float, timeout_s: float = 40) -> None:
        """Until so many seconds' worth of events more was acked."""
        goal = self.acked() + self.rate * seconds
        await eventually(lambda: self.acked() >= goal, f"{goal:.0f} acks", timeout_s)

    async def seal(self) -> None:
        """End the loads and note all that is known: what follows is another truth."""
        for load in self.loads:
            await load.stop()
        generation = await self.stage.generation()
        self.ledger.read_back(generation, await read_topic(self.stage.bootstrap, self.stage.topic))
        for load in self.loads:
            self.ledger.acks(generation, load.told)
        self._past += self.loads
        self.loads = []

    async def snapshot(self) -> dict[int, int]:
        """Note what the topic holds before it forgets something; gives the noted ends."""
        generation = await self.stage.generation()
        oracle = await read_topic(self.stage.bootstrap, self.stage.topic)
        self.ledger.read_back(generation, oracle)
        return oracle.ends

    async def used(self, partition: int) -> None:
        """Until the load has reached a partition, and everybody has it in its cursor."""

        def is_used() -> bool:
            return any(
                place[0] == partition
                for load in self.loads
                for places in load.told.acked.values()
                for place in places
            )

        await eventually(is_used, f"an ack of partition {partition}", 40)

    async def grown_past(self, ends: dict[int, int], timeout_s: float = 40) -> None:
        """Until every partition is longer than that."""

        def is_longer() -> bool:
            reached: dict[int, int] = {}
            for load in self.loads:
                for places in load.told.acked.values():
                    for partition, offset in places:
                        reached[partition] = max(reached.get(partition, 0), offset)
            return all(reached.get(partition, 0) > end for partition, end in ends.items())

        await eventually(is_longer, f"a log beyond {ends}", timeout_s)

    async def lost_beyond(self, ends: dict[int, int]) -> None:
        """Kafka lost what it had from these ends on; call it after `seal`, before new loads."""
        (generation,) = self.ledger.logs
        stretches = [each for sub in self.subscribers for each in sub.stretches]
        self.ledger.cut(generation, ends, stretches)

    def most_were_told(self) -> None:
        """That something happened to their cursor; otherwise the fault did nothing."""
        told = sum(1 for each in self.subscribers if each.told)
        assert told > len(self.subscribers) // 2, f"only {told} were told"

    # -- the end -------------------------------------------------------------------------------

    async def recover(self, timeout_s: float = 60) -> float:
        """Until an event that was sent after `healed_s` was acked and has reached everybody."""
        mark = {load: load.sent_number() for load in self.loads}
        await eventually(
            lambda: all(load.ack_after(number) is not None for load, number in mark.items()),
            "an ack after the fault",
            timeout_s,
        )
        goal: dict[int, int] = {}  # by partition: what is acked by now, whenever it was sent
        for load in self.loads:
            for places in load.told.acked.values():
                for partition, offset in places:
                    goal[partition] = max(goal.get(partition, 0), offset + 1)
        waiting = [each for each in self.subscribers if not each.kept_slow]
        await eventually(
            lambda: all(each.reached(goal, self.gone) for each in waiting),
            "everybody caught up",
            timeout_s,
        )
        if self.recovered_s is None:
            self.recovered_s = time.monotonic() - self.healed_s
        return self.recovered_s

    async def finish(self, name: str, recovered_s: float, seconds: float) -> Row:
        """Stop the load, let everybody get to the end, judge."""
        for load in self.loads:
            await load.stop()
        for subscriber in self.subscribers:
            subscriber.finishing = True
        generation = await self.stage.generation()
        oracle = await read_topic(self.stage.bootstrap, self.stage.topic)
        self.ledger.read_back(generation, oracle)
        complaints: list[str] = []
        try:
            await eventually(
                lambda: all(each.reached(oracle.ends, self.gone) for each in self.subscribers),
                "the end",
                30,
            )
        except AssertionError:
            behind = [
                s.manner.name for s in self.subscribers if not s.reached(oracle.ends, self.gone)
            ]
            complaints.append(f"never got to the end: {dict(Counter(behind))}")
        await self.close()
        for load in self.loads:
            self.ledger.acks(generation, load.told)
        return verdict(
            Row(
                name,
                recovered_s=recovered_s,
                took_s=seconds,
                complaints=tuple(complaints),
                notes=tuple(self.stage.notes),
            ),
            self.ledger,
            [each.told for each in [*self._past, *self.loads]],
            self.subscribers,
            forgets=self.forgets,
            tolerated=self.tolerated,
        )

    async def close(self) -> None:
        """End all subscribers and loads."""
        for subscriber in self.subscribers:
            await subscriber.leave()
        for load in self.loads:
            load.abandon()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running = []
