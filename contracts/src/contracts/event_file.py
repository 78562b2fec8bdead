"""Events from a file: NDJSON, or one JSON document (an event, or an array of events).

Lines are read as they come, so a pipe is judged while it flows. What the listener fills in when it
is absent (`id`, `source`, `time`) is filled in here, so that the same events are accepted. The
judging itself is the judge's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

FILLED = {"id": "absent", "source": "/absent", "time": "2026-01-01T00:00:00Z"}
"""Stand-ins that the envelope's rules accept."""


@dataclass(frozen=True, slots=True)
class NotRead:
    """Something in the input that is not an event."""

    reason: str


def read_events(lines: Iterable[bytes]) -> Iterator[tuple[str, dict[str, Any] | NotRead]]:
    """Each event with its place (``line 3``, ``line 3, item 2``), or why it is not one."""
    numbered = enumerate(lines, start=1)
    for number, line in numbered:
        text = line.strip()
        if not text:
            continue
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            if text in {b"{", b"["} or text.endswith((b",", b"{", b"[", b":")):
                # a JSON document over several lines: only its end can tell whether it is one
                rest = b"".join([line, *[later for _, later in numbered]])
                yield from _document(number, rest)
                return
            yield f"line {number}", NotRead(f"it is not JSON: {error.msg}")
            continue
        yield from _items(f"line {number}", value)


def _document(first_line: int, text: bytes) -> Iterator[tuple[str, dict[str, Any] | NotRead]]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        line = first_line + error.lineno - 1
        yield f"line {line}", NotRead(f"it is not JSON: {error.msg}")
        return
    yield from _items(f"line {first_line}", value)


def _items(place: str, value: object) -> Iterator[tuple[str, dict[str, Any] | NotRead]]:
    if not isinstance(value, list):
        yield place, _event(value)
        return
    for index, item in enumerate(value, start=1):
        yield f"{place}, item {index}", _event(item)


def _event(value: object) -> dict[str, Any] | NotRead:
    if not isinstance(value, dict) or "specversion" not in value:
        return NotRead("it is not a CloudEvent: an event is a JSON object that has specversion")
    return FILLED | value
