"""``Last-Event-ID``: what is read from it, what it wins over, and when there is nothing left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.cursor import Cursor
from contracts.problem import Problem, ProblemType
from contracts.since import End, Now
from publisher.domain.parameters import StreamParameters, parse_parameters
from publisher.domain.plan import Request
from publisher.domain.reach import EVERYTHING_SEEN
from publisher.domain.resume import Resume, event_id, parse_event_id

POSITIONS = st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=4).map(tuple)
CURSORS = st.builds(Cursor, POSITIONS, st.sampled_from([None, "0badcafe"]))


@given(CURSORS, st.none() | CURSORS)
def test_an_id_comes_back(cursor: Cursor, end: Cursor | None) -> None:
    text = event_id(str(cursor), None if end is None else str(end))
    assert parse_event_id(text) == Resume(cursor, end)
    assert not {"\n", "\r", "\0"} & set(text)


@pytest.mark.parametrize(
    "text",
    ["x", "42", "now", "0:1/", "/0:1", "0:1/0:2/0:3", "0:1@0badcafe/now", "0:1 ", "0:1/42", "1:1"],
)
def test_what_is_no_id_is_refused_and_not_echoed(text: str) -> None:
    problem = parse_event_id(text)
    assert isinstance(problem, Problem)
    assert problem.type is ProblemType.INVALID_CURSOR
    assert problem.detail.startswith("Last-Event-ID: ")


def test_a_long_id_is_not_echoed() -> None:
    problem = parse_event_id("s3cret" * 1000)
    assert isinstance(problem, Problem)
    assert "s3cret" not in problem.detail


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("0:5", False),
        ("0:4/0:5", False),
        ("0:5/0:5", True),
        ("0:6/0:5", True),
        ("0:5,1:2/0:5,1:3", False),
        ("0:5,1:3/0:5,1:3", True),
        ("0:5/0:5,1:3", False),
        ("0:5,1:0/0:5", True),  # a partition that is newer than the end has nothing to give
    ],
)
def test_complete_is_what_has_reached_its_end(text: str, complete: bool) -> None:
    resume = parse_event_id(text)
    assert isinstance(resume, Resume)
    assert resume.is_complete is complete


def test_it_wins_over_since_and_its_end_over_until() -> None:
    parameters = parse_parameters(
        [("since", "earliest"), ("until", "now"), ("type", "a")], EVERYTHING_SEEN
    )
    assert isinstance(parameters, StreamParameters)
    cursor, end = Cursor((4,), "0badcafe"), Cursor((9,), "0badcafe")

    bounded = Resume(cursor, end).applied(parameters)
    assert bounded.request == Request(cursor, End(end))
    assert bounded.wanted == parameters.wanted
    assert Resume(cursor).applied(parameters).request == Request(cursor, Now())
