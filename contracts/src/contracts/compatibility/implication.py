"""Which rules of a reader follow from what certainly applies to the writer's value.

Each function answers for one keyword, and True only if the rule follows for every value. Members
and items are `proof`'s part; here are types, numbers, texts and counts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from contracts.compatibility.languages import Texts, within

Parts = Sequence[dict[str, Any]]

ALL_TYPES = frozenset({"null", "boolean", "object", "array", "string", "integer", "fraction"})
"""``number`` is integers and fractions."""


def types_of(node: dict[str, Any]) -> frozenset[str]:
    """The types that one subschema admits by its keyword `type`."""
    named = node.get("type")
    if named is None:
        return ALL_TYPES
    listed = named if isinstance(named, list) else [named]
    return frozenset(
        one for name in listed for one in (("integer", "fraction") if name == "number" else (name,))
    )


def types(parts: Parts) -> frozenset[str]:
    """The types that all of `parts` admit."""
    found = ALL_TYPES
    for part in parts:
        found &= types_of(part)
    return found


def values(parts: Parts) -> list[Any] | None:
    """The values that alone are possible; None: no list says so."""
    for part in parts:
        if "const" in part:
            return [part["const"]]
    listed: list[list[Any]] = [part["enum"] for part in parts if "enum" in part]
    if listed:
        return min(listed, key=len)
    finite: dict[str, list[Any]] = {"null": [None], "boolean": [False, True]}
    allowed = types(parts)
    if allowed <= set(finite):
        return [value for name in allowed for value in finite[name]]
    return None


def same(one: Any) -> str:
    """Equal for values that JSON Schema takes as equal: 1 and 1.0, but not 1 and true."""
    return json.dumps(_plain(one), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def follows(keyword: str, rule: Any, reader: dict[str, Any], parts: Parts) -> bool | None:
    """Whether `rule` follows; None: this module does not know the keyword."""
    if keyword == "type":
        return types(parts) <= types_of(reader)
    if keyword in _NUMERIC:
        return not types(parts) & {"integer", "fraction"} or _NUMERIC[keyword](rule, parts)
    if keyword in _OF_TYPE:
        kind, judge = _OF_TYPE[keyword]
        return kind not in types(parts) or judge(rule, parts)
    if keyword in {"enum", "const"}:
        possible = values(parts)
        listed = rule if keyword == "enum" else [rule]
        if possible is None:
            return types(parts) == {"string"} and within(Texts.of(parts), _one_of(listed))
        allowed = {same(one) for one in listed}
        return all(same(one) in allowed for one in possible)
    return None


def least(parts: Parts, keyword: str) -> int:
    """The highest of the lower bounds of a count."""
    return max((math.ceil(part[keyword]) for part in parts if keyword in part), default=0)


def most(parts: Parts, keyword: str) -> float:
    """The lowest of the upper bounds of a count."""
    return min((part[keyword] for part in parts if keyword in part), default=math.inf)


def required(parts: Parts) -> frozenset[str]:
    """The members that are always there."""
    return frozenset(name for part in parts for name in part.get("required", ()))


def _exact(number: float) -> Fraction:
    """As it is written: 0.1 is a tenth."""
    return Fraction(str(number))


def _lower(parts: Parts) -> tuple[Fraction, bool] | None:
    """The highest lower bound, and whether it is itself excluded."""
    found = [
        (_exact(part[keyword]), keyword == "exclusiveMinimum")
        for part in parts
        for keyword in ("minimum", "exclusiveMinimum")
        if keyword in part
    ]
    if not found:
        return None
    bound, open_ = max(found)
    if types(parts) & {"integer", "fraction"} == {"integer"}:
        whole = math.floor(bound) + 1 if open_ else math.ceil(bound)
        return Fraction(whole), False
    return bound, open_


def _negated(parts: Parts) -> Parts:
    twins = {"maximum": "minimum", "exclusiveMaximum": "exclusiveMinimum"}
    return [
        {k: v for k, v in part.items() if k == "type"}
        | {twins[k]: -v for k, v in part.items() if k in twins}
        for part in parts
    ]


def _above(rule: float, parts: Parts) -> bool:
    bound = _lower(parts)
    return bound is not None and bound[0] >= _exact(rule)


def _strictly_above(rule: float, parts: Parts) -> bool:
    bound = _lower(parts)
    return bound is not None and (
        bound[0] > _exact(rule) or (bound[0] == _exact(rule) and bound[1])
    )


def _multiple(rule: float, parts: Parts) -> bool:
    divisor = _exact(rule)
    if divisor == 1 and types(parts) & {"integer", "fraction"} == {"integer"}:
        return True
    own = [_exact(part["multipleOf"]) for part in parts if "multipleOf" in part]
    # floats are divided exactly here and in binary by validators: only whole divisors are safe
    whole = [one for one in own if one.denominator == 1]
    exact = divisor.denominator == 1 and any((one / divisor).denominator == 1 for one in whole)
    return exact or divisor in own


_NUMERIC = {
    "minimum": _above,
    "exclusiveMinimum": _strictly_above,
    "maximum": lambda rule, parts: _above(-rule, _negated(parts)),
    "exclusiveMaximum": lambda rule, parts: _strictly_above(-rule, _negated(parts)),
    "multipleOf": _multiple,
}


def _one_of(listed: Sequence[Any]) -> Texts:
    """These texts and no others."""
    escaped = ["".join(map(_escaped, one)) for one in listed if isinstance(one, str)]
    return Texts(frozenset({f"^(?:{'|'.join(escaped)})$"})) if escaped else Texts(most=-1)


def _escaped(letter: str) -> str:
    plain = letter.isalnum() or ord(letter) > 0xFFFF
    return letter if plain else f"\\u{ord(letter):04x}"


def _texts(parts: Parts, rule: dict[str, Any]) -> bool:
    return within(Texts.of(parts), Texts.of([rule]))


def _has(keyword: str) -> Any:
    return lambda rule, parts: any(keyword in p and p[keyword] == rule for p in parts)


def _unique(rule: bool, parts: Parts) -> bool:
    return (
        not rule or any(part.get("uniqueItems") for part in parts) or most(parts, "maxItems") <= 1
    )


_OF_TYPE: dict[str, tuple[str, Any]] = {
    "minLength": ("string", lambda rule, parts: _texts(parts, {"minLength": rule})),
    "maxLength": ("string", lambda rule, parts: _texts(parts, {"maxLength": rule})),
    "pattern": ("string", lambda rule, parts: _texts(parts, {"pattern": rule})),
    "format": ("string", _has("format")),
    "minItems": ("array", lambda rule, parts: least(parts, "minItems") >= rule),
    "maxItems": ("array", lambda rule, parts: most(parts, "maxItems") <= rule),
    "uniqueItems": ("array", _unique),
    "required": ("object", lambda rule, parts: set(rule) <= required(parts)),
    "minProperties": (
        "object",
        lambda rule, parts: max(least(parts, "minProperties"), len(required(parts))) >= rule,
    ),
}
