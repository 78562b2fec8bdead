"""The hub when the log's bounds move: retention, lost ends, new topics, new partitions."""

from __future__ import annotations

from publisher_fakes.broker_log import FakeBrokerLog
from publisher_fakes.stage import Stage

from contracts.close import CloseCode
from publisher.app.catch_up_lane import Turns
from publisher.app.events import (
    LogTrimmed,
)
from publisher.domain.filter import Filter

TYPE_A = Filter(types=frozenset({"a"}))
TYPE_B = Filter(types=frozenset({"b"}))


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


def test_who_waits_beyond_the_tip_reads_a_new_partition_at_once() -> None:
    """Not only when the next event comes, which may be never on this topic."""
    stage = Stage(3, tips=(1,))
    _, sink = stage.join(3)
    stage.settle()
    assert stage.hub.lanes()["waiting"] == 1
    stage.broker.partitions.append(FakeBrokerLog(1)[0])
    stage.broker[1].append()
    stage.hub.add_partition(floor=0, tip=1)
    stage.settle()
    assert sink.events() == [(1, 0)]
    assert stage.hub.lanes()["waiting"] == 1
