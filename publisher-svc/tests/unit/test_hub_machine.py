"""Any interleaving of what can happen to log, hub and sockets: nothing lost, repeated, reordered.

One state machine over the real `Log`, `Hub`, both lanes and `Sweep`, with fakes around them. What
each subscriber was sent is checked after every step by a `Witness`, from the bytes alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from publisher_fakes.broker_log import FakeBrokerLog
from publisher_fakes.page_source import FakePageSource
from publisher_fakes.scheduler import FakeScheduler
from publisher_fakes.sink import FakeSink
from publisher_fakes.variety import BATCH, DEFLATED, FILTERS, KINDS
from publisher_fakes.witness import Witness

from contracts.frames import hello_frame
from publisher.app.catch_up_lane import Turns
from publisher.app.events import Event as DomainEvent
from publisher.app.hub import Hub
from publisher.app.live_lane import Rounds
from publisher.app.subscription import Lane, Subscription
from publisher.app.sweep import Intervals, Sweep
from publisher.domain.encoding import WEBSOCKET, Encoding
from publisher.domain.filter import Filter
from publisher.domain.log import Log
from publisher.domain.page import Page
from publisher.domain.plan import Plan

TAIL_BYTES, CACHE_BYTES = 4000, 3000


class Broadcasting(RuleBasedStateMachine):
    """The rules; `draw` chooses among what there is at that moment."""

    def __init__(self) -> None:
        super().__init__()
        self.broker = FakeBrokerLog(0)
        self.log = Log(tail_limit_bytes=TAIL_BYTES, cache_limit_bytes=CACHE_BYTES)
        self.source = FakePageSource(self.log, self.broker)
        self.scheduler = FakeScheduler()
        self.hub = Hub(
            self.log,
            self.source,
            self.scheduler,
            self.emitted,
            turns=Turns(read_bytes=150, work_s=0.001, rest_s=0.003),
            rounds=Rounds(longest_s=0.0, chunk=1),
        )
        self.hub.generation = "0badcafe"
        self.source.trimmed = self.hub.expire
        self.sweep = Sweep(self.hub, self.scheduler, Intervals(heartbeat_s=16.0, stall_s=60.0))
        self.sweep.start()
        self.witnesses: list[Witness] = []
        self.round: Iterator[None] | None = None
        self.events: list[DomainEvent] = []
        self.add_partition(0, 0)

    @initialize(
        old=st.lists(KINDS, max_size=30),
        live=st.integers(0, 3),
        more=st.booleans(),
        keep=st.booleans(),
        short=st.sampled_from([None, None, 7]),
    )
    def begin(self, old: list[str], live: int, more: bool, keep: bool, short: int | None) -> None:
        """A topic with a past and some who are live already; a cache that keeps pages or cannot."""
        self.source.short = short
        if more:
            self.add_partition(0, 0)
        self.produce(old, 0, 0)
        self.poll(1000, 100, tick=False)
        for index in range(live):
            plan = Plan(self.log.tips, None)
            encoding = (WEBSOCKET, DEFLATED)[index % 2]
            self._subscribe(plan, FILTERS[index % 2], FakeSink(), encoding, late=False)
        self.source.keeps = keep

    def emitted(self, event: DomainEvent) -> None:
        """What metrics would get."""
        self.events.append(event)

    # -- the broker ------------------------------------------------------------------------------

    @rule(
        kinds=st.lists(KINDS, min_size=1, max_size=12),
        p=st.integers(0, 2),
        size=st.sampled_from([0, 0, 0, 200]),
    )
    def produce(self, kinds: list[str], p: int, size: int) -> None:
        """Records and holes come to the broker; no consumer has them yet."""
        part = self.broker[p % len(self.broker.partitions)]
        for kind in kinds:
            match kind:
                case "foreign":
                    part.append_raw(b"no event")
                case "tombstone":
                    part.append_raw(None, b"k")
                case "hole":
                    part.hole(2)
                case "k":
                    part.append("a", b"k", size=size)
                case _:
                    part.append(kind, size=size)

    @rule(p=st.integers(0, 2), width=st.sampled_from([40, 1000]))
    def long_stretch(self, p: int, width: int) -> None:
        """So many offsets that blocks of pages are crossed."""
        part = self.broker[p % len(self.broker.partitions)]
        part.append("a", b"k")
        part.hole(width)
        part.append("b.x")

    @rule(p=st.integers(0, 2), to=st.floats(0, 1), notice=st.booleans())
    def retention(self, p: int, to: float, notice: bool) -> None:
        """The broker deletes up to an offset, anywhere; the watch notices, or not yet."""
        p %= len(self.broker.partitions)
        part = self.broker[p]
        part.start += round((part.end - part.start) * to)
        if notice:
            self.hub.expire(p, part.start)

    @precondition(lambda self: self.round is None)
    @rule(p=st.integers(0, 2), lost=st.integers(1, 30))
    def lose_end(self, p: int, lost: int) -> None:
        """The broker loses its newest records; the follower finds out when it polls."""
        p %= len(self.broker.partitions)
        part = self.broker[p]
        part.cut_end(max(0, part.end - lost))
        if self.log.tips[p] > part.end:
            self.hub.truncated(p, floor=part.start, end=part.end)

    @rule(floor=st.integers(0, 3), prefill=st.integers(0, 5))
    def add_partition(self, floor: int, prefill: int) -> None:
        """The topic grows; the consumer's assignment can change while a round is suspended."""
        if len(self.broker.partitions) == 3:
            return
        self.broker.partitions.append(FakeBrokerLog(1, start=floor)[0])
        part = self.broker.partitions[-1]
        for _ in range(prefill):
            part.append()
        self.hub.add_partition(floor=floor, tip=part.end if prefill % 2 else floor)
        for witness in self.witnesses:
            if not witness.gone:
                witness.add_partition(floor)

    # -- the follower ----------------------------------------------------------------------------

    @precondition(lambda self: self.round is None)
    @rule(most=st.integers(1, 30), steps=st.sampled_from([1, 1, 2, 100]), tick=st.just(True))
    def poll(self, most: int, steps: int, tick: bool) -> None:
        """The live consumer gets what is new, and a round begins; it may be suspended."""
        pages: list[Page] = []
        for p, part in enumerate(self.broker.partitions):
            tip = self.log.tips[p]
            if tip < part.start:
                self.hub.overtaken(p, part.start)
            elif tip < part.end:
                pages.append(self.broker.page(p, tip, min(part.end, tip + most)))
        if pages:
            self.scheduler.tick_s = 0.001 if tick else 0.0
            self.round = self.hub.broadcast(pages)
            self.go_on(steps)

    @precondition(lambda self: self.round is not None)
    @rule(steps=st.integers(1, 3))
    def go_on(self, steps: int) -> None:
        """The suspended round goes on."""
        assert self.round is not None
        for _ in range(steps):
            try:
                next(self.round)
            except StopIteration:
                self.round = None
                self.scheduler.tick_s = 0.0
                return

    # -- subscribers -----------------------------------------------------------------------------

    @rule(
        where=st.sampled_from(["now", "now", "earliest", "anywhere", "end"]),
        place=st.lists(st.floats(0, 1), min_size=3, max_size=3),
        bounded=st.one_of(st.none(), st.none(), st.floats(0, 1)),
        wanted=st.sampled_from(FILTERS),
        high=st.sampled_from([1 << 20, 1 << 20, 400, 150]),
        late=st.booleans(),
        encoding=st.sampled_from([WEBSOCKET, WEBSOCKET, BATCH, DEFLATED]),
    )
    def subscribe(
        self,
        where: str,
        place: list[float],
        bounded: float | None,
        wanted: Filter,
        high: int,
        late: bool,
        encoding: Encoding,
    ) -> None:
        """From anywhere up to the broker's end, with or without an end of its own."""
        if sum(not witness.gone for witness in self.witnesses) >= 6:
            return
        parts = self.broker.partitions
        start = {
            "now": self.log.tips,
            "earliest": tuple(part.start for part in parts),
            "end": tuple(part.end for part in parts),
            "anywhere": tuple(
                part.start + round((part.end - part.start) * at)
                for part, at in zip(parts, place, strict=False)
            ),
        }[where]
        stop = None
        if bounded is not None:
            stop = tuple(
                at + round(max(0, part.end - at) * bounded)
                for part, at in zip(parts, start, strict=True)
            )
        self._subscribe(Plan(start, stop), wanted, FakeSink(high=high), encoding, late=late)

    def _subscribe(
        self, plan: Plan, wanted: Filter, sink: FakeSink, encoding: Encoding, *, late: bool
    ) -> None:
        subscription = Subscription(sink, plan, wanted, encoding)
        witness = Witness(self.broker, self.hub, subscription, sink)
        if not late:
            sink.attach(self.hub, subscription)
        start, tip = self.hub.cursor(plan.start), self.hub.cursor(self.log.tips)
        terms: dict[str, Any] = {"topic": "t", "instance": "i", "heartbeat_s": 16}
        hello = hello_frame(cursor=start, until=None, tip=tip, truncated=False, **terms)
        self.hub.tell(subscription, hello)
        self.sweep.add(subscription)
        self.hub.subscribe(subscription)
        sink.attach(self.hub, subscription)
        self.witnesses.append(witness)

    def _pick(self, index: int) -> Witness | None:
        here = [witness for witness in self.witnesses if not witness.gone]
        return here[index % len(here)] if here else None

    @rule(index=st.integers(0, 5), count=st.one_of(st.none(), st.integers(1, 500)))
    def drain(self, index: int, count: int | None) -> None:
        """A peer reads."""
        if (witness := self._pick(index)) is not None:
            witness.sink.drain(count)

    @rule(index=st.integers(0, 5))
    def stall(self, index: int) -> None:
        """A peer's buffer is small and full from now on."""
        if (witness := self._pick(index)) is not None:
            witness.sink.high, witness.sink.low = 50, 0

    @rule(index=st.integers(0, 5), turns=st.integers(0, 30))
    def hiccup(self, index: int, turns: int) -> None:
        """A socket is full for a moment; its subscriber catches up, perhaps within one round."""
        if (witness := self._pick(index)) is None or witness.sink.paused:
            return
        witness.sink.paused = True
        witness.sink.on_pause()
        if turns:
            witness.sink.drain()
            self.turn(turns)

    @rule(index=st.integers(0, 5), how=st.sampled_from(["die", "in write", "raise", "leave"]))
    def lose(self, index: int, how: str) -> None:
        """A connection ends, in one of the ways in which they end."""
        if (witness := self._pick(index)) is None:
            return
        match how:
            case "die":
                witness.sink.die()
            case "in write":
                witness.sink.dies_in_write = True
            case "raise":
                witness.sink.raises = True
            case _:
                self.hub.unsubscribe(witness.subscription)
                witness.sink.dead = True

    @rule(index=st.integers(0, 5))
    def raise_once(self, index: int) -> None:
        """A transport that raises and then works again must not hide what it swallowed."""
        witness = self._pick(index)
        if witness is None or witness.sink.dead:
            return
        witness.sink.raises = True
        self.poll_all()
        witness.sink.raises = False

    def poll_all(self) -> None:
        """Finish the round that is open and make one more, whole."""
        while self.round is not None:
            self.go_on(100)
        self.broker[0].append("a", b"k")
        self.poll(30, 100, tick=False)

    @rule(index=st.integers(0, 5), what=st.sampled_from(["heartbeat", "heartbeat", "move"]))
    def tell(self, index: int, what: str) -> None:
        """A control frame with a cursor, at any moment."""
        if (witness := self._pick(index)) is None:
            return
        if what == "move":
            self.hub.move(witness.subscription, 100)
        else:
            self.hub.heartbeat(witness.subscription)

    # -- loop and loads --------------------------------------------------------------------------

    @rule(turns=st.integers(1, 20))
    def turn(self, turns: int) -> None:
        """The event loop goes on."""
        for _ in range(turns):
            self.scheduler.run_soon()

    @rule(delay_s=st.sampled_from([0.003, 1.0, 5.0]))
    def wait(self, delay_s: float) -> None:
        """Time passes: catch-up rests end, heartbeats go out, stalled sockets are given up."""
        if not self.hub.in_round:  # the sweep asks for turn after turn until the round is over
            self.scheduler.advance(delay_s)

    @precondition(lambda self: self.source.loads)
    @rule(index=st.integers(0, 20), short=st.one_of(st.none(), st.integers(1, 20)))
    def fetch(self, index: int, short: int | None) -> None:
        """The broker reads a page; the answer is on its way."""
        self.source.fetch(index % len(self.source.loads), short)

    @precondition(lambda self: self.source.loads)
    @rule(index=st.integers(0, 20))
    def answer(self, index: int) -> None:
        """A load is over; None where nothing was fetched."""
        self.source.answer(index % len(self.source.loads))

    # -- what must hold --------------------------------------------------------------------------

    @invariant()
    def nothing_lost_repeated_or_reordered(self) -> None:
        """From the bytes alone."""
        for witness in self.witnesses:
            witness.check()

    @invariant()
    def memory_is_bounded_and_reckoned(self) -> None:
        """The books agree with what is held, views included, and keep to the limits."""
        if self.round is not None:
            return  # the round's own pages are entered when it is over
        tails = self.log._tails
        held = sum(page.weight_bytes for tail in tails for page in tail._pages)
        assert self.log.tail_bytes == held
        assert held <= TAIL_BYTES or all(len(tail) <= 1 for tail in tails)
        cached = sum(page.weight_bytes for page in self.log._cache._pages.values())
        assert self.log.cache_bytes == cached
        assert cached <= CACHE_BYTES or len(self.log._cache) == 1

    @invariant()
    def hub_counts_who_is_there(self) -> None:
        """No subscription outlives its connection in the hub's books."""
        here = [witness for witness in self.witnesses if not witness.gone]
        assert len(self.hub) == len(here)
        assert sum(self.hub.lanes().values()) == len(here)
        assert set(self.hub.full()) == {s for s in self.hub.subscriptions() if s.sink.paused}
        assert all(each.lane is Lane.CATCH_UP for each in self.hub._catch_up._below_tail)

    def teardown(self) -> None:
        """Let everything come to rest: then all have everything, or were told why not."""
        while self.round is not None:
            self.go_on(100)
        for _ in range(2):  # what overtook is noticed by one poll, what is left read by the next
            while any(
                t < part.end for t, part in zip(self.log.tips, self.broker.partitions, strict=True)
            ):
                self.poll(1000, 1000, tick=False)
            self._rest()
        for witness in self.witnesses:
            witness.check()
            witness.check_settled()
        self.memory_is_bounded_and_reckoned()

    def _rest(self) -> None:
        for _ in range(10_000):
            for witness in self.witnesses:
                witness.sink.drain()
            self.scheduler.settle()
            if not self.source.serve() and self.hub.lanes()["catch-up"] == 0:
                return
            self.scheduler.advance(0.003)
        raise AssertionError("never comes to rest")


TestBroadcasting = Broadcasting.TestCase
TestBroadcasting.settings = settings(max_examples=100, stateful_step_count=40)
