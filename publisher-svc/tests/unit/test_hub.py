"""The hub: who is in which lane, scene by scene. The state machine looks for the other scenes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from publisher_fakes.sink import FakeSink
from publisher_fakes.stage import Stage

from contracts.close import CloseCode
from contracts.problem import Problem, ProblemType
from publisher.app import live_lane
from publisher.app.catch_up_lane import Turns
from publisher.app.events import (
    CaughtUp,
    EventsBroadcast,
    FellBehind,
    LogTrimmed,
    SubscriberJoined,
    SubscriberLeft,
)
from publisher.app.subscription import Lane
from publisher.domain.errors import InvariantError
from publisher.domain.filter import Filter

TYPE_A = Filter(types=frozenset({"a"}))
TYPE_B = Filter(types=frozenset({"b"}))


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_lane, "CHUNK", 1)  # a round of two subscribers can be suspended


def finish(steps: Iterator[None]) -> None:
    """Go on with a suspended round to its end."""
    for _ in steps:
        pass


def suspended(stage: Stage, count: int = 2) -> tuple[Iterator[None], list[FakeSink]]:
    """A round suspended after the first of `count` live subscribers; those still due come last."""
    sinks = [stage.join()[1] for _ in range(count)]
    stage.broker[0].append()
    steps = stage.round(suspended=True)
    return steps, sorted(sinks, key=lambda sink: not sink.events())


# -- joining -------------------------------------------------------------------------------------


def test_at_the_tip_one_is_live_at_once() -> None:
    stage = Stage(3)
    subscription, sink = stage.join()
    assert subscription.lane is Lane.LIVE
    assert sink.controls("live")[0].members == {
        "type": "live",
        "cursor": "0:3@0badcafe",
        "replayed": 0,
    }
    stage.publish()
    assert sink.events() == [(0, 3)]
    assert stage.emitted[:2] == [
        SubscriberJoined("websocket"),
        CaughtUp("websocket", first=True, replayed=0),
    ]


def test_behind_it_one_replays_and_then_is_live_once() -> None:
    stage = Stage(3)
    _, sink = stage.join(1)
    assert stage.hub.lanes() == {"live": 0, "catch-up": 1, "waiting": 0}
    stage.settle()
    stage.publish()
    assert sink.events() == [(0, 1), (0, 2), (0, 3)]
    assert [c.members["replayed"] for c in sink.controls("live")] == [2]
    assert stage.hub.lanes() == {"live": 1, "catch-up": 0, "waiting": 0}


def test_beyond_the_tip_but_within_the_brokers_end_one_waits() -> None:
    stage = Stage(5, tips=(2,))
    subscription, sink = stage.join(4)
    assert stage.hub.lanes()["waiting"] == 1
    assert stage.hub.behind(subscription) == 0
    stage.round()
    stage.settle()
    assert sink.events() == [(0, 4)]
    assert subscription.lane is Lane.LIVE


def test_a_tip_that_stops_short_of_a_waiting_one_leaves_it_waiting() -> None:
    stage = Stage(5, tips=(0,))
    subscription, sink = stage.join(4)
    page = stage.broker.page(0, 0, 2)
    finish(stage.hub.broadcast([page]))
    stage.settle()
    assert stage.hub.lanes()["waiting"] == 1
    assert (subscription.lane, sink.events()) == (Lane.WAITING, [])


def test_who_goes_while_it_waits_is_not_woken() -> None:
    stage = Stage(5, tips=(2,))
    subscription, sink = stage.join(4)
    stage.hub.unsubscribe(subscription)
    assert stage.hub.lanes() == {"live": 0, "catch-up": 0, "waiting": 0}
    stage.round()
    stage.settle()
    assert (subscription.lane, sink.events()) == (Lane.GONE, [])


def test_a_bounded_stream_ends_exactly_at_its_end_and_is_never_live() -> None:
    stage = Stage(5)
    _, sink = stage.join(1, stop=(4,))
    stage.settle()
    assert sink.events() == [(0, 1), (0, 2), (0, 3)]
    assert sink.controls("end")[0].cursor == "0:4@0badcafe"
    assert sink.controls("live") == []
    assert sink.closed == (CloseCode.NORMAL, "end")
    assert len(stage.hub) == 0


def test_a_bounded_stream_whose_end_is_not_consumed_yet_waits_for_it() -> None:
    stage = Stage(5, tips=(2,))
    subscription, sink = stage.join(2, stop=(4,))
    assert subscription.lane is Lane.WAITING
    stage.round()
    stage.settle()
    assert sink.events() == [(0, 2), (0, 3)]
    assert sink.closed == (CloseCode.NORMAL, "end")


def test_an_empty_bounded_stream_ends_at_once() -> None:
    stage = Stage(5)
    _, sink = stage.join(5, stop=(5,))
    assert sink.closed == (CloseCode.NORMAL, "end")


def test_a_dead_socket_never_comes_into_the_books() -> None:
    """It died while it was told hello: subscribing it would count it for ever."""
    stage = Stage(2)
    for start in ((), (0,)):
        sink = FakeSink()
        sink.raises = True
        plan_start = start or stage.log.tips
        subscription, _ = stage.join(*plan_start, sink=sink)
        stage.hub.unsubscribe(subscription)
        stage.hub.subscribe(subscription)
        assert len(stage.hub) == 0
        assert subscription.lane is Lane.GONE


def test_who_went_before_it_was_in_does_not_leave() -> None:
    stage = Stage(2)
    sink = FakeSink()
    subscription, _ = stage.join(sink=sink)
    stage.hub.unsubscribe(subscription)
    stage.hub.unsubscribe(subscription)
    left = [each for each in stage.emitted if isinstance(each, SubscriberLeft)]
    assert left == [SubscriberLeft("websocket", None, "gone")]


# -- fan-out -------------------------------------------------------------------------------------


def test_one_block_for_all_with_the_same_filter() -> None:
    stage = Stage(0)
    sinks = [stage.join(wanted=wanted)[1] for wanted in (TYPE_A, TYPE_A, TYPE_B)]
    stage.broker[0].append("a")
    stage.broker[0].append("b")
    stage.broker[0].append_raw(b"foreign")
    stage.round()
    assert [sink.events() for sink in sinks] == [[(0, 0)], [(0, 0)], [(0, 1)]]
    summary = next(each for each in stage.emitted if isinstance(each, EventsBroadcast))
    assert (summary.events, summary.skipped, summary.deliveries) == (2, 1, 3)
    assert summary.newest_ms == 1_000_002


def test_a_round_of_several_partitions_is_one_write() -> None:
    stage = Stage(0, 0)
    _, sink = stage.join()
    before = len(sink.writes)
    stage.broker[0].append()
    stage.broker[1].append()
    stage.round()
    assert sink.events() == [(0, 0), (1, 0)]
    assert len(sink.writes) == before + 1


def test_a_round_of_holes_writes_nothing_and_moves_all() -> None:
    stage = Stage(0)
    subscription, sink = stage.join()
    before = len(sink.writes)
    stage.broker[0].hole(5)
    stage.round()
    assert len(sink.writes) == before
    assert stage.hub.cursor_of(subscription) == "0:5@0badcafe"
    assert not any(isinstance(each, EventsBroadcast) for each in stage.emitted)


def test_a_page_that_does_not_follow_the_tip_is_refused() -> None:
    stage = Stage(5, tips=(2,))
    with pytest.raises(InvariantError, match="does not follow"):
        finish(stage.hub.broadcast([stage.broker.page(0, 3, 5)]))


def test_a_round_within_a_round_is_refused() -> None:
    stage = Stage(0)
    steps, _ = suspended(stage)
    with pytest.raises(InvariantError, match="inside another"):
        finish(stage.hub.broadcast([]))
    finish(steps)


def test_views_made_for_the_live_lane_count_in_the_memory() -> None:
    stage = Stage(0)
    stage.join(wanted=TYPE_A)
    for _ in range(20):
        stage.broker[0].append("a", size=4000)
        stage.broker[0].append("b", size=4000)
    stage.round()
    held = [page for tail in stage.log._tails for page in tail._pages]
    assert any(page._views for page in held)
    assert stage.log.tail_bytes == sum(page.weight_bytes for page in held)


def test_a_transport_that_raises_in_a_round_is_lost_not_skipped() -> None:
    stage = Stage(0)
    subscription, sink = stage.join()
    _, other = stage.join()
    sink.raises = True
    stage.publish()
    sink.raises = False
    stage.publish()
    stage.settle()
    assert sink.events() == []  # whatever it swallowed: nothing may follow a gap
    assert subscription.lane is Lane.GONE
    assert sink.aborted
    assert other.events() == [(0, 0), (0, 1)]


def test_a_transport_that_raises_in_replay_or_when_told_is_lost() -> None:
    stage = Stage(3)
    subscription, sink = stage.join(0)
    sink.raises = True
    stage.settle()
    assert (subscription.lane, sink.aborted) == (Lane.GONE, True)
    subscription, sink = stage.join()
    sink.raises = True
    stage.hub.heartbeat(subscription)
    assert (subscription.lane, sink.aborted) == (Lane.GONE, True)


# -- slow subscribers ----------------------------------------------------------------------------


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


# -- suspended rounds ----------------------------------------------------------------------------


def test_a_joiner_during_a_suspended_round_gets_it_once() -> None:
    stage = Stage(0)
    steps, _ = suspended(stage)
    _, sink = stage.join(0)
    _, at_tip = stage.join()
    stage.settle()
    finish(steps)
    assert sink.events() == [(0, 0)]
    assert at_tip.events() == []


def test_who_left_and_came_back_during_a_suspended_round_gets_its_block_once() -> None:
    """Demoted before its chunk, caught up and live again before the round goes on."""
    stage = Stage(0)
    steps, (_, due) = suspended(stage)
    due.paused = True
    due.on_pause()
    assert stage.hub.lanes()["catch-up"] == 1
    due.drain()
    stage.settle()
    assert stage.hub.lanes()["live"] == 2
    finish(steps)
    stage.publish()
    assert due.events() == [(0, 0), (0, 1)]
    assert len(due.controls("live")) == 1


def test_back_and_gone_again_during_a_suspended_round() -> None:
    stage = Stage(0)
    steps, (_, due) = suspended(stage)
    for _ in range(2):
        due.paused = True
        due.on_pause()
        due.drain()
        stage.settle()
    due.paused = True
    due.on_pause()
    finish(steps)
    due.drain()
    stage.publish()
    stage.settle()
    assert due.events() == [(0, 0), (0, 1)]


def test_cursors_during_a_suspended_round_are_exact() -> None:
    stage = Stage(0)
    steps, _ = suspended(stage, 3)
    for subscription in stage.hub.subscriptions():
        stage.hub.heartbeat(subscription)
    for subscription in stage.hub.subscriptions():
        sink = subscription.sink
        assert isinstance(sink, FakeSink)
        beat = sink.controls("heartbeat")[-1]
        assert beat.cursor == f"0:{len(sink.events())}@0badcafe"
        assert beat.members["behind"] == 1 - len(sink.events())
    finish(steps)


def test_moved_during_a_suspended_round_tells_what_was_written() -> None:
    stage = Stage(0)
    steps, sinks = suspended(stage, 3)
    for subscription in stage.hub.subscriptions():
        stage.hub.move(subscription, 5)
    for sink in sinks:
        assert sink.controls("moved")[0].cursor == f"0:{len(sink.events())}@0badcafe"
    finish(steps)
    assert len(stage.hub) == 0


def test_a_partition_added_during_a_suspended_round_is_in_every_cursor() -> None:
    stage = Stage(0)
    steps, (written, due) = suspended(stage)
    stage.broker.partitions.append(type(stage.broker[0])())
    stage.hub.add_partition(floor=0, tip=0)
    for subscription in stage.hub.subscriptions():
        stage.hub.heartbeat(subscription)
    assert written.controls("heartbeat")[0].cursor == "0:1,1:0@0badcafe"
    assert due.controls("heartbeat")[0].cursor == "0:0,1:0@0badcafe"
    for sink in (written, due):
        sink.paused = True
        sink.on_pause()
        sink.drain()
    finish(steps)
    stage.broker[1].append()
    stage.round()
    stage.settle()
    assert written.events() == due.events() == [(0, 0), (1, 0)]


def test_a_socket_that_fills_in_the_rest_of_such_a_round_keeps_the_new_partition() -> None:
    stage = Stage(0)
    steps, (_, due) = suspended(stage)
    due.high = 1
    stage.broker.partitions.append(type(stage.broker[0])())
    stage.hub.add_partition(floor=0, tip=0)
    finish(steps)
    stage.broker[1].append()
    stage.round()
    due.drain()
    stage.settle()
    assert due.events() == [(0, 0), (1, 0)]


def test_after_a_cut_in_a_suspended_round_newcomers_stand_at_the_new_end() -> None:
    stage = Stage(0)
    steps, _ = suspended(stage)
    stage.broker[0].cut_end(0)
    stage.hub.truncated(0, floor=0, end=0)
    subscription, sink = stage.join()
    assert stage.hub.cursor_of(subscription) == "0:0@0badcafe"
    finish(steps)
    stage.publish()
    assert sink.events() == [(0, 0)]


# -- the log's bounds ----------------------------------------------------------------------------


def test_retention_that_overtakes_a_reader_is_told() -> None:
    stage = Stage(10, tips=(10,))
    _, sink = stage.join(2)
    stage.broker[0].start = 5
    stage.hub.expire(0, 5)
    stage.settle()
    problem = sink.controls("error")[0].members["problem"]
    assert (problem["type"], problem["earliest"]) == ("cursor-expired", "0:5@0badcafe")
    assert sink.closed == (CloseCode.CURSOR_EXPIRED, "cursor-expired")
    assert LogTrimmed(0, 5) in stage.emitted


def test_retention_noticed_by_the_load_itself_is_told() -> None:
    """The cut lies inside an aligned page: it must not look like a hole."""
    stage = Stage(10)
    _, sink = stage.join(2)
    _, above = stage.join(7)
    stage.broker[0].start = 5
    stage.settle()
    assert sink.events() == []
    assert sink.controls("error")[0].members["problem"]["type"] == "cursor-expired"
    assert above.events() == [(0, 7), (0, 8), (0, 9)]


def test_expiry_is_told_once_and_only_upwards() -> None:
    stage = Stage(10)
    stage.hub.expire(0, 5)
    stage.hub.expire(0, 5)
    stage.hub.expire(0, 3)
    assert [each for each in stage.emitted if isinstance(each, LogTrimmed)] == [LogTrimmed(0, 5)]


def test_overtaken_tells_all_who_stood_below() -> None:
    stage = Stage(10, tips=(4,))
    _, live = stage.join()
    _, waiting = stage.join(6)
    _, beyond = stage.join(9)
    _, bounded = stage.join(4, stop=(6,))
    stage.broker[0].start = 9
    stage.hub.overtaken(0, 9)
    stage.settle()
    for sink in (live, waiting, bounded):
        assert sink.closed == (CloseCode.CURSOR_EXPIRED, "cursor-expired")
    stage.round()
    stage.settle()
    assert beyond.events() == [(0, 9)]


def test_a_log_that_lost_its_end_tells_who_had_more() -> None:
    stage = Stage(10)
    _, live = stage.join()
    _, behind = stage.join(2)
    stage.broker[0].cut_end(6)
    stage.hub.truncated(0, floor=0, end=6)
    assert live.closed == (CloseCode.CURSOR_AHEAD, "cursor-ahead")
    assert live.controls("error")[0].members["problem"]["end"] == "0:6@0badcafe"
    stage.settle()
    stage.publish()
    assert behind.events() == [(0, at) for at in range(2, 7)]


def test_a_page_in_hand_from_before_the_cut_is_not_served() -> None:
    stage = Stage(10, turns=Turns(read_bytes=1, work_s=0.0))
    subscription, sink = stage.join(0)
    stage.scheduler.settle()
    stage.source.serve()
    stage.scheduler.run_soon()
    assert subscription.in_hand is not None
    got = len(sink.events())
    assert got < 6
    stage.broker[0].cut_end(6)
    stage.hub.truncated(0, floor=0, end=6)
    for _ in range(4):
        stage.publish()
    stage.settle()
    assert [f.event["id"] for f in sink.frames() if hasattr(f, "event")] == [
        *[f"0.{at}" for at in range(6)],
        *[f"1.{at}" for at in range(6, 10)],
    ]


def test_a_recreated_topic_ends_every_stream() -> None:
    stage = Stage(3)
    _, live = stage.join()
    _, behind = stage.join(0)
    stage.hub.recreated()
    for sink in (live, behind):
        assert sink.closed == (CloseCode.CURSOR_FOREIGN, "cursor-foreign")
    assert stage.log.partitions == 0
    stage.settle()


def test_a_new_partition_comes_from_its_floor_but_not_to_bounded_streams() -> None:
    stage = Stage(3)
    _, live = stage.join()
    _, behind = stage.join(1)
    _, bounded = stage.join(1, stop=(2,))
    new = type(stage.broker[0])(2, 2)
    for _ in range(3):
        new.append()
    stage.broker.partitions.append(new)
    stage.hub.add_partition(floor=2, tip=4)
    stage.settle()
    stage.round()
    stage.settle()
    new_events = [(1, 2), (1, 3), (1, 4)]
    assert live.events() == new_events
    assert sorted(behind.events()) == [(0, 1), (0, 2), *new_events]
    assert bounded.events() == [(0, 1)]
    assert bounded.controls("end")[0].cursor == "0:2,1:2@0badcafe"


# -- ends ----------------------------------------------------------------------------------------


def test_what_ends_a_stream_ends_it_once() -> None:
    stage = Stage(1)
    subscription, sink = stage.join()
    problem = Problem(ProblemType.TOO_MUCH_INPUT, "too much")
    stage.hub.refuse(subscription, problem)
    stage.hub.refuse(subscription, problem)
    stage.hub.move(subscription, 1)
    stage.hub.pause(subscription)
    stage.hub.stall(subscription)
    assert len(sink.controls("error")) == 1
    assert sink.controls("moved") == []
    assert sink.closed == (CloseCode.POLICY_VIOLATION, "too-much-input")
    assert len([each for each in stage.emitted if isinstance(each, SubscriberLeft)]) == 1


def test_who_cannot_be_told_is_gone_all_the_same() -> None:
    stage = Stage(1)
    subscription, sink = stage.join()
    sink.raises = True
    stage.hub.move(subscription, 1)
    assert subscription.lane is Lane.GONE
    assert sink.closed is None
