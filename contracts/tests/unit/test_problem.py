from __future__ import annotations

import orjson
import pytest

from contracts.close import CloseCode, Reconnect, reconnect_after
from contracts.problem import Problem, ProblemType


def test_the_document_is_rfc_9457s() -> None:
    problem = Problem(ProblemType.CURSOR_EXPIRED, "Gone.", {"earliest": "0:7"})
    assert orjson.loads(problem.encode()) == {
        "type": "cursor-expired",
        "title": "The log no longer holds the cursor's events",
        "status": 410,
        "detail": "Gone.",
        "retriable": False,
        "earliest": "0:7",
    }
    assert problem.close_code is CloseCode.CURSOR_EXPIRED
    assert problem.status == 410
    assert not problem.retriable


@pytest.mark.parametrize("type_", ProblemType)
def test_status_close_code_and_retriable_agree(type_: ProblemType) -> None:
    problem = Problem(type_, "…")
    again = reconnect_after(problem.close_code)
    assert 400 <= problem.status < 600
    assert problem.retriable == (again is Reconnect.BACK_OFF)
    assert problem.retriable == (problem.status in {408, 429, 500, 503})


def test_names_are_unique_and_kebab_case() -> None:
    names = [type_.value.name for type_ in ProblemType]
    assert len(set(names)) == len(names)
    assert names == [type_.name.lower().replace("_", "-") for type_ in ProblemType]
