"""Sample texts and numbers at the bounds of schemas: what `contracts.compatibility.samples` varies.

`parts` are schemas that a value must satisfy together, `hinted` some whose bounds are tried too.
What is given is a suggestion, the likelier first.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

from contracts.compatibility import texts
from contracts.compatibility.languages import Texts, search
from contracts.compatibility.places import matches

_DRAWN = 40
"""Texts for one pattern."""
_MAX_PAIRED = 6
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


def strings(
    parts: Sequence[dict[str, Any]], hinted: Sequence[dict[str, Any]], rng: random.Random
) -> Iterator[str]:
    """Texts at every length, pattern and format that `parts` have, or `hinted` do."""
    patterns = [part["pattern"] for part in parts if "pattern" in part]
    formats = [part["format"] for part in parts if "format" in part]
    least = max((part.get("minLength", 0) for part in parts), default=0)
    most = min((part["maxLength"] for part in parts if "maxLength" in part), default=None)
    for name in formats:
        yield from texts.FORMATS.get(name, ())
    yield from _of_patterns(patterns, rng)
    yield from _apart(parts, hinted)
    for bound in (max(least, 4) if most is None else min(max(least, 4), most), least, most):
        if bound is not None and bound <= 5000:
            yield texts.of_length(bound)
    for bound in bounds(hinted, "minLength", "maxLength"):
        if bound <= 5000:
            yield texts.of_length(bound)
    yield from ("", "A", "é", "not a date", " ", "0")
    for part in hinted:
        for _ in range(5 if "pattern" in part else 0):
            yield texts.of_pattern(part["pattern"], rng) or ""
        yield from texts.FORMATS.get(part.get("format", ""), ())
        yield from (n for n in (part.get("const"),) if isinstance(n, str))


def _of_patterns(patterns: Sequence[str], rng: random.Random) -> Iterator[str]:
    """Texts in which all of `patterns` are found, then those in which but one is."""
    told, others = set[str](), list[str]()
    for pattern in patterns:
        for _ in range(_DRAWN):
            text = texts.of_pattern(pattern, rng)
            if text is None or text in told:
                continue
            told.add(text)
            if all(matches(one, text) for one in patterns):
                yield text
            else:
                others.append(text)
    yield from others


def _apart(parts: Sequence[dict[str, Any]], hinted: Sequence[dict[str, Any]]) -> Iterator[str]:
    """For each of `hinted` a text that it refuses and `parts` accept, as far as patterns go."""
    own = Texts.of(parts)
    for rule in dict.fromkeys(Texts.of([part]) for part in hinted):
        found = search(own, rule) if rule != Texts() else None
        if found is not None and found.text is not None:
            yield found.text
    several = dict.fromkeys(part["pattern"] for part in hinted if "pattern" in part)
    for pair in combinations(list(several)[:_MAX_PAIRED], 2):  # what two alternatives both take
        both = search(Texts(own.patterns.union(pair), own.least, own.most), None)
        if both is not None and both.text is not None:
            yield both.text


def numbers(
    parts: Sequence[dict[str, Any]], hinted: Sequence[dict[str, Any]], *, whole: bool
) -> Iterator[int | float]:
    """Numbers at and around every bound that `parts` have, or `hinted` do."""
    whole = whole or any(part.get("type") == "integer" for part in parts)
    lows = [p[k] for p in parts for k in ("minimum", "exclusiveMinimum") if k in p]
    highs = [p[k] for p in parts for k in ("maximum", "exclusiveMaximum") if k in p]
    multiples = [part["multipleOf"] for part in parts if "multipleOf" in part]
    low, high = max(lows, default=None), min(highs, default=None)
    step = multiples[0] if multiples else 1
    near = [b for b in (low, high) if b is not None] or [step * 7, 0]
    own: list[Any] = [v for b in near for v in (b, b + step, b - step, (b // step + 1) * step)]
    if low is not None and high is not None:
        own += [(low + high) / 2]
    own.sort(key=lambda v: not _within(v, low, high, whole=whole))
    for bound in [*own, *[p[k] for p in hinted for k in _BOUNDS if k in p]]:
        yield int(bound) if bound == int(bound) else bound
    for part in hinted:
        for keyword in _BOUNDS:
            bound = part.get(keyword)
            if bound is not None:
                near_it = (bound - 1, bound + 1, bound - 0.5, bound + 0.5, -bound, 2 * bound)
                yield from (v for v in near_it if not whole or v == int(v))
    yield from (0, 1, -1, 2, 3, 7, 10**6, -(10**6), 2**53)
    if not whole:
        yield from (0.5, -0.5, 1.25, 1e-3)
    yield 1.0


def bounds(parts: Iterable[dict[str, Any]], *keywords: str) -> Iterator[int]:
    """The values of these keywords and their neighbours, none below zero."""
    named = {part[k] for part in parts for k in keywords if k in part}
    yield from sorted({b for n in named for b in (int(n) - 1, int(n), int(n) + 1) if b >= 0})


def _within(value: float, low: float | None, high: float | None, *, whole: bool) -> bool:
    inside = (low is None or value > low) and (high is None or value < high)
    return inside and (not whole or value == int(value))
