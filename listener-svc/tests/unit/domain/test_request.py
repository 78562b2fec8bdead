"""The query: ``as`` once, and nothing else."""

from __future__ import annotations

import pytest

from contracts.problem import Problem, ProblemType
from listener.domain.request import default_type_of


def test_the_named_type_wins_over_the_configured_one() -> None:
    assert default_type_of([("as", "a.b")], "c.d") == "a.b"
    assert default_type_of([], "c.d") == "c.d"
    assert default_type_of([], None) is None


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ([("az", "secret")], "'az'"),
        ([("as", "x"), ("as", "secret")], "once"),
        ([("as", "")], "names an event type"),
        ([("x" * 1000, "")], "x" * 40),
    ],
)
def test_anything_else_is_refused(query: list[tuple[str, str]], said: str) -> None:
    refused = default_type_of(query, "c.d")
    assert isinstance(refused, Problem)
    assert refused.type is ProblemType.INVALID_REQUEST
    assert said in refused.detail
    assert "secret" not in refused.detail
    assert len(refused.detail) < 200
