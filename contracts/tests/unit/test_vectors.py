"""The wire vectors of cursors; the others are run where servers and clients are."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from contracts.cursor import Cursor, parse_cursor
from contracts.errors import InvalidCursorError
from contracts.frames import Event, frames_in, parse_frame
from contracts.vectors import filled, vectors

CURSORS = vectors("cursors")
NAMES = ("cursors", "replays", "refusals", "splices", "clients")


@pytest.mark.parametrize("case", CURSORS["texts"], ids=lambda case: case["text"])
def test_the_text_of_a_cursor(case: dict[str, Any]) -> None:
    if case.get("refused"):
        with pytest.raises(InvalidCursorError):
            parse_cursor(case["text"])
        return
    assert parse_cursor(case["text"]) == Cursor(tuple(case["positions"]), case["generation"])


@pytest.mark.parametrize("case", CURSORS["rule"], ids=lambda case: case["name"])
def test_the_rule_for_clients(case: dict[str, Any]) -> None:
    cursor: Cursor | None = None
    messages = map(orjson.dumps, case["frames"])
    for each in [each for message in messages for each in frames_in(message)]:
        frame = parse_frame(each)
        if isinstance(frame, Event):
            assert cursor is not None
            cursor = cursor.after(frame.partition, frame.offset)
        elif frame.cursor is not None:
            cursor = parse_cursor(frame.cursor)
    assert str(cursor) == case["cursor"]


@pytest.mark.parametrize("name", NAMES)
def test_every_file_says_what_it_is_about_and_every_case_has_a_name(name: str) -> None:
    whole = vectors(name)
    assert whole["about"]
    cases = whole.get("cases") or whole["rule"]
    names = [case["name"] for case in cases]
    assert len(set(names)) == len(names) > 5


def test_the_generation_is_filled_in_everywhere() -> None:
    value = {"a": ["0:1@{generation}", 7, None], "b": {"c": "{generation}"}}
    assert filled(value, "3f9c21aa") == {"a": ["0:1@3f9c21aa", 7, None], "b": {"c": "3f9c21aa"}}
