"""Integers that JSON can write and 64 bits cannot hold.

The parser turns an integer beyond 64 bits into the nearest double: another number, which would be
stored in silence. Invariant: such an event is refused; a number that was written as a fraction or
with an exponent is a double by its producer's own choice and stands. Costs one look at the
serialised event, unless it has something that could be such a number.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

LEAST, MOST = -(2**63), 2**64 - 1
"""What the parser keeps exactly."""

_PLUS = ord("+")
_EVERYTHING = frozenset([-1])


def may_be_inexact(event: object, value: bytes) -> bool:
    """Whether `event`, serialised as `value`, has a double that could have been an integer."""
    # a double that large is always written with this exponent; most events have no "+" at all,
    # and to look for one byte takes a tenth of what it takes to look for two
    return _PLUS in value and b"e+" in value and _has_huge_float(event)


def is_inexact(text: str | bytes, item: int | None) -> bool:
    """Whether the JSON `text` has such an integer; of an array: whether its `item` has."""
    found = _inexact_items(text)
    return bool(found) if item is None or found is _EVERYTHING else item in found


def _has_huge_float(event: object) -> bool:
    nodes: list[Any] = [event]
    for node in nodes:
        if isinstance(node, dict):
            nodes.extend(node.values())
        elif isinstance(node, list):
            nodes.extend(node)
        elif isinstance(node, float) and not float(LEAST) < node < float(MOST):
            return True
    return False


class _Inexact:
    """Stands for an integer that was not kept."""


@lru_cache(maxsize=1)  # the items of one array come one after the other
def _inexact_items(text: str | bytes) -> frozenset[int]:
    """Which items of an array have such an integer; of anything else: `_EVERYTHING`, or none."""
    try:
        value = json.loads(text, parse_int=_integer)
    except (ValueError, RecursionError):
        return _EVERYTHING  # stricter or shallower than the first parser: then rather not
    if isinstance(value, list):
        return frozenset(at for at, item in enumerate(value) if _has_inexact(item))
    return _EVERYTHING if _has_inexact(value) else frozenset()


def _integer(digits: str) -> int | _Inexact:
    # as many digits as there are: int() of a long text would be slow, and Python refuses it
    if len(digits) > 21:
        return _Inexact()
    number = int(digits)
    return number if LEAST <= number <= MOST else _Inexact()


def _has_inexact(value: object) -> bool:
    nodes: list[Any] = [value]
    for node in nodes:
        if isinstance(node, dict):
            nodes.extend(node.values())
        elif isinstance(node, list):
            nodes.extend(node)
        elif isinstance(node, _Inexact):
            return True
    return False
