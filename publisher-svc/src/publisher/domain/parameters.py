"""The parameters of a stream, the same on every transport; a typo must not mean "live only".

Strict: an unknown parameter, or one repeated other than ``key``, is a refusal that names what is
taken (docs/protocol.md, section 3). Invariant: there are no parameters of a stream without the
reach of the subscriber that they are for; what they want lies within it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from contracts.errors import InvalidCursorError
from contracts.problem import Problem, ProblemType
from contracts.since import Now, parse_point
from publisher.domain.filter import EVERYTHING, Filter, InvalidFilterError, parse_filter
from publisher.domain.plan import Request
from publisher.domain.reach import Reach

_LIMIT = re.compile(r"[0-9]{1,9}")

NAMES = ("since", "until", "type", "key", "on_expired", "on_ahead")
RESERVED = ("access_token",)
"""Taken by authentication; not a stream's business."""

_ONLY = {"on_expired": "earliest", "on_ahead": "tip", "batch": "true"}
"""Parameters that have one value."""


_FOREIGN_KEY = Problem(
    ProblemType.FORBIDDEN,
    "here each subscriber gets only the events whose key is its own name: leave out key, or give "
    "the name that you authenticate with; the operator lists who may see more in "
    "PUBLISHER_OPERATORS",
)


@dataclass(frozen=True, slots=True)
class StreamParameters:
    """What was asked for: where to start and end, and which events."""

    request: Request = field(default_factory=Request)
    wanted: Filter = EVERYTHING
    limit: int | None = None
    """Events in a page."""
    batch: bool = False
    """Several events in a frame."""
    valid_until_s: float | None = None
    """When the right to all this ends, by the scheduler's clock."""


def parse_parameters(
    pairs: list[tuple[str, str]],
    reach: Reach,
    *,
    most_events: int | None = None,
    batches: bool = False,
) -> StreamParameters | Problem:
    """Read the decoded query of a request by a subscriber who sees so far.

    Where there are pages `most_events` bounds ``limit``; where there are frames of several events
    `batches` admits ``batch``.
    """
    names = NAMES if most_events is None else (*NAMES, "limit")
    names = (*names, "batch") if batches else names
    given: dict[str, str] = {}
    keys: list[str] = []
    for name, value in pairs:
        if name == "key":
            keys.append(value)
        elif name in given:
            return _invalid(f"the parameter {name} was given twice; only key may be repeated")
        elif name in names or name in RESERVED:
            given[name] = value
        elif name == "batch":
            return _invalid(
                "batch is for /websocket; over HTTP events share writes and their compression "
                "(Accept-Encoding) without it"
            )
        else:
            return _invalid(f"unknown parameter; this address takes {', '.join(names)}")
    for name, only in _ONLY.items():
        if given.get(name, only) != only:
            return _invalid(f"{name} takes the value {only}")
    try:
        wanted = parse_filter(given.get("type"), keys)
    except InvalidFilterError as error:
        return _invalid(str(error))
    limit = _limit(given.get("limit"), most_events)
    if isinstance(limit, Problem):
        return limit
    request = _request(given)
    if isinstance(request, Problem):
        return request
    within = reach.narrowed(wanted)
    if within is None:
        return _FOREIGN_KEY
    return StreamParameters(request, within, limit, "batch" in given, reach.valid_until_s)


def _limit(text: str | None, most: int | None) -> int | Problem | None:
    if text is None or most is None:
        return None
    if not _LIMIT.fullmatch(text) or not 1 <= int(text) <= most:
        return _invalid(f"limit takes a number of events from 1 to {most}")
    return int(text)


def _request(given: dict[str, str]) -> Request | Problem:
    points = {}
    for name in ("since", "until"):
        if name in given:
            try:
                points[name] = parse_point(given[name])
            except InvalidCursorError as error:
                return Problem(ProblemType.INVALID_CURSOR, f"{name}: {error}")
    return Request(
        points.get("since", Now()), points.get("until"), "on_expired" in given, "on_ahead" in given
    )


def _invalid(detail: str) -> Problem:
    return Problem(ProblemType.INVALID_REQUEST, detail)
