"""Problems as they come, whole or in pieces."""

from __future__ import annotations

import pytest

from broadcaster.refusal import (
    Refusal,
    read_refusal,
    refusal_of_close,
    refusal_of_status,
)
from contracts.problem import Problem, ProblemType


@pytest.mark.parametrize("kind", list(ProblemType))
def test_every_problem_of_the_catalogue_is_read_back(kind: ProblemType) -> None:
    refusal = read_refusal(Problem(kind, "why", {"earliest": "0:1"}).document())
    entry = kind.value
    assert refusal == Refusal(
        entry.name, entry.title, "why", entry.status, entry.retriable, {"earliest": "0:1"}
    )


@pytest.mark.parametrize(
    "document", [None, [], "x", {}, {"type": "new"}, {"status": "x", "errors": [1, {}, "x"]}]
)
def test_odd_problems_can_be_shown(document: object) -> None:
    refusal = read_refusal(document)
    assert str(refusal)
    assert not refusal.retriable
    assert all(len(violation) == 3 for violation in refusal.violations)


def test_a_status_without_a_problem_is_named_by_the_catalogue() -> None:
    assert refusal_of_status(401, b"<html>").type == "unauthenticated"
    assert refusal_of_status(418, b"").title == "HTTP 418 instead of a WebSocket"
    assert refusal_of_status(502, b"[1]").retriable
    assert not refusal_of_status(400, b"").retriable


def test_a_status_with_a_problem_is_the_problem() -> None:
    body = Problem(ProblemType.TOO_MANY_SUBSCRIBERS, "full").encode()
    assert refusal_of_status(503, body).type == "too-many-subscribers"
    bare = refusal_of_status(503, b'{"title":"Busy"}')
    assert (bare.title, bare.status, bare.retriable) == ("Busy", 503, True)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(4410, "cursor-expired"), (4401, "unauthenticated"), (1008, "too-much-input")],
)
def test_a_close_code_alone_says_something(code: int, kind: str) -> None:
    assert refusal_of_close(code, "").type == kind


def test_an_unknown_close_code_keeps_its_number() -> None:
    assert "4499" in refusal_of_close(4499, "").title
