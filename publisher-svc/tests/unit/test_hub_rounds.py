"""The hub while a fan-out round is suspended: some have its block and some have not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from publisher_fakes.sink import FakeSink
from publisher_fakes.stage import Stage, finish

from publisher.domain.errors import InvariantError
from publisher.domain.filter import Filter

TYPE_A = Filter(types=frozenset({"a"}))
TYPE_B = Filter(types=frozenset({"b"}))


def suspended(stage: Stage, count: int = 2) -> tuple[Iterator[None], list[FakeSink]]:
    """A round suspended after the first of `count` live subscribers; those still due come last."""
    sinks = [stage.join()[1] for _ in range(count)]
    stage.broker[0].append()
    steps = stage.round(suspended=True)
    return steps, sorted(sinks, key=lambda sink: not sink.events())


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


def test_a_round_within_a_round_is_refused() -> None:
    stage = Stage(0)
    steps, _ = suspended(stage)
    with pytest.raises(InvariantError, match="inside another"):
        finish(stage.hub.broadcast([]))
    finish(steps)
