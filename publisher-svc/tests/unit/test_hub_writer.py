"""What the hub tells the block writer: who may be written to, and what else is written there."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from publisher_fakes.sink import FakeSink
from publisher_fakes.stage import Stage, finish

from publisher.app.in_turn import InTurn, InTurnRow
from publisher.app.ports import Outlet


class Marks(dict[int, Outlet]):
    """Notes each mark."""

    def __init__(self, told: list[tuple[str, Outlet]]) -> None:
        self._told = told

    def __setitem__(self, _: int, outlet: Outlet) -> None:
        self._told.append(("touched", outlet))


class Noting(InTurn):
    """Writes in turn, and notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Outlet]] = []
        self.rows = 0

    def joined(self, outlet: Outlet) -> None:
        self.told.append(("joined", outlet))
        outlet.marks = Marks(self.told)

    def left(self, outlet: Outlet) -> None:
        self.told.append(("left", outlet))
        outlet.marks = None

    def row(self, outlets: Sequence[Outlet]) -> InTurnRow:
        self.rows += 1
        return super().row(outlets)

    def told_of(self, outlet: Outlet) -> list[str]:
        told = [what for what, whom in self.told if whom is outlet]
        self.told.clear()
        return told


@pytest.fixture
def writer() -> Noting:
    return Noting()


@pytest.fixture
def stage(writer: Noting) -> Stage:
    return Stage(2, writer=writer)


def test_it_knows_who_is_live_and_what_they_are_told(stage: Stage, writer: Noting) -> None:
    subscription, sink = stage.join()
    assert writer.told_of(subscription.outlet) == ["joined", "touched"]  # its live frame
    stage.sweep.start()
    stage.scheduler.advance(17.0)
    assert sink.controls("heartbeat")
    assert writer.told_of(subscription.outlet) == ["touched"]
    stage.publish()
    assert writer.told_of(subscription.outlet) == []
    sink.paused = True
    stage.hub.pause(subscription)
    assert writer.told_of(subscription.outlet) == ["left"]
    sink.drain()
    stage.settle()
    assert writer.told_of(subscription.outlet) == ["joined"]
    stage.hub.unsubscribe(subscription)
    assert writer.told_of(subscription.outlet) == ["left"]


def test_nothing_is_told_of_who_is_behind(stage: Stage, writer: Noting) -> None:
    subscription, _ = stage.join(0)
    stage.sweep.start()
    stage.scheduler.advance(17.0)
    stage.hub.unsubscribe(subscription)
    assert writer.told_of(subscription.outlet) == []


def test_a_row_is_kept_while_nobody_comes_or_goes(stage: Stage, writer: Noting) -> None:
    subscription, _ = stage.join()
    stage.join()
    for _ in range(3):
        stage.publish()
    assert writer.rows == 1
    stage.join()
    stage.publish()
    assert writer.rows == 2
    stage.hub.unsubscribe(subscription)
    stage.publish()
    assert writer.rows == 3


def test_who_cannot_be_written_to_is_given_up_and_no_other(stage: Stage) -> None:
    joined = [stage.join() for _ in range(4)]
    joined[2][1].raises = True
    offset = stage.publish()
    assert [sink.aborted for _, sink in joined] == [False, False, True, False]
    assert [sink.events()[-1:] for _, sink in joined if not sink.aborted] == [[(0, offset)]] * 3


def test_who_left_within_a_round_is_passed_over_in_its_row() -> None:
    stage = Stage(0, writer=Noting(), chunk=2)
    joined = [stage.join() for _ in range(6)]
    stage.broker[0].append()
    steps = stage.round(suspended=True)
    stage.hub.unsubscribe(joined[2][0])
    joined[4][1].raises = True
    finish(steps)

    def got(sink: FakeSink) -> int:
        return len(sink.events())

    assert [got(sink) for _, sink in joined] == [1, 1, 0, 1, 0, 1]
    assert [sink.aborted for _, sink in joined] == [False] * 4 + [True, False]
