"""The hub: which lane every subscriber is in, and every step between them.

All of it runs on the event loop and nothing here waits, so that no step of one subscriber can come
between another's. Invariants (docs/invariants.md): a subscriber joins the live lane only when its
positions equal the log's tips, in the same step; it leaves it with the positions up to which it was
written; whatever ends a subscription ends it once, and tells it why when its socket can be told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from contracts.close import CloseCode
from contracts.cursor import Cursor
from contracts.frames import (
    end_frame,
    error_frame,
    heartbeat_frame,
    live_frame,
    moved_frame,
)
from contracts.problem import Problem, ProblemType
from publisher.app.catch_up_lane import CatchUpLane, PageSource, Turns
from publisher.app.events import (
    CaughtUp,
    Emit,
    FellBehind,
    LogTrimmed,
    SubscriberJoined,
    SubscriberLeft,
)
from publisher.app.in_turn import InTurn
from publisher.app.live_lane import LiveLane, Rounds
from publisher.app.ports import BlockWriter, Scheduler
from publisher.app.subscription import Lane, Subscription
from publisher.domain.crowd import Standing
from publisher.domain.errors import InvariantError
from publisher.domain.log import Expired, Log
from publisher.domain.page import Page
from publisher.domain.plan import Positions

MOST_POSITIONS = 4096
"""Of replaying subscribers, that are looked at together: about a millisecond."""


class Hub:
    """See the module."""

    def __init__(
        self,
        log: Log,
        source: PageSource,
        scheduler: Scheduler,
        emit: Emit,
        *,
        turns: Turns = Turns(),  # noqa: B008 - a frozen value
        rounds: Rounds = Rounds(),  # noqa: B008 - a frozen value
        writer: BlockWriter | None = None,
    ) -> None:
        self.log = log
        self.generation = ""
        """The topic's, in every cursor that is given out."""
        self._emit = emit
        self._subscriptions: set[Subscription] = set()
        self._waiting: set[Subscription] = set()
        self._full: set[Subscription] = set()
        self._live = LiveLane(
            now_s=scheduler.now_s,
            rounds=rounds,
            fell_behind=self._fell_behind,
            lost=self._lost,
            cursor=self.cursor,
            writer=writer or InTurn(),
        )
        self._catch_up = CatchUpLane(
            log,
            source,
            scheduler,
            turns,
            arrived=self._arrived,
            expired=self._expired,
            lost=self._lost,
            live_traffic=lambda: len(self._live) > 0,
            cursor=self.cursor,
            emit=emit,
        )

    # -- commands ------------------------------------------------------------------------------

    def subscribe(self, subscription: Subscription) -> None:
        """Begin; the caller has written ``hello`` in the same step, which may have been its end."""
        if subscription.lane is Lane.GONE:
            return
        self._subscriptions.add(subscription)
        self._emit(SubscriberJoined(subscription.encoding.transport))
        if self._behind_nowhere(subscription):
            self._arrived(subscription)  # a live subscriber need not wait for a turn
        else:
            self._catch_up.wake(subscription)

    def unsubscribe(self, subscription: Subscription) -> None:
        """The subscriber went."""
        self._leave(subscription, None, "gone")

    def broadcast(self, pages: list[Page]) -> Iterator[None]:
        """Take the newest pages from the live consumer and fan them out.

        Yields when it has held the loop long enough; the caller lets others run and goes on.

        Raises:
            InvariantError: a page does not follow its partition's tip, or a round is still open.
        """
        if self._live.in_round:
            raise InvariantError("a fan-out round began inside another")
        before = self.log.tips
        for page in pages:
            self.log.append(page)
        for summary in self._live.fan_out(pages, before, self.log.tips):
            if summary is None:
                yield
            elif summary.events or summary.skipped:
                self._emit(summary)
        for page in pages:
            self.log.account(page)
        self._wake_waiting()

    def pause(self, subscription: Subscription) -> None:
        """The subscriber's socket is full."""
        if subscription.lane is not Lane.GONE:
            self._full.add(subscription)
        if subscription.lane is Lane.LIVE:
            self._live.full(subscription, self.log.tips)

    def resume(self, subscription: Subscription) -> None:
        """The subscriber's socket has room again."""
        self._full.discard(subscription)
        subscription.standstill = None
        if subscription.lane is Lane.GONE:
            return
        if subscription.heartbeat_due:
            subscription.heartbeat_due = False
            self.heartbeat(subscription)
        if subscription.lane in (Lane.CATCH_UP, Lane.WAITING):
            self._catch_up.wake(subscription)

    def heartbeat(self, subscription: Subscription) -> None:
        """Tell a subscriber where it stands; one whose socket is full is told when it has room."""
        if subscription.sink.paused:
            subscription.heartbeat_due = True
            return
        cursor = self.cursor_of(subscription)
        self.tell(subscription, heartbeat_frame(cursor, self.behind(subscription)))

    def tell(self, subscription: Subscription, frame: bytes) -> None:
        """Write one control frame."""
        self.tell_encoded(subscription, subscription.encoding.wrap(frame))

    def tell_encoded(self, subscription: Subscription, frame: bytes) -> None:
        """Write one control frame that is in the subscriber's encoding already, if it has one."""
        if not frame:
            return
        try:
            subscription.write(frame)
        except Exception:  # noqa: BLE001 - a transport that died under us
            self._lost(subscription)
        subscription.outlet.touched()

    def expire(self, partition: int, earliest: int) -> None:
        """The broker's log begins at `earliest` now."""
        if earliest > self.log.floors[partition]:
            self.log.expire(partition, earliest)
            self._emit(LogTrimmed(partition, earliest))
            self._wake_waiting()

    def overtaken(self, partition: int, earliest: int) -> None:
        """Retention passed the tip itself: nobody here has what lay between, and all are told."""
        self._demote_all()
        self.log.reset_partition(partition, floor=earliest, tip=earliest)
        self._emit(LogTrimmed(partition, earliest))
        self._wake_waiting()

    def truncated(self, partition: int, *, floor: int, end: int) -> None:
        """The broker lost the log's end: what is beyond it never was, and its readers are told."""
        beyond = [each for each in self._subscriptions if self.positions_of(each)[partition] > end]
        self._demote_all()
        for subscription in self._subscriptions:
            page = subscription.in_hand
            if page is not None and page.partition == partition and page.next > end:
                subscription.in_hand = None
        self.log.reset_partition(partition, floor=floor, tip=end)
        for subscription in beyond:
            detail = (
                f"partition {partition} now ends at {end}, before events that this stream has "
                "already delivered: the broker lost them; on_ahead=tip goes on from its end"
            )
            members = {"end": self.cursor(self.log.tips)}
            self.refuse(subscription, Problem(ProblemType.CURSOR_AHEAD, detail, members))
        self._wake_waiting()

    def recreated(self) -> None:
        """The topic is another one: no cursor on the old one means anything; all are told."""
        detail = (
            "the topic was recreated, and cursors of the one before mean nothing on it; "
            "start anew with since=earliest or since=now"
        )
        for subscription in self.subscriptions():
            self.refuse(subscription, Problem(ProblemType.CURSOR_FOREIGN, detail))
        self.log.clear()

    def add_partition(self, *, floor: int, tip: int) -> None:
        """The topic has one more partition, held here from `tip` on.

        Everybody gets it from `floor` on but bounded streams, whose end was resolved without it.
        """
        if floor < tip:
            self._demote_all()  # they read up to the tip like everybody else
        self._change_encodings()
        self.log.add_partition(floor=floor, tip=tip)
        self._live.add_partition(tip)
        for subscription in self._subscriptions:
            subscription.reached_ms.append(0)
            if subscription.lane is not Lane.LIVE:
                subscription.positions.append(floor)
                if subscription.stop is not None:
                    subscription.stop = (*subscription.stop, floor)
        self._wake_waiting()  # to read it, not only when the next event comes

    def refuse(
        self, subscription: Subscription, problem: Problem, *, resumable: bool = False
    ) -> None:
        """End a subscription abnormally: tell it why, if that helps from where to go on, and close.

        `resumable`: what it has got so far is in order.
        """
        if subscription.lane is Lane.GONE:
            return
        cursor = self.cursor_of(subscription) if resumable else None
        self.tell(subscription, error_frame(problem, cursor))
        self._finish(subscription, problem.close_code, problem.type.value.name)

    def stall(self, subscription: Subscription) -> None:
        """Give up a subscriber whose socket does not drain."""
        self._leave(subscription, CloseCode.STALLED, "stalled")
        subscription.sink.abort()

    def move(self, subscription: Subscription, retry_after_ms: int) -> None:
        """End a subscription by plan: its cursor serves on any instance."""
        if subscription.lane is Lane.GONE:
            return
        self.tell(subscription, moved_frame(self.cursor_of(subscription), retry_after_ms))
        self._finish(subscription, CloseCode.MOVED, "moved")

    # -- queries -------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many subscribers there are."""
        return len(self._subscriptions)

    def lanes(self) -> dict[str, int]:
        """Subscribers by lane."""
        live, waiting = len(self._live), len(self._waiting)
        behind = len(self._subscriptions) - live - waiting
        return {"live": live, "catch-up": behind, "waiting": waiting}

    def lanes_by_transport(self) -> dict[tuple[str, str], int]:
        """Subscribers by lane and transport; for whoever looks now and then."""
        return Counter((each.lane.value, each.encoding.transport) for each in self._subscriptions)

    def subscriptions(self) -> list[Subscription]:
        """All of them, as they are now."""
        return list(self._subscriptions)

    def full(self) -> list[Subscription]:
        """Those whose sockets are full now."""
        return list(self._full)

    def standings(self) -> Iterator[Standing]:
        """Where those stand who replay, and move; not more of them than a look can take."""
        most = max(16, MOST_POSITIONS // max(1, self.log.partitions))
        return islice(self._catch_up.standings(), most)

    @property
    def in_round(self) -> bool:
        """A fan-out round is suspended."""
        return self._live.in_round

    def positions_of(self, subscription: Subscription) -> Positions:
        """Up to where a subscriber has been written."""
        if subscription.lane is Lane.LIVE:
            return self._live.position_of(subscription, self.log.tips)
        return tuple(subscription.positions)

    def cursor_of(self, subscription: Subscription) -> str:
        """The same as a cursor's text."""
        return self.cursor(self.positions_of(subscription))

    def cursor(self, positions: Positions) -> str:
        """Positions on this topic as a cursor's text."""
        return str(Cursor(positions, self.generation))

    def behind(self, subscription: Subscription) -> int:
        """Distance to the tip in offsets."""
        positions = self.positions_of(subscription)
        return sum(max(0, tip - at) for tip, at in zip(self.log.tips, positions, strict=True))

    # -- steps between the lanes ---------------------------------------------------------------

    def _behind_nowhere(self, subscription: Subscription) -> bool:
        return all(at >= tip for at, tip in zip(subscription.positions, self.log.tips, strict=True))

    def _arrived(self, subscription: Subscription) -> None:
        """Nothing is left to read for it now."""
        if subscription.is_complete:
            self.tell(subscription, end_frame(self.cursor(tuple(subscription.positions))))
            self._finish(subscription, CloseCode.NORMAL, "end")
        elif subscription.stop is None and tuple(subscription.positions) == self.log.tips:
            self._join_live(subscription)
        else:
            subscription.lane = Lane.WAITING
            self._waiting.add(subscription)

    def _join_live(self, subscription: Subscription) -> None:
        self._waiting.discard(subscription)
        subscription.lane = Lane.LIVE
        subscription.in_hand = None
        self._live.join(subscription)
        first = not subscription.announced
        self._emit(CaughtUp(subscription.encoding.transport, first, subscription.replayed))
        if first:
            subscription.announced = True
            # May pause the socket and so put it back into the catch-up lane: nothing follows.
            cursor = self.cursor(tuple(subscription.positions))
            self.tell(subscription, live_frame(cursor, subscription.replayed))

    def _fell_behind(self, subscription: Subscription, positions: Positions) -> None:
        if not self._live.leave(subscription):
            return
        subscription.lane = Lane.CATCH_UP
        subscription.positions = list(positions)
        self._emit(FellBehind(subscription.encoding.transport))
        self._catch_up.wake(subscription)  # has no effect while the socket is full

    def _lost(self, subscription: Subscription) -> None:
        """A write raised: what the socket took of it is unknown, so nothing may follow it."""
        self._leave(subscription, None, "lost")
        subscription.sink.abort()

    def _demote_all(self) -> None:
        for subscription in list(self._live.members()):
            self._fell_behind(subscription, self.positions_of(subscription))

    def _change_encodings(self) -> None:
        """There will be several partitions: an encoding that knows just one is no longer true."""
        for subscription in [each for each in self._subscriptions if each.encoding.several]:
            if subscription.lane is Lane.LIVE:  # its group shares blocks of that encoding
                self._fell_behind(subscription, self.positions_of(subscription))
            subscription.encoding = subscription.encoding.several or subscription.encoding

    def _expired(self, subscription: Subscription, answer: Expired) -> None:
        earliest = self.cursor(self.log.floors)
        detail = (
            f"partition {answer.partition} now begins at {answer.earliest}: retention overtook "
            "this stream before it was read; on_expired=earliest goes on from there"
        )
        self.refuse(
            subscription, Problem(ProblemType.CURSOR_EXPIRED, detail, {"earliest": earliest})
        )

    def _wake_waiting(self) -> None:
        if self._waiting:
            for subscription in list(self._waiting):
                self._waiting.discard(subscription)
                subscription.lane = Lane.CATCH_UP
                self._catch_up.wake(subscription)

    def _finish(self, subscription: Subscription, code: CloseCode, reason: str) -> None:
        if subscription.lane is not Lane.GONE:
            self._leave(subscription, code, reason)
            subscription.sink.finish(code, reason)

    def _leave(self, subscription: Subscription, code: CloseCode | None, reason: str) -> None:
        if subscription.lane is Lane.GONE:
            return
        self._live.leave(subscription)
        self._catch_up.forget(subscription)
        self._waiting.discard(subscription)
        self._full.discard(subscription)
        if subscription.slot is not None:
            subscription.slot.discard(subscription)
        subscription.lane = Lane.GONE
        subscription.in_hand = None
        if subscription in self._subscriptions:  # else it died before it had joined
            self._subscriptions.discard(subscription)
            self._emit(SubscriberLeft(subscription.encoding.transport, code, reason))
