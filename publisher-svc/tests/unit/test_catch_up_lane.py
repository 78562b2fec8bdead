"""The catch-up lane: turns, fairness, pages in hand, partitions by time."""

from __future__ import annotations

from itertools import pairwise

import pytest
from publisher_fakes.broker_log import FakeBrokerLog
from publisher_fakes.sink import FakeSink
from publisher_fakes.stage import Stage

from publisher.app.catch_up_lane import Turns
from publisher.app.events import EventsReplayed
from publisher.app.subscription import Lane

SMALL = Turns(read_bytes=200, work_s=0.0, rest_s=0.003)


def loaded(stage: Stage) -> None:
    """Serve the loads that are asked for now."""
    stage.scheduler.settle()
    while stage.source.serve():
        pass


def test_turns_go_round() -> None:
    stage = Stage(40, turns=SMALL)
    stage.log.insert(stage.broker.page(0, 0, 40))
    sinks = [stage.join(0)[1] for _ in range(3)]
    for turns in range(1, 5):
        for _ in sinks:
            assert stage.scheduler.run_soon()
        assert len({len(sink.writes) for sink in sinks}) == 1
        assert len(sinks[0].writes) == turns


def test_a_slice_of_work_takes_as_many_turns_as_fit() -> None:
    stage = Stage(40, turns=Turns(read_bytes=200, work_s=0.005))
    stage.log.insert(stage.broker.page(0, 0, 40))
    _, sink = stage.join(0)
    stage.scheduler.tick_s = 0.001
    stage.scheduler.run_soon()
    assert 4 <= len(sink.writes) <= 6


def test_with_live_traffic_it_rests_between_slices_and_without_it_does_not() -> None:
    stage = Stage(40, turns=SMALL)
    stage.log.insert(stage.broker.page(0, 0, 40))
    stage.join(0)
    stage.scheduler.run_soon()
    assert (stage.scheduler.due_soon, stage.scheduler.due_later) == (1, [])
    stage.join()
    stage.scheduler.run_soon()
    assert stage.scheduler.due_soon == 0
    assert stage.scheduler.due_later == [pytest.approx(0.003)]
    stage.join(0)  # who comes while it rests waits for its end
    assert stage.scheduler.due_soon == 0


def test_a_full_socket_has_no_turn_and_delays_nobody() -> None:
    stage = Stage(40, turns=Turns(read_bytes=200))
    slow = FakeSink(high=1)
    stage.join(0, sink=slow)
    _, fast = stage.join(0)
    stage.settle()
    assert len(fast.events()) == 40
    assert len(slow.writes) == 1


def test_a_socket_that_fills_while_it_is_queued_loses_that_turn_only() -> None:
    stage = Stage(10)
    _, sink = stage.join(0)
    sink.paused = True
    stage.settle()
    assert sink.events() == []
    sink.drain()
    stage.settle()
    assert len(sink.events()) == 10


def test_who_goes_while_it_is_queued_or_waits_has_no_turn() -> None:
    stage = Stage(10)
    queued, one = stage.join(0)
    stage.hub.unsubscribe(queued)
    waits, other = stage.join(0)
    stage.scheduler.settle()
    stage.hub.unsubscribe(waits)
    stage.settle()
    assert one.writes == other.writes == []
    assert waits.in_hand is None


def test_one_load_is_asked_for_at_a_time() -> None:
    stage = Stage(10)
    subscription, sink = stage.join(0)
    stage.scheduler.settle()
    sink.paused = True
    sink.drain()
    stage.hub.resume(subscription)
    stage.scheduler.settle()
    assert len(stage.source.requested) == 1
    stage.settle()
    assert len(sink.events()) == 10


def test_a_load_that_failed_is_asked_for_again() -> None:
    stage = Stage(10)
    _, sink = stage.join(0)
    for _ in range(3):
        stage.scheduler.settle()
        stage.source.answer(0)
    stage.settle()
    assert len(sink.events()) == 10
    assert len(stage.source.requested) == 4


def test_a_cache_that_keeps_nothing_costs_one_load_a_page() -> None:
    """Every waiter is served with the page in hand."""
    stage = Stage(3000, turns=Turns(read_bytes=2000, work_s=0.0), cache_bytes=0)
    stage.source.keeps = False
    sinks = [stage.join(start)[1] for start in (0, 10, 500, 1023)]
    stage.settle()
    for start, sink in zip((0, 10, 500, 1023), sinks, strict=True):
        assert sink.events() == [(0, at) for at in range(start, 3000)]
    starts = [miss.start for miss in stage.source.requested]
    assert len(starts) == 4 * 3
    assert sorted(set(starts)) == [0, 1024, 2048]


def test_pages_of_holes_are_passed_with_a_cache_that_keeps_nothing() -> None:
    stage = Stage(1)
    stage.broker[0].hole(3000)
    stage.broker[0].append()
    stage.round()
    stage.source.keeps = False
    _, sink = stage.join(0)
    stage.log._tails[0].evict()
    stage.settle()
    assert sink.events() == [(0, 0), (0, 3001)]


def test_short_pages_are_walked_to_the_tip_with_a_cache_that_keeps_nothing() -> None:
    """A cursor far into a block of large events must not load the block from its beginning."""
    stage = Stage(1100)
    stage.source.keeps, stage.source.short = False, 100
    _, first = stage.join(0)
    stage.settle()
    _, second = stage.join(950)
    stage.settle()
    assert len(first.events()) == 1100
    assert second.events() == [(0, at) for at in range(950, 1100)]


def test_several_pages_of_the_tail_are_one_write() -> None:
    stage = Stage(0)
    for _ in range(3):
        stage.broker[0].append(size=70_000)
        stage.round()
    _, sink = stage.join(0)
    stage.settle()
    assert sink.events() == [(0, 0), (0, 1), (0, 2)]
    assert len(sink.writes) == 2  # the events, and live


def test_reading_ahead_is_proposed_below_the_tail_only() -> None:
    stage = Stage(2000)
    _, sink = stage.join(0)
    stage.settle()
    assert (0, 1024) in stage.source.aheads
    assert (0, 2000) not in stage.source.aheads
    assert len(sink.events()) == 2000


def test_what_was_replayed_is_told() -> None:
    stage = Stage(3)
    _, sink = stage.join(0)
    stage.settle()
    told = [each for each in stage.emitted if isinstance(each, EventsReplayed)]
    size = sum(len(write) for write in sink.writes) - len(sink.writes[-1])
    assert told == [EventsReplayed(3, size)]


def test_a_turn_that_fails_does_not_end_everybody_elses() -> None:
    stage = Stage(5)
    broken, _ = stage.join(0)
    _, sink = stage.join(0)
    loaded(stage)
    broken.positions = []
    broken.stop = (1, 2)
    with pytest.raises(ValueError, match="zip"):
        stage.settle()
    stage.hub.unsubscribe(broken)
    stage.settle()
    _, late = stage.join(2)
    stage.settle()
    assert (len(sink.events()), len(late.events())) == (5, 3)


# -- several partitions --------------------------------------------------------------------------


def two_partitions(spans: list[tuple[int, int]], count: int = 2048) -> Stage:
    """Each partition's events spread over its span of time."""
    stage = Stage(*[0] * len(spans), turns=Turns(read_bytes=1 << 20, work_s=0.0))
    stage.broker = FakeBrokerLog(len(spans))
    stage.source._broker = stage.broker
    stage.log.clear()
    for part, (begin, end) in zip(stage.broker.partitions, spans, strict=True):
        for at in range(count):
            part.append(at_ms=begin + (end - begin) * at // count)
        stage.log.add_partition(floor=0, tip=count)
    return stage


def page_order(sink: FakeSink) -> list[int]:
    """The partition of each block of pages, in the order of their coming."""
    return [partition for partition, offset in sink.events() if offset % 1024 == 0]


def test_several_partitions_are_read_roughly_by_time() -> None:
    stage = two_partitions([(5000, 9000), (1000, 2000), (1500, 8000)])
    _, sink = stage.join(0, 0, 0)
    stage.settle()
    # An unknown page's time is that of what was read before it, so each is looked at once first.
    assert page_order(sink)[-1] == 0
    assert page_order(sink).index(1) < page_order(sink)[1:].index(0) + 1
    assert len(sink.events()) == 3 * 2048


def test_partitions_keep_within_a_page_of_each_other() -> None:
    stage = two_partitions([(0, 8000), (0, 8000)], count=4096)
    _, sink = stage.join(0, 0)
    at = [0, 0]
    stage.settle()
    for partition, offset in sink.events():
        at[partition] = offset
        assert abs(at[0] - at[1]) <= 3 * 1024


def test_a_page_in_hand_is_finished_before_another_partition_is_read() -> None:
    stage = two_partitions([(0, 8000), (0, 8000)])
    stage.source.keeps = False
    _, sink = stage.join(0, 0)
    stage.settle()
    order = [partition for partition, _ in sink.events()]
    changes = sum(a != b for a, b in pairwise(order))
    assert changes <= 4
    assert len(stage.source.requested) == 4


def test_a_page_in_hand_that_does_not_fit_is_let_go() -> None:
    stage = two_partitions([(0, 8000), (0, 8000)])
    subscription, sink = stage.join(0, 0)
    subscription.in_hand = stage.broker.page(0, 1024, 2048)
    stage.settle()
    assert len(sink.events()) == 4096
    assert subscription.lane is Lane.LIVE


def test_a_page_in_hand_of_a_finished_partition_does_no_harm() -> None:
    stage = two_partitions([(0, 8000), (0, 8000), (0, 8000)])
    subscription, sink = stage.join(0, 0, 2048)
    subscription.in_hand = stage.broker.page(2, 0, 2048)
    stage.settle()
    assert len(sink.events()) == 4096


def test_bounded_partitions_that_are_complete_are_not_read() -> None:
    stage = two_partitions([(0, 8000), (0, 8000)])
    _, sink = stage.join(10, 0, stop=(10, 20))
    stage.settle()
    assert sink.events() == [(1, at) for at in range(20)]
    assert sink.controls("end")[0].cursor == "0:10,1:20@0badcafe"


# -- who is waited for ----------------------------------------------------------------------------


def test_standings_are_of_those_who_read_below_the_tail_and_move() -> None:
    stage = two_partitions([(0, 8000), (0, 8000)])
    stage.log.insert(stage.broker.page(0, 0, 1024))
    stage.log.insert(stage.broker.page(1, 0, 1024))
    replaying, _ = stage.join(1024, 1030)
    stage.join()
    stage.scheduler.settle()
    (standing,) = stage.hub.standings()
    assert (standing.partition, standing.positions) == (0, replaying.positions)
    assert standing.time_ms == stage.log.about_ms(0, 1024)


def test_who_cannot_take_more_is_not_waited_for() -> None:
    stage = two_partitions([(0, 8000)])
    stage.log.insert(stage.broker.page(0, 0, 1024))
    _, sink = stage.join(0, sink=FakeSink(high=1))
    stage.scheduler.settle()
    assert sink.paused
    assert len(list(stage.hub.standings())) == 1
    stage.scheduler.advance(0.3)
    assert list(stage.hub.standings()) == []
    sink.drain()
    assert len(list(stage.hub.standings())) == 1


def test_a_look_at_standings_is_bounded() -> None:
    stage = two_partitions([(0, 8000)], count=2048)
    stage.log.insert(stage.broker.page(0, 0, 1024))
    for _ in range(5000):
        stage.join(1024)
    stage.scheduler.settle(20_000)
    assert len(list(stage.hub.standings())) == 4096
