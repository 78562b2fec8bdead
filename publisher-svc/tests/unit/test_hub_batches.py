"""Frames of several events through the lanes: made once, when they are due, a piece at a time."""

from __future__ import annotations

from publisher_fakes.sink import FakeSink, payloads_of
from publisher_fakes.stage import Stage, finish

from chassis.websocket_deflate import deflated_text_frame
from publisher.app.live_lane import MADE_AT_ONCE
from publisher.app.subscription import Lane
from publisher.domain.encoding import Encoding, websocket_batch
from publisher.domain.filter import Filter


class Packing:
    """Counts what is packed."""

    made = 0

    def __call__(self, payload: bytes) -> bytes:
        self.made += 1
        return deflated_text_frame(payload)


def batches(limit_bytes: int = 10_000) -> tuple[Encoding, Packing]:
    packing = Packing()
    return websocket_batch("batch", limit_bytes, packing), packing


def kinds(sink: FakeSink) -> list[bytes]:
    """The types of the messages."""
    return [each.split(b'"')[3] for each in payloads_of(b"".join(sink.writes))]


def test_a_round_is_made_once_for_all_who_want_the_same() -> None:
    stage = Stage(0)
    encoding, packing = batches()
    sinks = [stage.join(encoding=encoding)[1] for _ in range(5)]
    for _ in range(7):
        stage.broker[0].append(size=50)
    stage.round()
    assert packing.made == 1
    for sink in sinks:
        assert kinds(sink) == [b"live", b"events"]
        assert sink.events() == [(0, at) for at in range(7)]
        assert sink.writes[-1] == sinks[0].writes[-1]


def test_a_group_that_is_not_due_yet_has_nothing_made_for_it() -> None:
    """A round yields between groups, so that many filters do not hold the loop in one piece."""
    stage = Stage(0)
    encoding, packing = batches()
    filters = [Filter(types=frozenset({"a", str(number)})) for number in range(3)]
    sinks = [stage.join(encoding=encoding, wanted=each)[1] for each in filters]
    stage.broker[0].append("a", size=300)
    stage.broker[0].append("b", size=300)
    steps = stage.round(suspended=True)
    assert packing.made == 1
    finish(steps)
    assert packing.made == 3
    assert [sink.events() for sink in sinks] == [[(0, 0)]] * 3


def test_a_block_of_many_partitions_makes_no_more_frames_than_one_of_one() -> None:
    stage = Stage(*[0] * 8)
    encoding, packing = batches(1000)
    _, sink = stage.join(encoding=encoding)
    for part in stage.broker.partitions:
        for _ in range(4):
            part.append(size=400)
    stage.round()
    assert packing.made == MADE_AT_ONCE
    assert sink.events() == [(partition, at) for partition in range(8) for at in range(4)]


def test_replays_share_what_was_made_and_a_turn_makes_one() -> None:
    stage = Stage(0)
    for _ in range(40):
        stage.broker[0].append(size=100)
    stage.round()
    encoding, packing = batches(1000)
    first, sink = stage.join(0, encoding=encoding)
    stage.scheduler.tick_s = 0.001  # a turn takes a slice
    stage.scheduler.run_soon()
    assert packing.made == 1
    stage.settle()
    stage.scheduler.tick_s = 0.0
    whole = packing.made
    assert whole > 3
    assert first.lane is Lane.LIVE
    others = [stage.join(0, encoding=encoding)[1] for _ in range(5)]
    stage.settle()
    assert packing.made == whole
    assert all(each.events() == sink.events() == [(0, at) for at in range(40)] for each in others)


def test_from_within_a_frame_its_rest_comes_plain_and_then_the_shared_ones() -> None:
    stage = Stage(0)
    for _ in range(40):
        stage.broker[0].append(size=100)
    stage.round()
    encoding, packing = batches(1000)
    stage.join(0, encoding=encoding)
    stage.settle()
    whole = packing.made
    _, sink = stage.join(2, encoding=encoding)
    stage.settle()
    assert sink.events() == [(0, at) for at in range(2, 40)]
    assert sink.writes[0][0] == 0x81
    assert packing.made == whole
    assert sink.controls("live")[0].members["replayed"] == 38
