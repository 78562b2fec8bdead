"""The catch-up lane: whoever is not at the tip reads the log at its own cursor, in turns.

One turn reads about `Turns.read_bytes` for one subscriber; turns are taken round robin in slices of
`work_s`, with a pause of `rest_s` in between while there is live traffic to be fair to. A
subscriber whose socket is full has no turn until it drains, so slowness costs it alone. Never
waits: what must be loaded first is asked of the page pool, which gives the turn back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from publisher.app.events import Emit, EventsReplayed
from publisher.app.load_queue import Patience
from publisher.app.ports import Scheduler
from publisher.app.subscription import Lane, Subscription
from publisher.domain.crowd import Standing
from publisher.domain.encoding import Buffer
from publisher.domain.log import Expired, Log, Miss
from publisher.domain.page import Page
from publisher.domain.plan import Positions

MOVES_S = 0.2
"""Readers whose socket has been full for longer are not waited for."""


class PageSource(Protocol):
    """Where missing pages come from: the page pool."""

    def request(
        self,
        miss: Miss,
        give: Callable[[Page | None], None],
        patience: Patience | None = None,
    ) -> None:
        """Load the page; `give` gets it (None: try again), later, never inside this call.

        With `patience` it may be loaded when others have come up to it.
        """

    def ahead(self, partition: int, position: int) -> None:
        """A reader will soon be at `position`: load it if a reader has nothing else to do."""


@dataclass(frozen=True, slots=True)
class Turns:
    """The lane's measures."""

    read_bytes: int = 256 << 10
    work_s: float = 0.001
    rest_s: float = 0.003


class CatchUpLane:
    """See the module. The callbacks say what a turn came to when it was no plain read."""

    def __init__(  # noqa: PLR0913 - its collaborators
        self,
        log: Log,
        source: PageSource,
        scheduler: Scheduler,
        turns: Turns,
        *,
        arrived: Callable[[Subscription], None],
        expired: Callable[[Subscription, Expired], None],
        lost: Callable[[Subscription], None],
        live_traffic: Callable[[], bool],
        cursor: Callable[[Positions], str],
        emit: Emit,
    ) -> None:
        self._log = log
        self._source = source
        self._scheduler = scheduler
        self._turns = turns
        self._arrived = arrived
        self._expired = expired
        self._lost = lost
        self._live_traffic = live_traffic
        self._cursor = cursor
        self._emit = emit
        self._ready: deque[Subscription] = deque()
        self._below_tail: dict[Subscription, tuple[float, int]] = {}
        """Who read below the tail in its last turn: about when that was written, and where."""
        self._running = False

    def wake(self, subscription: Subscription) -> None:
        """Give a subscription a turn, unless it has one coming or its socket is full."""
        if subscription.queued or subscription.lane is Lane.GONE or subscription.sink.paused:
            return
        subscription.queued = True
        self._ready.append(subscription)
        if not self._running:
            self._running = True
            self._scheduler.soon(self._run)

    def _run(self) -> None:
        end_s = self._scheduler.now_s() + self._turns.work_s
        try:
            while self._ready:
                subscription = self._ready.popleft()
                subscription.queued = False
                if subscription.lane is not Lane.GONE and not subscription.sink.paused:
                    self._turn(subscription)
                subscription.moved_s = self._scheduler.now_s()
                if subscription.moved_s >= end_s:
                    break
        finally:  # a turn that fails, loudly, must not stop everybody else's
            self._go_on()

    def _go_on(self) -> None:
        if not self._ready:
            self._running = False
        elif self._live_traffic():
            self._scheduler.later(self._turns.rest_s, self._run)
        else:
            self._scheduler.soon(self._run)  # the loop polls its sockets in between

    def _turn(self, subscription: Subscription) -> None:
        partition = self._log.oldest(
            subscription.positions, subscription.stop, subscription.in_hand, subscription.reached_ms
        )
        if partition is None:
            self.forget(subscription)
            self._arrived(subscription)
            return
        position = subscription.positions[partition]
        stop = subscription.stop[partition] if subscription.stop is not None else None
        self._note_place(subscription, partition, position)
        answer = self._log.read(
            partition,
            position,
            limit_bytes=self._turns.read_bytes,
            wanted=subscription.wanted,
            encoding=subscription.encoding,
            stop=stop,
            in_hand=subscription.in_hand,
        )
        match answer:
            case Expired():
                self._expired(subscription, answer)
            case Miss():
                subscription.queued = True  # one turn per load
                give = partial(self._loaded, subscription)
                self._source.request(answer, give, subscription.patience)
            case read:
                subscription.positions[partition] = read.next
                self._deliver(subscription, read.buffers, read.events)
                self._note_progress(subscription, partition, read.next)
                self.wake(subscription)

    def forget(self, subscription: Subscription) -> None:
        """It is gone."""
        self._below_tail.pop(subscription, None)

    def standings(self) -> Iterator[Standing]:
        """Where those stand who read below the tail and move: not those whose socket is full.

        A socket that was full for less than `MOVES_S` counts as one that moves.
        """
        since_s = self._scheduler.now_s() - MOVES_S
        for each, reads in self._below_tail.items():
            if each.queued or not each.sink.paused or each.moved_s >= since_s:
                yield Standing(*reads, each.positions)

    def _note_place(self, subscription: Subscription, partition: int, position: int) -> None:
        below_tail = position < self._log.tail_first(partition)
        about_ms = self._log.about_ms(partition, position) if below_tail else None
        if about_ms is None:
            self.forget(subscription)
        else:
            self._below_tail[subscription] = (about_ms, partition)

    def _note_progress(self, subscription: Subscription, partition: int, position: int) -> None:
        page = subscription.in_hand
        if page is not None and page.partition == partition and position >= page.next:
            subscription.reached_ms[partition] = page.last_ms
            subscription.in_hand = None
        if position < self._log.tail_first(partition):
            self._source.ahead(partition, position)

    def _deliver(self, subscription: Subscription, buffers: list[Buffer], events: int) -> None:
        if not buffers:
            return
        seal = subscription.encoding.seal
        if seal is not None:
            buffers = seal(buffers, self._cursor(tuple(subscription.positions)))
        if not subscription.announced:
            subscription.replayed += events
        self._emit(EventsReplayed(events, sum(map(len, buffers))))
        try:
            if len(buffers) == 1:
                subscription.write(buffers[0])
            else:
                subscription.sink.write_all(buffers)
        except Exception:  # noqa: BLE001 - a transport that died under us
            self._lost(subscription)

    def _loaded(self, subscription: Subscription, page: Page | None) -> None:
        subscription.queued = False
        if subscription.lane is not Lane.GONE:
            subscription.in_hand = page
            self.wake(subscription)
