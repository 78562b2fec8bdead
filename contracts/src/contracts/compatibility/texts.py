"""Sample texts: for a length, a format, or a regular expression.

An expression beyond the grammar of `expressions` yields no sample. Samples are suggestions, never
answers: whoever takes one checks it with the validator.
"""

from __future__ import annotations

import random
import string
from functools import lru_cache

from contracts.compatibility.expressions import (
    Char,
    Choice,
    Edge,
    Expression,
    Ranges,
    Repeat,
    parse,
)

FORMATS: dict[str, tuple[str, ...]] = {
    "date-time": ("2026-11-22T10:15:00Z", "2024-02-29T23:59:59.5+02:00"),
    "date": ("2026-11-22", "2024-02-29"),
    "time": ("10:15:00Z", "23:59:59.5+02:00"),
    "duration": ("PT15M", "P1Y2M3DT4H"),
    "email": ("someone@example.org", "a.b+c@example.org"),
    "idn-email": ("someone@example.org", "jürgen@exämple.org"),
    "hostname": ("host.example.org", "localhost"),
    "idn-hostname": ("host.example.org", "exämple.org"),
    "ipv4": ("192.0.2.1", "0.0.0.0"),  # noqa: S104 - a sample text, not an address to bind to
    "ipv6": ("2001:db8::1", "::"),
    "uri": ("https://example.org/a?b=c#d", "urn:example:a"),
    "uri-reference": ("/a/b?c=d", "https://example.org/", "#"),
    "iri": ("https://example.org/ä", "urn:example:ä"),
    "iri-reference": ("/ä", "https://example.org/"),
    "uri-template": ("/a/{b}", "/a"),
    "uuid": ("0199f3c0-5c1e-7b2a-9d40-1f6f2a7c8e01", "00000000-0000-0000-0000-000000000000"),
    "json-pointer": ("/a/0", ""),
    "relative-json-pointer": ("1/a", "0"),
    "regex": ("^a+$", ""),
}
_LIKED = string.ascii_lowercase + string.ascii_uppercase + string.digits + " -_.,é"
_MORE = 3
"""Repetitions beyond the least that an unbounded quantifier is tried with."""
_MOST = 10_000
_FIRST = 64
"""Characters of a range without liked ones that are drawn from."""


def of_length(length: int) -> str:
    """A text of so many characters."""
    return ("abcdefghijklmnopqrstuvwxyz" * (length // 26 + 1))[:length]


def of_pattern(pattern: str, rng: random.Random) -> str | None:
    """A text in which `pattern` is probably found; None: the expression is beyond the grammar."""
    expression = parse(pattern)
    return None if expression is None else _drawn(expression, rng)


def _drawn(expression: Expression, rng: random.Random) -> str | None:
    match expression:
        case Edge():
            return ""
        case Char():
            letters = _letters(expression.ranges)
            return rng.choice(letters) if letters else None
        case Choice():
            return _drawn(rng.choice(expression.items), rng)
        case Repeat():
            most = expression.least + _MORE
            most = most if expression.most is None else min(most, expression.most)
            count = rng.randint(expression.least, most)
            return _joined([_drawn(expression.item, rng) for _ in range(min(count, _MOST))])
        case _:
            return _joined([_drawn(item, rng) for item in expression.items])


def _joined(parts: list[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    return "".join(known) if len(known) == len(parts) else None


@lru_cache(maxsize=1024)
def _letters(ranges: Ranges) -> list[str]:
    liked = [one for one in _LIKED if any(low <= ord(one) <= high for low, high in ranges)]
    if liked:
        return liked
    return [
        chr(code) for low, high in ranges for code in range(low, min(high, low + _FIRST - 1) + 1)
    ]
