"""The grammar of ``since`` and ``until``: texts in, typed starting points or a refusal out.

docs/protocol.md, section 3. What the points mean on a topic is the publisher's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from contracts.cursor import MAX_OFFSET, Cursor, parse_cursor
from contracts.errors import InvalidCursorError


@dataclass(frozen=True, slots=True)
class Now:
    """``now``: as ``since`` the instance's tip, as ``until`` the broker's end."""


@dataclass(frozen=True, slots=True)
class Earliest:
    """All that Kafka retains."""


@dataclass(frozen=True, slots=True)
class Offset:
    """A bare offset; for topics with one partition."""

    offset: int


@dataclass(frozen=True, slots=True)
class Instant:
    """The first event with a timestamp at or after it, in milliseconds since 1970."""

    ms: int


@dataclass(frozen=True, slots=True)
class Ago:
    """That long before the request, in milliseconds."""

    ms: int


@dataclass(frozen=True, slots=True)
class Last:
    """So many offsets before the end of each partition."""

    count: int


@dataclass(frozen=True, slots=True)
class End:
    """An end that was resolved before; partitions newer than it have nothing to give."""

    cursor: Cursor


Point = Now | Earliest | Offset | Cursor | Instant | Ago | Last

_INTEGER = re.compile(r"[0-9]{1,19}")
_AGO = re.compile(r"-([0-9]{1,15})([smhd])")
_LAST = re.compile(r"last:([0-9]{1,19})")
_RFC3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?"
    r"(?:[Zz]|([+ -])([0-9]{2}):([0-9]{2}))"
)
_UNIT_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

EXPECTED = (
    "expected now, earliest, an offset (42), a cursor (0:42,1:17), a time with zone "
    "(2026-11-22T10:00:00Z), an age (-15m; s, m, h or d) or last:100"
)


def parse_point(text: str) -> Point:
    """Read one value of ``since`` or ``until``.

    Raises:
        InvalidCursorError: what is wrong and what was expected; the text itself is not echoed.
    """
    if text == "now":
        return Now()
    if text == "earliest":
        return Earliest()
    if _INTEGER.fullmatch(text):
        return Offset(_bounded(text))
    if match := _LAST.fullmatch(text):
        return Last(_bounded(match[1]))
    if match := _AGO.fullmatch(text):
        return Ago(int(match[1]) * _UNIT_MS[match[2]])
    if match := _RFC3339.fullmatch(text):
        return _instant(match)
    if re.match(r"[0-9]+:[0-9]", text):
        return parse_cursor(text)
    raise InvalidCursorError(f"not a place in the log; {EXPECTED}")


def _bounded(digits: str) -> int:
    value = int(digits)
    if value > MAX_OFFSET:
        raise InvalidCursorError("the number is above 2^63-1, the highest offset there is")
    return value


def _instant(match: re.Match[str]) -> Instant:
    day, clock, fraction, sign, hours, minutes = match.groups()
    leap = clock.endswith(":60")  # RFC 3339 allows leap seconds; the next second stands for it
    try:
        moment = datetime.fromisoformat(f"{day}T{clock[:-2] + '59' if leap else clock}+00:00")
        if int(hours or 0) > 23 or int(minutes or 0) > 59:
            raise ValueError("zone")  # noqa: TRY301 - one message for every field out of range
    except ValueError as error:
        raise InvalidCursorError(
            "the time has a field out of range; like 2026-11-22T10:00:00Z"
        ) from error
    zone = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    since_epoch = moment - _EPOCH + (zone if sign == "-" else -zone) + timedelta(seconds=leap)
    ms = since_epoch // timedelta(milliseconds=1)
    digits = (fraction or ".")[1:]
    # "At or after": what lies between two milliseconds begins with the later one.
    ms += int((digits + "000")[:3]) + (1 if digits[3:].strip("0") else 0)
    return Instant(max(ms, 0))
