"""The sweep: heartbeats spread over the interval, stalled sockets given up, slow ones let go."""

from __future__ import annotations

from publisher_fakes.sink import FakeSink
from publisher_fakes.stage import Stage

from contracts.close import CloseCode
from publisher.app.catch_up_lane import Turns
from publisher.app.subscription import Lane


def test_each_is_told_once_an_interval_whatever_the_traffic() -> None:
    stage = Stage(0)
    stage.sweep.start()
    sinks = []
    for _ in range(20):
        sinks.append(stage.join()[1])
        stage.scheduler.advance(1.0)
    for _ in range(64):
        stage.publish()
        stage.scheduler.advance(1.0)
    for sink in sinks:
        assert 4 <= len(sink.controls("heartbeat")) <= 5
    beat = sinks[0].controls("heartbeat")[0]
    assert beat.members == {"type": "heartbeat", "cursor": "0:0@0badcafe", "behind": 0}


def test_the_first_comes_an_interval_after_the_beginning() -> None:
    stage = Stage(0)
    stage.sweep.start()
    stage.scheduler.advance(3.5)
    _, sink = stage.join()
    stage.scheduler.advance(15.0)
    assert sink.controls("heartbeat") == []
    stage.scheduler.advance(1.0)
    assert len(sink.controls("heartbeat")) == 1


def test_those_behind_are_told_how_far() -> None:
    stage = Stage(5)
    stage.sweep.start()
    _, sink = stage.join(2)
    stage.scheduler.run_soon()  # asks for its page, which does not come
    stage.scheduler.advance(17.0)
    beat = sink.controls("heartbeat")[0]
    assert (beat.cursor, beat.members["behind"]) == ("0:2@0badcafe", 3)


def test_during_a_suspended_round_it_waits_for_its_end() -> None:
    stage = Stage(0)
    sinks = [stage.join()[1] for _ in range(2)]
    stage.broker[0].append()
    steps = stage.round(suspended=True)
    for _ in range(16):
        stage.sweep._slot = -1
        stage.sweep._running = True
        stage.sweep._tick()
    assert all(sink.controls("heartbeat") == [] for sink in sinks)
    assert stage.scheduler.due_soon == 16
    for _ in steps:
        pass
    stage.scheduler.run_soon()
    assert [beat.cursor for sink in sinks for beat in sink.controls("heartbeat")] == [
        "0:1@0badcafe"
    ] * 2


def test_the_gone_are_told_nothing_and_forgotten() -> None:
    stage = Stage(0)
    stage.sweep.start()
    subscription, sink = stage.join()
    stage.hub.unsubscribe(subscription)
    assert not any(stage.sweep._slots)  # at once: a storm of them would be held until their turn
    stage.scheduler.advance(40.0)
    assert sink.controls("heartbeat") == []


def test_who_is_gone_before_it_is_added_is_not_held() -> None:
    stage = Stage(0)
    dead = FakeSink()
    dead.dead = True
    stage.join(sink=dead)
    assert not any(stage.sweep._slots)


def test_a_heartbeat_that_fills_a_live_socket_demotes_it() -> None:
    stage = Stage(0)
    stage.sweep.start()
    subscription, sink = stage.join()
    sink.high = sink.buffered_bytes
    stage.scheduler.advance(17.0)
    assert subscription.lane is Lane.CATCH_UP
    stage.publish()
    sink.drain()
    stage.scheduler.settle()
    assert sink.events() == [(0, 0)]


def test_a_socket_that_drains_nothing_is_given_up() -> None:
    stage = Stage(0)
    stage.sweep.start()
    stalled, dead = stage.join(sink=FakeSink(high=10))
    slow, alive = stage.join(sink=FakeSink(high=10, low=0))
    for _ in range(40):
        alive.drain(1)
        stage.scheduler.advance(1.0)
    assert (stalled.lane, dead.aborted) == (Lane.GONE, True)
    assert (slow.lane, alive.aborted) == (Lane.CATCH_UP, False)
    assert len(stage.hub) == 1


def test_a_socket_that_has_room_again_in_time_stays() -> None:
    stage = Stage(0)
    stage.sweep.start()
    subscription, sink = stage.join(sink=FakeSink(high=10))
    stage.scheduler.advance(29.0)
    sink.high = 1 << 20
    sink.drain()
    stage.scheduler.advance(29.0)
    assert subscription.lane is Lane.LIVE
    assert subscription.standstill is None


def test_a_full_socket_lets_go_of_its_page() -> None:
    """Else every slow subscriber could hold a page of its own, beyond all limits."""
    stage = Stage(20, turns=Turns(read_bytes=100))
    stage.sweep.start()
    subscription, sink = stage.join(0, sink=FakeSink(high=150, low=0))
    stage.settle()
    assert subscription.in_hand is not None
    stage.scheduler.advance(2.5)
    assert subscription.in_hand is None
    while subscription.lane is not Lane.LIVE:
        sink.drain()
        stage.settle()
    assert sink.events() == [(0, at) for at in range(20)]


def test_who_may_no_longer_is_told_where_it_stood_and_closed() -> None:
    stage = Stage(3)
    stage.sweep.start()
    replaying, behind = stage.join(1)
    live, at_the_tip = stage.join()
    forever, untouched = stage.join()
    for subscription, until_s in ((replaying, 40.0), (live, 50.0)):
        stage.sweep.add(subscription, stage.scheduler.now_s() + until_s)
    stage.scheduler.run_soon()  # asks for its page, which does not come
    stage.scheduler.advance(39.0)
    assert (replaying.lane, live.lane) == (Lane.CATCH_UP, Lane.LIVE)
    stage.publish()
    stage.scheduler.advance(2.0)
    assert (replaying.lane, live.lane) == (Lane.GONE, Lane.LIVE)
    stage.scheduler.advance(10.0)
    assert (live.lane, forever.lane) == (Lane.GONE, Lane.LIVE)
    for sink, cursor in ((behind, "0:1@0badcafe"), (at_the_tip, "0:4@0badcafe")):
        assert sink.closed == (CloseCode.UNAUTHENTICATED, "unauthenticated")
        [told] = sink.controls("error")
        assert (told.cursor, told.members["problem"]["type"]) == (cursor, "unauthenticated")
    assert untouched.controls("error") == []


def test_tokens_that_end_together_end_in_turns_of_the_loop() -> None:
    stage = Stage(0)
    joined = [stage.join() for _ in range(250)]
    for subscription, _ in joined:
        stage.sweep.add(subscription, stage.scheduler.now_s())
    stage.sweep._find_ended()
    assert len(stage.hub) == 150
    stage.scheduler.run_soon()
    assert len(stage.hub) == 50
    stage.scheduler.settle()
    assert len(stage.hub) == 0
    assert all(sink.closed == (CloseCode.UNAUTHENTICATED, "unauthenticated") for _, sink in joined)


def test_of_the_gone_nobody_waits_for_the_end_of_their_token() -> None:
    stage = Stage(0)
    stage.sweep.start()
    subscription, sink = stage.join()
    stage.sweep.add(subscription, 1e9)
    stage.hub.unsubscribe(subscription)
    stage.scheduler.advance(2.0)
    assert stage.sweep._until_s == {}
    assert sink.controls("error") == []


def test_stopped_is_stopped() -> None:
    stage = Stage(0)
    stage.sweep.start()
    _, sink = stage.join()
    stage.sweep.stop()
    stage.scheduler.advance(40.0)
    assert sink.controls("heartbeat") == []
    assert stage.scheduler.due_later == []
