"""What the listener fills in."""

from __future__ import annotations

from typing import Any

import pytest

from listener.domain.completion import MAX_ECHOED_ID, answered_id, complete, source_of


def filled(event: dict[str, Any]) -> dict[str, Any]:
    complete(event, "/producers/ann", lambda: "new-id", lambda: "2026-11-22T10:00:00Z")
    return event


@pytest.mark.parametrize("absent", [{}, {"id": None, "source": None, "time": None}])
def test_absent_members_are_filled_in(absent: dict[str, Any]) -> None:
    assert filled(absent) == {
        "id": "new-id",
        "source": "/producers/ann",
        "time": "2026-11-22T10:00:00Z",
    }


def test_what_a_producer_wrote_stays_even_if_wrong() -> None:
    wrong = {"id": "", "source": 7, "time": False}
    assert filled(dict(wrong)) == wrong


@pytest.mark.parametrize(
    ("principal", "source"),
    [("ann", "/producers/ann"), ("a/b c", "/producers/a%2Fb%20c"), ("ä", "/producers/%C3%A4")],
)
def test_the_source_is_a_uri_reference(principal: str, source: str) -> None:
    assert source_of(principal) == source


@pytest.mark.parametrize(
    ("given", "answered"),
    [
        ("a", "a"),
        ("x" * MAX_ECHOED_ID, "x" * MAX_ECHOED_ID),
        ("x" * (MAX_ECHOED_ID + 1), None),
        (7, None),
        (None, None),
    ],
)
def test_only_ids_of_bounded_length_are_repeated(given: object, answered: str | None) -> None:
    assert answered_id({"id": given}) == answered


def test_no_id_no_answer_of_it() -> None:
    assert answered_id({}) is None
