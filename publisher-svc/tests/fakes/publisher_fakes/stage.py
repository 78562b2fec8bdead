"""A hub with everything around it that is fake, for tests that play one scene."""

from __future__ import annotations

from collections.abc import Iterator

from publisher.app.catch_up_lane import Turns
from publisher.app.events import Event
from publisher.app.hub import Hub
from publisher.app.live_lane import Rounds
from publisher.app.ports import BlockWriter
from publisher.app.subscription import Subscription
from publisher.app.sweep import Intervals, Sweep
from publisher.domain.encoding import WEBSOCKET, Encoding
from publisher.domain.filter import EVERYTHING, Filter
from publisher.domain.log import Log
from publisher.domain.plan import Plan
from publisher_fakes.broker_log import FakeBrokerLog
from publisher_fakes.page_source import FakePageSource
from publisher_fakes.scheduler import FakeScheduler
from publisher_fakes.sink import FakeSink


def finish(steps: Iterator[None]) -> None:
    """Go on with a round to its end."""
    for _ in steps:
        pass


class Stage:
    """See the module. The log begins empty of pages, at the broker's end."""

    def __init__(
        self,
        *held: int,
        tips: tuple[int, ...] | None = None,
        tail_bytes: int = 1 << 20,
        cache_bytes: int = 1 << 20,
        turns: Turns = Turns(),  # noqa: B008 - a frozen value
        writer: BlockWriter | None = None,
        chunk: int = 1,
    ) -> None:
        self.broker = FakeBrokerLog(len(held))
        for part, count in zip(self.broker.partitions, held, strict=True):
            for _ in range(count):
                part.append()
        self.log = Log(tail_limit_bytes=tail_bytes, cache_limit_bytes=cache_bytes)
        self.source = FakePageSource(self.log, self.broker)
        self.scheduler = FakeScheduler()
        self.emitted: list[Event] = []
        self.hub = Hub(
            self.log,
            self.source,
            self.scheduler,
            self.emitted.append,
            turns=turns,
            rounds=Rounds(longest_s=0.0, chunk=chunk),
            writer=writer,
        )
        self.hub.generation = "0badcafe"
        self.source.trimmed = self.hub.expire
        for part, tip in zip(self.broker.partitions, tips or held, strict=True):
            self.hub.add_partition(floor=part.start, tip=tip)
        self.sweep = Sweep(self.hub, self.scheduler, Intervals(heartbeat_s=16.0, stall_s=30.0))

    def join(
        self,
        *start: int,
        stop: tuple[int, ...] | None = None,
        wanted: Filter = EVERYTHING,
        sink: FakeSink | None = None,
        encoding: Encoding = WEBSOCKET,
    ) -> tuple[Subscription, FakeSink]:
        """A subscriber, at the tip unless `start` says where; the loop has not run yet."""
        sink = sink or FakeSink()
        plan = Plan(start or self.log.tips, stop)
        subscription = Subscription(sink, plan, wanted, encoding)
        sink.attach(self.hub, subscription)
        self.hub.subscribe(subscription)
        self.sweep.add(subscription)
        return subscription, sink

    def round(self, *, suspended: bool = False) -> Iterator[None]:
        """Broadcast all that is new at the broker; if `suspended`, up to the first pause."""
        pages = [
            self.broker.page(p, tip, part.end)
            for p, (tip, part) in enumerate(zip(self.log.tips, self.broker.partitions, strict=True))
            if part.end > tip
        ]
        steps = self.hub.broadcast(pages)
        if suspended:
            self.scheduler.tick_s = 0.001
            next(steps)
            assert self.hub.in_round
            self.scheduler.tick_s = 0.0
        else:
            finish(steps)
        return steps

    def publish(self, partition: int = 0, type_: str = "a", key: bytes | None = None) -> int:
        """One event, broadcast at once; gives its offset."""
        offset = self.broker[partition].append(type_, key)
        self.round()
        return offset

    def settle(self) -> None:
        """Run the loop and serve loads until nothing happens any more."""
        for _ in range(1000):
            self.scheduler.settle()
            if not self.source.serve():
                if not any(delay < 0.1 for delay in self.scheduler.due_later):
                    return
                self.scheduler.advance(0.01)
        raise AssertionError("never comes to rest")
