"""The sweep: heartbeats, stalled sockets and credentials that ended, for all, from one timer.

A subscriber has one of `SLOTS` slots, so that heartbeats spread over the interval; those at the tip
share their bytes. Nothing is scheduled per subscriber: only full sockets are looked at, and those
whose credentials have an end.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from contracts.frames import heartbeat_frame
from contracts.problem import Problem, ProblemType
from publisher.app.hub import Hub
from publisher.app.ports import Scheduler
from publisher.app.subscription import Lane, Subscription
from publisher.domain.encoding import Encoding
from publisher.domain.slowness import is_stalled, observe

SLOTS = 16
_MOST_ENDED = 100
"""Told at a time that they may stay no longer; tokens that were issued together end together."""
_ENDED = Problem(
    ProblemType.UNAUTHENTICATED,
    "the token of this subscription has expired; subscribe again with a new one, from the cursor",
)


@dataclass(frozen=True, slots=True)
class Intervals:
    """Seconds; settings of the service."""

    heartbeat_s: float = 15.0
    stall_s: float = 30.0
    """A socket that does not drain at all for this long is given up."""


class Sweep:
    """See the module. `start` once; it goes on until `stop`."""

    def __init__(self, hub: Hub, scheduler: Scheduler, intervals: Intervals) -> None:
        self._hub = hub
        self._scheduler = scheduler
        self._intervals = intervals
        self._slots: list[set[Subscription]] = [set() for _ in range(SLOTS)]
        self._until_s: dict[Subscription, float] = {}
        self._slot = 0
        self._running = False

    def start(self) -> None:
        """Begin sweeping."""
        self._running = True
        self._scheduler.later(self._intervals.heartbeat_s / SLOTS, self._tick)

    def stop(self) -> None:
        """Sweep no more."""
        self._running = False

    def add(self, subscription: Subscription, until_s: float | None = None) -> None:
        """A new subscriber: its first heartbeat comes an interval from now.

        Its credentials end at `until_s`, by the scheduler's clock, if they end.
        """
        if subscription.lane is Lane.GONE:
            return
        subscription.slot = self._slots[self._slot]
        subscription.slot.add(subscription)
        if until_s is not None:
            self._until_s[subscription] = until_s

    def _tick(self) -> None:
        if not self._running:
            return
        if self._hub.in_round:  # some have the round's block and some have not: just after it
            self._scheduler.soon(self._tick)
            return
        self._scheduler.later(self._intervals.heartbeat_s / SLOTS, self._tick)
        self._slot = (self._slot + 1) % SLOTS
        self._beat(self._slots[self._slot])
        self._find_stalled()
        if self._until_s:
            self._find_ended()

    def _beat(self, slot: set[Subscription]) -> None:
        shared: dict[Encoding, bytes] = {}
        tip = heartbeat_frame(self._hub.cursor(self._hub.log.tips), 0)
        for subscription in list(slot):
            if subscription.lane is Lane.LIVE:
                frame = shared.get(subscription.encoding)
                if frame is None:
                    frame = shared[subscription.encoding] = subscription.encoding.wrap(tip)
                self._hub.tell_encoded(subscription, frame)
            else:
                self._hub.heartbeat(subscription)

    def _find_stalled(self) -> None:
        now_s = self._scheduler.now_s()
        for subscription in self._hub.full():
            if subscription.standstill is not None:
                # Full since the last look: its page may be read again from the cache or Kafka, and
                # so what slow subscribers hold is no page each.
                subscription.in_hand = None
            subscription.standstill = observe(
                subscription.standstill,
                paused=True,
                buffered_bytes=subscription.sink.buffered_bytes,
                now_s=now_s,
            )
            if is_stalled(subscription.standstill, limit_s=self._intervals.stall_s, now_s=now_s):
                self._hub.stall(subscription)

    def _find_ended(self) -> None:
        now_s, until_s = self._scheduler.now_s(), self._until_s
        over = (each for each in until_s if each.lane is Lane.GONE or until_s[each] <= now_s)
        taken = list(islice(over, _MOST_ENDED))
        for subscription in taken:
            del until_s[subscription]
            self._hub.refuse(subscription, _ENDED, resumable=True)
        if len(taken) == _MOST_ENDED:
            self._scheduler.soon(self._find_ended)
