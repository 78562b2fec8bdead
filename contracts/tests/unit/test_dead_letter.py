from __future__ import annotations

from typing import Any

import jsonschema_rs
import orjson
import pytest

from contracts.dead_letter import DATA_SCHEMA, TYPE, dead_letter, read_dead_letter
from contracts.envelope import judge_envelope
from contracts.problem import Problem, ProblemType

PROBLEM_TOLD = Problem(ProblemType.CONTRACT_VIOLATION, "wrong", {"errors": []})


EVENT = {"specversion": "1.0", "a": "ü"}


def letter(content: object, max_bytes: int = 100) -> dict[str, Any]:
    whole = dead_letter(
        PROBLEM_TOLD, "ann", content, id_="i", time="2026-11-22T10:00:00Z", max_bytes=max_bytes
    )
    jsonschema_rs.validator_for(DATA_SCHEMA).validate(whole["data"])
    return whole


def deep() -> list[object]:
    value: list[object] = []
    for _ in range(500):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (EVENT, {"event": EVENT, "size_bytes": 30}),
        ({"a": 1}, {"text": '{"a":1}', "truncated": False, "size_bytes": 7}),
        ([1], {"text": "[1]", "truncated": False, "size_bytes": 3}),
        ("hello", {"text": "hello", "truncated": False, "size_bytes": 5}),
        (b"\xff", {"text": "\ufffd", "truncated": False, "size_bytes": 1}),
        ("x" * 101, {"text": "x" * 100, "truncated": True, "size_bytes": 101}),
        (deep(), {"text": "", "truncated": True}),
    ],
)
def test_the_copy_is_bounded_and_says_what_it_lacks(content: object, kept: object) -> None:
    data = letter(content)["data"]
    assert {key: data[key] for key in data if key not in {"principal", "problem"}} == kept
    assert data["problem"]["type"] == "contract-violation"


def test_a_large_event_is_kept_as_text_in_part() -> None:
    data = letter({**EVENT, "a": "x" * 200})["data"]
    assert "event" not in data
    assert (len(data["text"]), data["truncated"]) == (100, True)


def test_it_is_an_event_keyed_by_its_principal() -> None:
    whole = letter(EVENT)
    assert judge_envelope(whole) == ()
    assert (whole["type"], whole["partitionkey"]) == (TYPE, "ann")


def test_it_comes_back_from_its_text() -> None:
    read = read_dead_letter(orjson.loads(orjson.dumps(letter(EVENT))))
    assert read is not None
    assert (read.principal, read.event) == ("ann", EVENT)
    assert read.problem["type"] == "contract-violation"


@pytest.mark.parametrize("event", [{}, {"type": "x", "data": {}}, {"type": TYPE, "data": 7}])
def test_anything_else_is_none(event: dict[str, Any]) -> None:
    assert read_dead_letter(event) is None


def test_odd_members_are_not_believed() -> None:
    read = read_dead_letter({"type": TYPE, "data": {"principal": 7, "problem": 7, "event": "x"}})
    assert read is not None
    assert (read.principal, read.problem, read.event) == ("", {}, None)
