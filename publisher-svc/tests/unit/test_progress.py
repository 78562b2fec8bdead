"""When a live consumer counts as stuck, and when nothing helps any more."""

from __future__ import annotations

from publisher.domain.progress import Progress, Verdict

FINE, WAITING, STUCK, HOPELESS = (
    Verdict.FINE,
    Verdict.WAITING,
    Verdict.STUCK,
    Verdict.HOPELESS,
)


def looks(progress: Progress, *tips: int, end: int = 100, start_s: int = 0) -> list[Verdict]:
    """One look a second."""
    verdicts: list[Verdict] = []
    for now_s, tip in enumerate(tips, start=start_s):
        restarts = verdicts.count(STUCK) + start_s  # done before the next look
        verdicts.append(progress.look((tip,), (end,), now_s, restarts))
    return verdicts


def test_at_the_end_it_is_fine_for_ever() -> None:
    assert set(looks(Progress(4), *[100] * 20)) == {FINE}


def test_whoever_moves_is_fine_however_far_behind() -> None:
    assert set(looks(Progress(4), *range(20))) == {FINE}


def test_behind_and_still_for_longer_than_the_patience_is_stuck() -> None:
    assert looks(Progress(4), 7, 7, 7, 7, 7) == [FINE, WAITING, WAITING, WAITING, STUCK]


def test_after_a_restart_the_patience_begins_anew_and_after_some_it_is_hopeless() -> None:
    verdicts = looks(Progress(4, attempts=2), *[7] * 14)
    assert [at for at, verdict in enumerate(verdicts) if verdict is STUCK] == [4, 8]
    assert verdicts[12] is HOPELESS


def test_one_that_was_not_started_again_yet_is_not_found_stuck_twice() -> None:
    progress = Progress(4, attempts=3)
    verdicts = [progress.look((7,), (100,), now_s, 0) for now_s in range(16)]
    assert [at for at, verdict in enumerate(verdicts) if verdict is STUCK] == [4]
    assert set(verdicts[5:]) == {WAITING}
    assert [progress.look((7,), (100,), now_s, 1) for now_s in (16, 17, 18, 19)][-1] is STUCK


def test_one_that_is_never_started_again_is_hopeless() -> None:
    progress = Progress(4, attempts=3)
    verdicts = [progress.look((7,), (100,), now_s, 0) for now_s in range(17)]
    assert HOPELESS not in verdicts[:16]
    assert verdicts[16] is HOPELESS


def test_progress_forgives() -> None:
    progress = Progress(4, attempts=1)
    assert looks(progress, *[7] * 5)[-1] is STUCK
    assert looks(progress, *[8] * 5, start_s=5)[-1] is STUCK


def test_one_partition_that_stands_is_not_hidden_by_others_that_move() -> None:
    progress = Progress(4)
    verdicts = [progress.look((7, now_s, 50), (100, 90, 50), now_s, 0) for now_s in range(5)]
    assert verdicts[-1] is STUCK


def test_a_new_partition_is_waited_for_too() -> None:
    progress = Progress(4)
    assert looks(progress, 7, 7, 7)[-1] is WAITING
    assert progress.look((7, 0), (100, 3), 3, 0) is FINE
    assert [progress.look((7, 0), (100, 3), at, 0) for at in (4, 5, 6, 7)][-1] is STUCK


def test_a_broker_that_was_away_says_nothing_about_the_consumer() -> None:
    progress = Progress(4)
    assert looks(progress, 7, 7, 7) == [FINE, WAITING, WAITING]
    for now_s in range(3, 20):
        progress.unknown(now_s)
    assert looks(progress, 7, 7, 7, start_s=20)[-1] is WAITING
    assert progress.look((7,), (100,), 23, 20) is STUCK


def test_a_process_that_was_stopped_meanwhile_is_not_blamed() -> None:
    progress = Progress(4)
    assert looks(progress, 7, 7) == [FINE, WAITING]
    assert progress.look((7,), (100,), 60, 0) is FINE
    assert progress.look((7,), (100,), 61, 0) is WAITING
