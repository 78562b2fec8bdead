"""Server-Sent Events as the WHATWG's HTML standard has a browser read them (section 9.2.6).

Bytes in, in any pieces; dispatched events out. `last_event_id` is what a reconnect would send.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Dispatched:
    """One event: a named one, or ``message``."""

    type: str
    data: str
    last_event_id: str

    @property
    def frame(self) -> dict[str, Any]:
        """The data as JSON."""
        found: dict[str, Any] = orjson.loads(self.data)
        return found


class SseReader:
    """See the module."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[str] = []
        self._type = ""
        self._id = ""
        self.last_event_id = ""
        self.retry_ms: int | None = None

    def feed(self, data: bytes) -> list[Dispatched]:
        """What the bytes dispatch."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        found: list[Dispatched] = []
        for line in lines:
            assert b"\r" not in line, "only LF ends our lines"
            if line:
                self._field(line.decode())
            elif event := self._dispatch():
                found.append(event)
        return found

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "event":
                self._type = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit():
                self.retry_ms = int(value)
            case _:
                raise AssertionError(f"a field that this service has not: {line[:40]}")

    def _dispatch(self) -> Dispatched | None:
        self.last_event_id = self._id
        data, kind = self._data, self._type
        self._data, self._type = [], ""
        if not data:
            return None
        return Dispatched(kind or "message", "\n".join(data), self.last_event_id)
