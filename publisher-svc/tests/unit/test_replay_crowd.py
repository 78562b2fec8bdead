"""Many replays at once with a cache smaller than what they cover, in virtual time.

The real log, hub, lane and pool; readers and sockets cost the time that they cost on a machine.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from publisher_fakes.broker_log import FakeBrokerLog
from publisher_fakes.sink import FakeSink
from publisher_fakes.virtual_loop import VirtualLoop

from publisher.app.catch_up_lane import Turns
from publisher.app.gathering import Gathering
from publisher.app.hub import Hub
from publisher.app.load_queue import PATIENCE, LoadQueue
from publisher.app.page_pool import PagePool
from publisher.app.ports import Loaded
from publisher.app.subscription import Subscription
from publisher.domain.cache import BLOCK
from publisher.domain.crowd import Standing
from publisher.domain.encoding import WEBSOCKET, Buffer
from publisher.domain.filter import EVERYTHING
from publisher.domain.log import Log, Miss
from publisher.domain.plan import Plan
from publisher.infra.loop_scheduler import LoopScheduler

BLOCKS, PARTITIONS, CACHED_PAGES = 16, 4, 12
FETCH_S, DECODE_S, WRITE_S, CLIENT_S = 0.0015, 0.0026, 0.00012, 0.00015
GATHER_S = 0.5


@dataclass
class Costs:
    """How quickly one client takes what is written to it; None: as quickly as all can be served."""

    page_s: float | None = None


class TimedReader:
    """A page costs a fetch, and work that holds the loop."""

    at = None

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    async def load(self, miss: Miss) -> Loaded:
        """See `publisher.app.ports.PageReader`."""
        await asyncio.sleep(FETCH_S)
        self._scene.loop.now_s += DECODE_S
        return Loaded(self._scene.broker.page(miss.partition, miss.start, miss.stop), 0)


class TimedSink(FakeSink):
    """Its peer is one of many that one process reads for, in turns, or a slow one of its own."""

    def __init__(self, scene: Scene, costs: Costs) -> None:
        super().__init__(high=2 * scene.page_bytes, low=scene.page_bytes)
        self._scene = scene
        self._costs = costs
        self._due = False
        self.written_s = scene.loop.now_s
        self.longest_gap_s = 0.0

    def _write(self, data: Buffer) -> None:
        loop = self._scene.loop
        if len(data) > self._scene.page_bytes / 4:
            loop.now_s += WRITE_S
            self.longest_gap_s = max(self.longest_gap_s, loop.now_s - self.written_s)
            self.written_s = loop.now_s
        super()._write(data)
        self._read_soon()

    def _read_soon(self) -> None:
        if self._due or not self.buffered_bytes:
            return
        self._due = True
        if self._costs.page_s is not None:
            self._scene.loop.call_later(self._costs.page_s, self.read)
        else:
            self._scene.reads(self)

    def read(self) -> None:
        """The peer reads a page's worth."""
        self._due = False
        self.drain(self._scene.page_bytes)
        self._read_soon()


class Scene:
    """A topic of four partitions, and whoever replays it."""

    def __init__(
        self,
        loop: VirtualLoop,
        gather_s: float,
        *,
        blocks: int = BLOCKS,
        cached_pages: int = CACHED_PAGES,
    ) -> None:
        self.loop = loop
        self.end = blocks * BLOCK
        self.broker = FakeBrokerLog(PARTITIONS)
        for part in self.broker.partitions:
            for block in range(blocks):
                part.append(size=1000, at_ms=1_000_000 + 10 * block)
                part.hole(BLOCK - 2)
                part.append(size=1000, at_ms=1_000_009 + 10 * block)
        page = self.broker.page(0, 0, BLOCK)
        self.page_bytes = len(page.data)
        self.log = Log(tail_limit_bytes=1, cache_limit_bytes=cached_pages * page.weight_bytes)
        for _ in range(PARTITIONS):
            self.log.add_partition(floor=0, tip=self.end)
        gathering = Gathering(self.log, loop.time, self._standings)
        self.pool = PagePool(
            self.log,
            [TimedReader(self) for _ in range(3)],
            LoadQueue(gathering.pays, loop.time, gather_s),
            trimmed=lambda _partition, _earliest: None,
            failed=lambda error: pytest.fail(str(error)),
        )
        self.hub = Hub(
            self.log,
            self.pool,
            LoopScheduler(loop),
            lambda _event: None,
            turns=Turns(read_bytes=self.page_bytes),
        )
        self._readable: deque[TimedSink] = deque()
        self._reading = False
        self.sinks: list[tuple[tuple[int, ...], TimedSink]] = []

    def join(self, start: tuple[int, ...], costs: Costs = Costs()) -> TimedSink:  # noqa: B008
        """One who replays from there to the end."""
        sink = TimedSink(self, costs)
        plan = Plan(start, (self.end,) * PARTITIONS)
        subscription = Subscription(sink, plan, EVERYTHING, WEBSOCKET)
        sink.attach(self.hub, subscription)
        self.sinks.append((start, sink))
        self.hub.subscribe(subscription)
        return sink

    def join_anywhere(self, count: int, seed: int, costs: Costs = Costs()) -> None:  # noqa: B008
        """Each from a place of its own in every partition."""
        chance = random.Random(seed)
        for _ in range(count):
            self.join(tuple(chance.randrange(self.end) for _ in range(PARTITIONS)), costs)

    def _standings(self) -> Iterable[Standing]:
        return self.hub.standings()

    def reads(self, sink: TimedSink) -> None:
        """The client process will come to this socket."""
        self._readable.append(sink)
        if not self._reading:
            self._reading = True
            self.loop.call_later(CLIENT_S, self._read_one)

    def _read_one(self) -> None:
        self._readable.popleft().read()
        self._reading = bool(self._readable)
        if self._reading:
            self.loop.call_later(CLIENT_S, self._read_one)

    async def play(self) -> None:
        """Until all have everything; each event once and in order."""
        while not all(sink.closed for _, sink in self.sinks):
            await asyncio.sleep(0.05)
        for start, sink in self.sinks:
            got: list[list[int]] = [[] for _ in range(PARTITIONS)]
            for partition, offset in sink.events():
                got[partition].append(offset)
            for partition, first in enumerate(start):
                due = self.broker.offsets(partition, first, self.end, EVERYTHING)
                assert got[partition] == list(due)


def played(gather_s: float, *joins: tuple[int, int, Costs]) -> Scene:
    """Crowds of so many, from where a seed says, each with its costs."""
    loop = VirtualLoop()

    async def scene() -> Scene:
        made = Scene(loop, gather_s)
        for count, seed, costs in joins:
            made.join_anywhere(count, seed, costs)
        await made.play()
        return made

    try:
        return loop.run_until_complete(scene())
    finally:
        loop.close()


def test_a_crowd_that_the_cache_is_too_small_for_loads_a_page_twice_and_nobody_starves() -> None:
    gathered = played(GATHER_S, (40, 1, Costs()))
    assert gathered.pool.loads <= 2.5 * BLOCKS * PARTITIONS
    assert max(sink.longest_gap_s for _, sink in gathered.sinks) <= 2 * GATHER_S
    scattered = played(0.0, (40, 1, Costs()))
    assert scattered.pool.loads > 2 * gathered.pool.loads, "else the scene shows nothing"


def test_slow_ones_behind_cost_a_quick_one_little() -> None:
    """They hold what it needs back for less than it takes by itself to have them out of reach."""
    slow = Costs(page_s=0.5)
    quick_s = []
    for crowd in ((1, 5, Costs()),), ((1, 5, Costs()), (12, 6, slow)):
        scene = played(GATHER_S, *crowd)
        quick_s.append(scene.sinks[0][1].written_s - 1000.0)
    assert quick_s[1] <= quick_s[0] + 2 * GATHER_S


def quick_one_s(*, page_s: float | None) -> float:
    """What it takes to the end, before another from the same place who needs `page_s` a page."""
    loop = VirtualLoop()

    async def scene() -> float:
        made = Scene(loop, GATHER_S, blocks=100, cached_pages=64)
        quick = made.join((0,) * PARTITIONS)
        if page_s is not None:
            made.join((0,) * PARTITIONS, Costs(page_s))
        await made.play()
        return quick.written_s - 1000.0

    try:
        return loop.run_until_complete(scene())
    finally:
        loop.close()


def test_one_who_stays_within_reach_behind_does_not_set_the_pace() -> None:
    alone_s, before_s = quick_one_s(page_s=None), quick_one_s(page_s=0.03)
    assert before_s <= 2 * alone_s + PATIENCE * GATHER_S


def test_a_few_replays_that_the_cache_can_serve_are_not_held_back() -> None:
    seconds = []
    for gather_s in (0.0, GATHER_S):
        scene = played(gather_s, (2, 5, Costs()))
        seconds.append(max(sink.written_s for _, sink in scene.sinks))
    assert seconds[0] == pytest.approx(seconds[1], abs=0.1)
