"""What is an event (docs/protocol.md, section 2)."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.problem import Problem, ProblemType
from listener.domain.interpretation import HINT, interpret, interpret_plain


def wrapped(data: object) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": "message.posted",
        "datacontenttype": "application/json",
        "data": data,
    }


def test_an_object_with_specversion_is_an_event_with_or_without_as() -> None:
    event: dict[str, Any] = {"specversion": "0.3", "type": "x"}
    assert interpret(event, "", None) is event
    assert interpret(event, "", "message.posted") is event


@pytest.mark.parametrize(
    ("value", "text", "data"),
    [
        ({"a": 1}, '{"a":1}', {"a": 1}),
        ({}, "{}", {}),
        ([1, 2], "[1,2]", [1, 2]),
        (42, "42", {"text": "42"}),
        (4.5, " 4.50 ", {"text": " 4.50 "}),
        ("hi", '"hi"', {"text": '"hi"'}),
        (True, "true", {"text": "true"}),
        (None, "null", {"text": "null"}),
    ],
)
def test_anything_else_becomes_data_of_the_named_type(
    value: object, text: str, data: object
) -> None:
    assert interpret(value, text, "message.posted") == wrapped(data)


@pytest.mark.parametrize(
    ("text", "told"),
    [("hello", "hello"), ("hello\n", "hello"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("", "")],
)
def test_a_text_that_is_not_json_becomes_a_text_of_the_named_type(text: str, told: str) -> None:
    assert interpret_plain(text, "message.posted", "") == wrapped({"text": told})


def test_a_scalar_loses_its_line_end_too() -> None:
    assert interpret(42, "42\n", "message.posted") == wrapped({"text": "42"})


@pytest.mark.parametrize("value", [{"a": 1}, [1], 42, "x", None])
def test_without_a_type_it_is_refused_with_the_hint(value: object) -> None:
    refused = interpret(value, "secret", None)
    assert isinstance(refused, Problem)
    assert refused.type is ProblemType.NOT_AN_EVENT
    assert HINT in refused.detail
    assert "secret" not in refused.detail


def test_without_a_type_a_text_is_refused_with_the_fault_and_the_hint() -> None:
    refused = interpret_plain("secret", None, "unexpected character at line 1 column 1")
    assert isinstance(refused, Problem)
    assert refused.type is ProblemType.INVALID_JSON
    assert "line 1 column 1" in refused.detail
    assert HINT in refused.detail
    assert "secret" not in refused.detail
