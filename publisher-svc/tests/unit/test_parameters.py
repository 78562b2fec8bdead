"""The parameters of a stream: strict, so that a typo does not mean "live only"."""

from __future__ import annotations

import pytest

from contracts.cursor import Cursor
from contracts.problem import Problem, ProblemType
from contracts.since import Earliest, Last, Now
from publisher.domain.filter import EVERYTHING, Filter
from publisher.domain.parameters import StreamParameters, parse_parameters
from publisher.domain.plan import Request
from publisher.domain.reach import EVERYTHING_SEEN


def refusal(*pairs: tuple[str, str]) -> Problem:
    """The problem that these parameters are."""
    answer = parse_parameters(list(pairs), EVERYTHING_SEEN)
    assert isinstance(answer, Problem)
    return answer


def test_none_is_live_only_and_everything() -> None:
    answer = parse_parameters([], EVERYTHING_SEEN)
    assert answer == StreamParameters(Request(Now(), None), EVERYTHING)
    assert isinstance(answer, StreamParameters)
    assert answer.wanted is EVERYTHING  # the cheap way through every page


def test_all_of_them() -> None:
    pairs = [
        ("since", "0:1@3f9c21aa"),
        ("until", "last:2"),
        ("type", "order.*,message.posted"),
        ("key", "k"),
        ("key", "ü"),
        ("on_expired", "earliest"),
        ("on_ahead", "tip"),
        ("access_token", "secret"),
    ]
    assert parse_parameters(pairs, EVERYTHING_SEEN) == StreamParameters(
        Request(Cursor((1,), "3f9c21aa"), Last(2), move_expired=True, move_ahead=True),
        Filter(frozenset({"message.posted"}), ("order.",), frozenset({b"k", "ü".encode()})),
    )


@pytest.mark.parametrize("name", ["since", "until", "type", "on_expired", "on_ahead"])
def test_given_twice_is_refused(name: str) -> None:
    value = {"on_expired": "earliest", "on_ahead": "tip"}.get(name, "now")
    problem = refusal((name, value), (name, value))
    assert problem.type is ProblemType.INVALID_REQUEST
    assert name in problem.detail


def test_a_token_given_twice_is_refused_and_not_echoed() -> None:
    assert "s3cret" not in refusal(("access_token", "s3cret"), ("access_token", "s3cret")).detail


@pytest.mark.parametrize("name", ["Since", "sinc", "", "keys", "limit", "since "])
def test_an_unknown_one_is_refused_with_what_is_taken(name: str) -> None:
    problem = refusal((name, "x"))
    assert problem.type is ProblemType.INVALID_REQUEST
    for known in ("since", "until", "type", "key", "on_expired", "on_ahead"):
        assert known in problem.detail


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("on_expired", "tip", "on_expired takes the value earliest"),
        ("on_expired", "", "on_expired takes the value earliest"),
        ("on_ahead", "earliest", "on_ahead takes the value tip"),
    ],
)
def test_policies_have_one_value(name: str, value: str, says: str) -> None:
    assert refusal((name, value)).detail == says


@pytest.mark.parametrize("value", ["", "1", "yes", "True", "false", "true "])
def test_batch_has_one_value(value: str) -> None:
    answer = parse_parameters([("batch", value)], EVERYTHING_SEEN, batches=True)
    assert isinstance(answer, Problem)
    assert answer.detail == "batch takes the value true"


def test_batch_is_taken_where_there_are_frames_of_several_events() -> None:
    answer = parse_parameters([("batch", "true")], EVERYTHING_SEEN, batches=True)
    assert answer == StreamParameters(batch=True)
    twice = parse_parameters([("batch", "true")] * 2, EVERYTHING_SEEN, batches=True)
    assert isinstance(twice, Problem)
    unknown = parse_parameters([("batches", "true")], EVERYTHING_SEEN, batches=True)
    assert isinstance(unknown, Problem)
    assert "on_ahead, batch" in unknown.detail


def test_batch_is_refused_elsewhere_with_what_to_do_instead() -> None:
    problem = refusal(("batch", "true"))
    assert problem.type is ProblemType.INVALID_REQUEST
    assert "/websocket" in problem.detail
    assert "Accept-Encoding" in problem.detail


@pytest.mark.parametrize("name", ["since", "until"])
def test_a_bad_point_is_an_invalid_cursor_and_names_its_parameter(name: str) -> None:
    problem = refusal((name, "yesterday"))
    assert (problem.type, problem.status) == (ProblemType.INVALID_CURSOR, 400)
    assert problem.detail.startswith(f"{name}: ")


def test_an_empty_point_is_refused() -> None:
    assert refusal(("since", "")).type is ProblemType.INVALID_CURSOR


def test_a_bad_filter_is_refused() -> None:
    assert refusal(("type", "a,,b")).type is ProblemType.INVALID_REQUEST


def test_since_alone() -> None:
    answer = parse_parameters([("since", "earliest")], EVERYTHING_SEEN)
    assert answer == StreamParameters(Request(Earliest()))
