"""The hub: who is in which lane, scene by scene. The state machine looks for the other scenes."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from publisher_fakes.sink import FakeSink
from publisher_fakes.stage import Stage, finish

from contracts.close import CloseCode
from contracts.problem import Problem, ProblemType
from publisher.app.events import (
    CaughtUp,
    EventsBroadcast,
    SubscriberJoined,
    SubscriberLeft,
)
from publisher.app.subscription import Lane
from publisher.domain.errors import InvariantError
from publisher.domain.filter import Filter

TYPE_A = Filter(types=frozenset({"a"}))
TYPE_B = Filter(types=frozenset({"b"}))


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
    assert summary.writes == 3
    assert summary.newest_ms == 1_000_002


def test_a_round_given_up_in_the_middle_leaves_nobody_without_its_block() -> None:
    stage = Stage(0)
    sinks = [stage.join()[1] for _ in range(200)]
    stage.broker[0].append()
    steps = stage.round(suspended=True)
    assert isinstance(steps, Generator)
    steps.close()
    assert not stage.hub.in_round
    stage.settle()
    assert all(sink.events() == [(0, 0)] for sink in sinks)


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


def test_no_view_is_made_of_a_page_that_holds_nothing_of_a_filter() -> None:
    stage = Stage(0)
    subscription, sink = stage.join(wanted=TYPE_A)
    stage.broker[0].append("b")
    stage.round()
    assert not any(page._views for tail in stage.log._tails for page in tail._pages)
    assert stage.hub.positions_of(subscription) == (1,)
    stage.broker[0].append("a")
    stage.round()
    assert sink.events() == [(0, 1)]


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
