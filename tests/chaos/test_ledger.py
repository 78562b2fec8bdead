"""The ledger finds what is wrong: a harness that could not fail would prove nothing."""

from __future__ import annotations

from chaos.ledger import Ledger, Stretch
from chaos.load import Told
from chaos.row import Row
from chaos.verdict import verdict
from support.oracle import Oracle


def _ledger() -> Ledger:
    """One partition: offsets 0 to 9 but 4, which is a hole; ids a-0 to a-9."""
    ledger = Ledger()
    offsets = [at for at in range(10) if at != 4]
    ids = {(0, at): f"a-{at}" for at in offsets}
    ledger.read_back("g", Oracle({0: offsets}, ids, {0: 10}))
    return ledger


def _stretch(*got: int, start: int = 0, **more: object) -> Stretch:
    stretch = Stretch("g", {0: start}, **more)  # type: ignore[arg-type]
    stretch.got[0] = list(got)
    stretch.positions = {0: got[-1] + 1 if got else start}
    return stretch


ALL = (0, 1, 2, 3, 5, 6, 7, 8, 9)


def test_everything_once_is_clean_and_holes_are_no_gaps() -> None:
    found = _ledger().judge(_stretch(*ALL))
    assert (found.delivered, found.gaps, found.repeated) == (9, [], [])


def test_a_gap_is_found_at_the_start_in_the_midst_and_at_the_end() -> None:
    found = _ledger().judge(_stretch(1, 2, 3, 6, 7, 8))
    assert found.gaps == [(0, 0), (0, 5), (0, 9)]


def test_twice_and_out_of_order_are_found() -> None:
    assert _ledger().judge(_stretch(0, 1, 1, 2, 3, 5, 6, 7, 8, 9)).repeated == [(0, 1)]
    assert _ledger().judge(_stretch(0, 2, 1, 3, 5, 6, 7, 8, 9)).repeated == [(0, 1)]


def test_a_filter_owes_its_kind_alone() -> None:
    ledger = _ledger()
    assert ledger.judge(_stretch(1, 3, 5, 7, 9, kind="sensor.reading")).gaps == []
    assert ledger.judge(_stretch(1, 3, 7, 9, kind="sensor.reading")).gaps == [(0, 5)]
    assert ledger.judge(_stretch(1, 2, 3, 5, 7, 9, kind="sensor.reading")).repeated == [(0, 2)]


def test_who_was_told_is_owed_nothing_beyond_its_positions() -> None:
    assert _ledger().judge(_stretch(0, 1, 2, told="cursor-expired")).gaps == []
    assert _ledger().judge(_stretch(0, 2, told="cursor-expired")).gaps == [(0, 1)]


def test_a_bounded_one_is_owed_its_end_once_it_says_so() -> None:
    ledger = _ledger()
    assert ledger.judge(_stretch(0, 1, stop={0: 4})).gaps == []
    assert ledger.judge(_stretch(0, 1, stop={0: 4}, done=True)).gaps == [(0, 2), (0, 3)]


def test_what_somebody_got_is_owed_to_all_even_if_kafka_has_forgotten_it() -> None:
    ledger = Ledger()
    ledger.read_back("g", Oracle({0: []}, {}, {0: 3}))
    ledger.delivered(_stretch(0, 1, 2))
    assert ledger.judge(_stretch(0, 2)).gaps == [(0, 1)]


def test_what_was_never_there_is_a_phantom() -> None:
    assert _ledger().phantoms(_stretch(3, 4, 5)) == [(0, 4)]


def test_a_lost_end_must_be_told_to_who_had_it() -> None:
    ledger, had, had_less = _ledger(), _stretch(*ALL), _stretch(0, 1, 2)
    ledger.cut("g", {0: 6}, [had, had_less])
    assert ledger.untold(had) == [(0, 6), (0, 7), (0, 8), (0, 9)]
    had.told = "cursor-ahead"
    assert ledger.untold(had) == []
    assert ledger.judge(had).gaps == []
    assert ledger.untold(had_less) == []


def test_what_came_in_the_place_of_a_lost_end_is_not_lost() -> None:
    ledger, early = _ledger(), _stretch(0, 1, 2, 3, 5)
    ledger.cut("g", {0: 6}, [early])
    early.got[0] += [6, 7]
    assert ledger.untold(early) == []


def _row(told: Told) -> Row:
    return verdict(Row("x"), _ledger(), [told], [], forgets=False, tolerated=set())


def test_an_ack_without_its_record_is_a_loss() -> None:
    told = Told({"a-1": 1, "a-4": 1}, {"a-1": [(0, 1)], "a-4": [(0, 4)]})
    row = _row(told)
    assert (row.sent, row.acked, row.lost, row.is_clean) == (2, 2, 1, False)


def test_unavailable_must_be_true_and_a_double_needs_an_unknown_outcome() -> None:
    assert not _row(Told({"a-1": 1}, unavailable={"a-1"})).is_clean
    assert _row(Told({"b-1": 1}, unavailable={"b-1"})).is_clean
    ledger = _ledger()
    ledger.stored["a-1"].append((0, 77))
    twice = Told({"a-1": 2}, {"a-1": [(0, 1)]})
    assert not verdict(Row("x"), ledger, [twice], [], forgets=False, tolerated=set()).is_clean
    twice.unknown.add("a-1")
    row = verdict(Row("x"), ledger, [twice], [], forgets=False, tolerated=set())
    assert (row.twice, row.twice_known, row.is_clean) == (1, 0, True)
