"""A subscriber that believes nothing: checks what it was sent against the broker's truth.

It reads the bytes alone, keeps its cursor by the protocol's rule (the last cursor that a frame
carried, then position[partition] = offset + 1 for each event), and fails on the first event that is
missing, repeated, out of order or unwanted, and on the first cursor that would lose or repeat one.
"""

from __future__ import annotations

from contracts.close import CloseCode
from contracts.cursor import parse_cursor
from contracts.frames import Control, Event
from publisher.app.hub import Hub
from publisher.app.subscription import Lane, Subscription
from publisher_fakes.broker_log import FakeBrokerLog
from publisher_fakes.sink import FakeSink


class Witness:
    """See the module. `at` is the cursor, from the resolved start on."""

    def __init__(
        self, broker: FakeBrokerLog, hub: Hub, subscription: Subscription, sink: FakeSink
    ) -> None:
        self.broker = broker
        self.hub = hub
        self.subscription = subscription
        self.sink = sink
        self.at = list(subscription.positions)
        self.stop = None if subscription.stop is None else list(subscription.stop)
        self.got = 0
        self.live_seen = False
        self.ended: str | None = None
        self.problem: str | None = None

    @property
    def gone(self) -> bool:
        """The hub has let it go."""
        return self.subscription.lane is Lane.GONE

    def add_partition(self, floor: int) -> None:
        """The topic grew: a stream gets the new partition, a bounded one nothing of it."""
        self.at.append(floor)
        if self.stop is not None:
            self.stop.append(floor)

    def check(self) -> None:
        """Everything that was written since the last look."""
        for frame in self.sink.new_frames():
            assert self.ended is None, f"{frame} after {self.ended}"
            if isinstance(frame, Event):
                self._event(frame)
            else:
                self._control(frame)
        self._check_hub()

    def _event(self, frame: Event) -> None:
        partition, offset = frame.partition, frame.offset
        expected = next(iter(self._wanted(partition, self.at[partition], offset + 1)), None)
        assert offset == expected, (
            f"partition {partition}: got {offset}, expected {expected}, stood at {self.at}"
        )
        if self.stop is not None:
            assert offset < self.stop[partition], "beyond the end"
        ident = f"{self.broker[partition].epoch}.{offset}"
        assert frame.event["id"].split(".")[1] == ident.split(".")[1]
        value = self.broker[partition].records[offset].value or b""
        assert frame.event["id"].encode() in value, "stale: from before the log was cut"
        self.at[partition] = offset + 1
        self.got += 1

    def _control(self, frame: Control) -> None:
        if frame.cursor is not None:
            self._cursor(frame)
        match frame.type:
            case "live":
                assert not self.live_seen, "live twice"
                assert frame.members["replayed"] == self.got
                assert self.stop is None
                self.live_seen = True
            case "end":
                assert self.stop is not None
                assert self.at == self.stop
                self.ended = "end"
            case "moved" | "error":
                self.ended = frame.type
                self.problem = frame.members.get("problem", {}).get("type")
                if self.problem == "cursor-expired":
                    floors = self.hub.log.floors
                    assert any(at < floor for at, floor in zip(self.at, floors, strict=False))
            case "heartbeat":
                behind = [max(0, t - a) for t, a in zip(self._tips(), self.at, strict=True)]
                assert frame.members["behind"] <= sum(behind)
            case other:
                assert other == "hello"

    def _cursor(self, frame: Control) -> None:
        """Resuming from it gives just the events after those written."""
        cursor = parse_cursor(frame.cursor or "")
        assert cursor.generation == self.hub.generation
        assert len(cursor.positions) == len(self.at), f"{frame}: partitions"
        for partition, position in enumerate(cursor.positions):
            assert position >= self.at[partition], f"{frame} would repeat, stood at {self.at}"
            lost = list(self._wanted(partition, self.at[partition], position))
            assert not lost, f"{frame} would lose {lost} of partition {partition}"
            self.at[partition] = position

    def _check_hub(self) -> None:
        """What the hub believes of it is what it has got."""
        if self.gone or self.ended is not None:
            return
        positions = self.hub.positions_of(self.subscription)
        assert len(positions) == len(self.at)
        for partition, position in enumerate(positions):
            assert position >= self.at[partition], "the hub would repeat"
            lost = list(self._wanted(partition, self.at[partition], position))
            assert not lost, f"the hub skipped {lost} of partition {partition}"

    def check_settled(self) -> None:
        """With nothing left to happen: it has all, or it was told why not."""
        if self.sink.dead or self.sink.raises or self.sink.aborted:
            assert self.gone or not self.sink.dead
            return
        if self.gone:
            assert self.ended is not None, "left without a word"
            self._check_ending()
            return
        assert self.ended is None
        tips = self._tips()
        for partition, at in enumerate(self.at):
            end = (
                tips[partition] if self.stop is None else min(tips[partition], self.stop[partition])
            )
            lost = list(self._wanted(partition, at, end))
            assert not lost, f"never sent {lost} of partition {partition}; {self.subscription.lane}"
        if self.stop is None and all(a <= t for a, t in zip(self.at, tips, strict=True)):
            assert self.subscription.lane is Lane.LIVE
            assert self.live_seen
        else:
            assert self.subscription.lane is Lane.WAITING

    def _check_ending(self) -> None:
        assert self.sink.closed is not None
        code = self.sink.closed[0]
        if self.ended == "end":
            assert code is CloseCode.NORMAL
        elif self.ended == "moved":
            assert code is CloseCode.MOVED
        elif self.problem == "cursor-expired":
            assert code is CloseCode.CURSOR_EXPIRED
        else:
            assert self.problem == "cursor-ahead"
            assert code is CloseCode.CURSOR_AHEAD

    def _wanted(self, partition: int, low: int, high: int) -> list[int]:
        return list(self.broker.offsets(partition, low, high, self.subscription.wanted))

    def _tips(self) -> tuple[int, ...]:
        return self.hub.log.tips
