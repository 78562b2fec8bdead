"""The hub and slow subscribers: they leave the live lane and come back with nothing missing."""

from __future__ import annotations

from publisher_fakes.sink import FakeSink
from publisher_fakes.stage import Stage

from contracts.close import CloseCode
from publisher.app.catch_up_lane import Turns
from publisher.app.events import (
    FellBehind,
    SubscriberLeft,
)
from publisher.app.subscription import Lane
from publisher.domain.filter import Filter

TYPE_A = Filter(types=frozenset({"a"}))
TYPE_B = Filter(types=frozenset({"b"}))


def test_pause_inside_a_write_demotes_after_that_write() -> None:
    stage = Stage(0)
    sink = FakeSink(high=150)
    subscription, _ = stage.join(sink=sink)
    _, other = stage.join()
    stage.publish()
    stage.publish()
    stage.publish()
    assert stage.hub.lanes()["catch-up"] == 1
    got = sink.events()
    assert got == [(0, at) for at in range(len(got))]
    assert len(got) < 3
    assert other.events() == [(0, 0), (0, 1), (0, 2)]
    assert FellBehind("websocket") in stage.emitted
    while subscription.lane is not Lane.LIVE:
        sink.drain()
        stage.settle()
    assert sink.events() == [(0, 0), (0, 1), (0, 2)]
    assert len(sink.controls("live")) == 1


def test_pause_inside_the_live_frame_demotes_at_the_tip() -> None:
    stage = Stage(2)
    sink = FakeSink(high=10)
    subscription, _ = stage.join(sink=sink)
    assert subscription.lane is Lane.CATCH_UP
    stage.publish()
    sink.drain()
    stage.settle()
    assert sink.events() == [(0, 2)]
    assert len(sink.controls("live")) == 1


def test_pausing_in_the_catch_up_lane_keeps_the_place() -> None:
    stage = Stage(20, turns=Turns(read_bytes=100))
    sink = FakeSink(high=150)
    subscription, _ = stage.join(0, sink=sink)
    stage.settle()
    assert 0 < len(sink.events()) < 20
    stage.hub.pause(subscription)
    while subscription.lane is not Lane.LIVE:
        sink.drain()
        stage.settle()
    assert sink.events() == [(0, at) for at in range(20)]


def test_dying_inside_a_write_is_gone_and_not_written_again() -> None:
    stage = Stage(0)
    subscription, sink = stage.join()
    sink.dies_in_write = True
    stage.publish()
    stage.publish()
    assert subscription.lane is Lane.GONE
    assert sink.events() == [(0, 0)]


def test_dying_and_pausing_in_one_write_is_gone() -> None:
    stage = Stage(0)
    subscription, sink = stage.join()

    def pause_and_die() -> None:
        stage.hub.pause(subscription)
        sink.die()

    sink.on_pause = pause_and_die
    sink.high = 0
    stage.publish()
    assert subscription.lane is Lane.GONE


def test_a_heartbeat_into_a_full_socket_comes_when_it_has_room() -> None:
    stage = Stage(0)
    sink = FakeSink(high=150)
    subscription, _ = stage.join(sink=sink)
    for _ in range(3):
        stage.publish()
    stage.hub.heartbeat(subscription)
    assert sink.controls("heartbeat") == []
    got = len(sink.events())
    sink.drain()
    beat = sink.controls("heartbeat")[0]
    assert (beat.cursor, beat.members["behind"]) == (f"0:{got}@0badcafe", 3 - got)
    stage.hub.unsubscribe(subscription)
    stage.hub.resume(subscription)  # a late word from the socket changes nothing
    assert len(sink.controls("heartbeat")) == 1


def test_a_live_one_that_resumes_goes_on() -> None:
    stage = Stage(0)
    subscription, sink = stage.join()
    stage.hub.resume(subscription)
    stage.publish()
    assert sink.events() == [(0, 0)]


def test_stalled_is_dropped_without_flushing() -> None:
    stage = Stage(0)
    subscription, sink = stage.join()
    stage.hub.stall(subscription)
    assert (sink.aborted, sink.closed, len(stage.hub)) == (True, None, 0)
    assert SubscriberLeft("websocket", CloseCode.STALLED, "stalled") in stage.emitted
