from __future__ import annotations

import pytest

from contracts.compatibility.decision import Breaks, Compatible, Decider, Undecided

from .containment_here import ContainmentHere
from .edit import ORDER, Edit
from .edits import EDITS
from .schemas import version_of


@pytest.fixture(scope="module")
def decider() -> Decider:
    return Decider(containment=ContainmentHere())


@pytest.mark.parametrize("direction", ["backward", "forward"])
@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name.replace(" ", "-"))
def test_an_edit_gets_its_verdict(edit: Edit, direction: str, decider: Decider) -> None:
    older, newer = version_of(edit.older, 1), version_of(edit.newer, 2)
    writer, reader = (older, newer) if direction == "backward" else (newer, older)
    verdict = decider.decide(writer, reader)
    if edit.backward if direction == "backward" else edit.forward:
        assert verdict == Compatible()
    else:
        assert isinstance(verdict, Breaks), verdict
        # what the two validators say, and not the procedure
        assert writer.judge.is_valid(verdict.instance)
        assert not reader.judge.is_valid(verdict.instance)
        assert verdict.violations


def test_the_table_is_long_enough() -> None:
    broken = [edit for edit in EDITS if not (edit.backward and edit.forward)]
    assert len(EDITS) >= 90
    assert len(broken) >= 40
    assert len({edit.name for edit in EDITS}) == len(EDITS)


def test_a_break_is_told_with_its_pointer_and_a_small_example(decider: Decider) -> None:
    newer = {**ORDER, "properties": {**ORDER["properties"], "b": {"type": "integer", "minimum": 1}}}
    verdict = decider.decide(version_of(ORDER, 1), version_of(newer, 2))
    assert isinstance(verdict, Breaks)
    assert set(verdict.instance) == {"a", "b"}
    assert [v.pointer for v in verdict.violations] == ["/data/b"]
    assert verdict.violations[0].detail == "must be 1 or more"


@pytest.mark.parametrize(
    ("older", "newer", "reason"),
    [
        (
            {"type": "string", "pattern": "^(?=a)a{1,3}$"},
            {"type": "string", "pattern": "^(?=a)a{1,4}$"},
            "no proof and no example",
        ),
        (
            {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "properties": {"a": {"contentEncoding": "base64"}},
            },
            {"properties": {"a": {"type": "string"}, "b": True}},
            "contentEncoding",
        ),
    ],
)
def test_what_is_not_known_is_said_to_be_undecided(
    older: dict[str, object], newer: dict[str, object], reason: str
) -> None:
    decider = Decider(time_limit_s=1.0, containment=ContainmentHere())
    verdict = decider.decide(version_of(older, 1), version_of(newer, 2))
    assert isinstance(verdict, (Undecided, Breaks))
    if isinstance(verdict, Undecided):
        assert reason in verdict.reason
