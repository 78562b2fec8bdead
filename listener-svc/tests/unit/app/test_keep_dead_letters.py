"""Dead letters: kept if they can be, counted if not, never in the way."""

from __future__ import annotations

import orjson
import pytest
from listener_fakes.event_log import FakeEventLog

from contracts.dead_letter import TYPE, read_dead_letter
from contracts.problem import Problem, ProblemType
from listener.app.keep_dead_letters import KeepDeadLetters
from listener.domain.delivery import FULL

NO = Problem(ProblemType.CONTRACT_VIOLATION, "wrong", {"errors": []})


class Office:
    """A keeper and its log."""

    def __init__(self) -> None:
        self.log = FakeEventLog()
        self.said: list[str] = []
        self.keeper = KeepDeadLetters(
            self.log,
            copy_bytes=1000,
            new_id=lambda: "new-id",
            now=lambda: "2026-11-22T10:00:00Z",
            say=lambda what, **_: self.said.append(what),
        )


@pytest.fixture
def office() -> Office:
    return Office()


def test_it_is_an_event_with_the_problem_the_principal_and_a_copy(office: Office) -> None:
    office.keeper.refused(NO, "ann", {"specversion": "1.0", "id": "x"})
    office.log.store()
    [record] = office.log.records
    assert (record.key, office.keeper.kept) == (b"ann", 1)
    assert ("ce_type", TYPE.encode()) in record.headers
    letter = read_dead_letter(orjson.loads(record.value))
    assert letter is not None
    assert letter.event == {"specversion": "1.0", "id": "x"}
    assert (letter.principal, letter.problem["type"]) == ("ann", "contract-violation")


def test_each_is_kept_even_if_the_same_is_refused_again(office: Office) -> None:
    for _ in range(2):
        office.keeper.refused(NO, "ann", {"id": "x"})
    office.log.store()
    assert office.keeper.kept == 2


def test_what_cannot_be_kept_is_counted_and_said(office: Office) -> None:
    office.log.refuse_at_once = FULL
    office.keeper.refused(NO, "ann", "text")
    assert (office.keeper.kept, office.keeper.dropped) == (0, 1)
    assert office.said == ["dead letter dropped"]


@pytest.mark.parametrize("depth", [250, 253, 254, 300, 1000])
def test_depth_is_no_failure(office: Office, depth: int) -> None:
    content: list[object] = []
    for _ in range(depth):
        content = [content]
    office.keeper.refused(NO, "ann", {"data": content})
    office.log.store()
    assert office.keeper.kept + office.keeper.dropped == 1
