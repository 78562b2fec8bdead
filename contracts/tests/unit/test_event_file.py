from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from contracts.event_file import NotRead, read_events

EVENT = b'{"specversion":"1.0","type":"t","data":1}'


def read(text: bytes) -> list[tuple[str, Any]]:
    return list(read_events(io.BytesIO(text)))


def test_lines_with_what_the_listener_fills_in() -> None:
    ((place, event),) = read(b"\n" + EVENT + b"\n\n")
    assert place == "line 2"
    assert isinstance(event, dict)
    assert event["data"] == 1
    assert set(event) == {"specversion", "type", "data", "id", "source", "time"}


def test_what_is_there_is_not_filled_in() -> None:
    ((_, event),) = read(EVENT[:-1] + b',"id":"mine"}')
    assert isinstance(event, dict)
    assert event["id"] == "mine"


def test_lines_are_read_as_they_come() -> None:
    asked: list[int] = []

    def lines() -> Iterator[bytes]:
        for number in range(3):
            asked.append(number)
            yield EVENT + b"\n"

    events = read_events(lines())
    next(events)
    assert asked == [0]
    assert len(list(events)) == 2


@pytest.mark.parametrize(
    "text", [b"[\n%b,\n%b\n]\n" % (EVENT, EVENT), b"[%b, %b]" % (EVENT, EVENT)]
)
def test_an_array(text: bytes) -> None:
    assert [place for place, _ in read(text)] == ["line 1, item 1", "line 1, item 2"]


@pytest.mark.parametrize(
    "first", [b'{"specversion":\n "1.0",', b'{"specversion": "1.0",', b'{\n"specversion": "1.0",']
)
def test_one_event_over_several_lines(first: bytes) -> None:
    text = b"\n" + first + b'\n "type": "t",\n "data": {"a": 1}\n}\n'
    ((place, event),) = read(text)
    assert place == "line 2"
    assert isinstance(event, dict)
    assert event["data"] == {"a": 1}


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        (b"hello", "line 1", "not JSON"),
        (b'\n{"a":1}', "line 2", "an event is a JSON object that has specversion"),
        (b"42", "line 1", "an event is a JSON object that has specversion"),
        (b"[1]", "line 1, item 1", "an event is a JSON object that has specversion"),
        (b'{\n"a": ,\n}', "line 2", "not JSON"),
    ],
)
def test_what_is_no_event(text: bytes, place: str, reason: str) -> None:
    ((where, found),) = read(text)
    assert where == place
    assert isinstance(found, NotRead)
    assert reason in found.reason


def test_a_broken_line_does_not_end_the_rest() -> None:
    assert [place for place, _ in read(b"x\n" + EVENT)] == ["line 1", "line 2"]


def test_nothing() -> None:
    assert read(b" \n\n") == []
