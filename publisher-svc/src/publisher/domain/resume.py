"""Where an EventSource goes on: the text of an SSE id, which comes back as ``Last-Event-ID``.

``CURSOR``, or ``CURSOR/END`` in a bounded stream: the end was resolved once, at the first request,
and a reconnect goes on to that end and no other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from contracts.cursor import Cursor, parse_cursor
from contracts.errors import InvalidCursorError
from contracts.problem import Problem, ProblemType
from contracts.since import End
from publisher.domain.parameters import StreamParameters


@dataclass(frozen=True, slots=True)
class Resume:
    """What an id says."""

    cursor: Cursor
    end: Cursor | None = None

    @property
    def is_complete(self) -> bool:
        """A bounded stream that has reached its end: there is nothing to go on with."""
        if self.end is None or len(self.cursor.positions) < len(self.end.positions):
            return False
        pairs = zip(self.cursor.positions, self.end.positions, strict=False)
        return all(at >= end for at, end in pairs)

    def applied(self, parameters: StreamParameters) -> StreamParameters:
        """The request goes on from here: the id wins over ``since``, its end over ``until``."""
        until = parameters.request.until if self.end is None else End(self.end)
        return replace(
            parameters, request=replace(parameters.request, since=self.cursor, until=until)
        )


def event_id(cursor: str, end: str | None) -> str:
    """The id of a place in a stream."""
    return cursor if end is None else f"{cursor}/{end}"


def parse_event_id(text: str) -> Resume | Problem:
    """Read a ``Last-Event-ID``; the text itself is not echoed."""
    cursor, slash, end = text.partition("/")
    try:
        return Resume(parse_cursor(cursor), parse_cursor(end) if slash else None)
    except InvalidCursorError as error:
        detail = f"Last-Event-ID: {error}; it is to be sent as the stream's id field gave it"
        return Problem(ProblemType.INVALID_CURSOR, detail)
