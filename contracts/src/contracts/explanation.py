"""What a schema's verdict means, in words that name the rule and not the value.

jsonschema-rs's own messages quote the instance, so they are never used for events: each clause here
is built from the keyword and the schema's side of it. Names of properties are quoted only if the
schemas themselves contain them; a pointer stops where the names stop being the contract's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any

import jsonschema_rs

from contracts.documents import Documents
from contracts.violation import MAX_POINTER, Violation, bounded, pointer_of

_Kind = jsonschema_rs.ValidationErrorKind
_MAX_DEPTH = 3
"""Of alternatives within alternatives that are explained."""


def words_of(documents: Documents) -> frozenset[str]:
    """Every name and listed string in the schemas: what may be quoted, since it is public."""
    words: set[str] = set()
    pending: list[Any] = list(documents.by_path.values())
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            words.update(node)
            pending.extend(node.values())
        elif isinstance(node, list):
            words.update(item for item in node if isinstance(item, str))
            pending.extend(node)
    return frozenset(words)


def explain(error: jsonschema_rs.ValidationError, data: object, words: frozenset[str]) -> Violation:
    """The violation that `error` of the schema on `data` stands for."""
    pointer, hidden = _place(error.instance_path, data, words)
    detail = f"{hidden}{_clause(error, words, 0)}"
    return Violation(pointer, error.kind.name, bounded(detail))


def _place(path: Sequence[str | int], data: object, words: frozenset[str]) -> tuple[str, str]:
    """The pointer as far as it may be told, and where to look below it."""
    told = list(takewhile(lambda part: isinstance(part, int) or part in words, path))
    pointer = pointer_of(["data", *told])
    while len(pointer) > MAX_POINTER:
        told.pop()
        pointer = pointer_of(["data", *told])
    if len(told) == len(path):
        return pointer, ""
    node: Any = data
    for part in told:
        node = node[part]
    following = path[len(told)]
    if not isinstance(node, dict) or following not in node:
        return pointer, "somewhere inside: "
    ordinal = list(node).index(str(following)) + 1
    deeper = " or deeper" if len(told) + 1 < len(path) else ""
    return pointer, f"in its member number {ordinal}{deeper}: "


def _clause(error: jsonschema_rs.ValidationError, words: frozenset[str], depth: int) -> str:
    kind = error.kind
    match kind:
        case _Kind.AnyOf() | _Kind.OneOfNotValid():
            return _alternatives(kind.context, words, depth)
        case _Kind.OneOfMultipleValid():
            return "must match exactly one of the alternatives, and matches several"
        case _Kind.PropertyNames():
            return (
                f"has a member whose name is not allowed: {_clause(kind.error, words, depth + 1)}"
            )
        case _Kind.Type():
            return f"must be {_any_of(kind.types)}, and is {_type_of(error.instance)}"
        case _Kind.AdditionalProperties() | _Kind.UnevaluatedProperties():
            return _undeclared(len(kind.unexpected), "member")
        case _Kind.UnevaluatedItems():
            return _undeclared(len(kind.unexpected), "item")
        case _Kind.BacktrackLimitExceeded() | _Kind.RegexEngineFailure():
            return "cannot be matched with the contract's pattern within reason"
        case _:
            return _rule(kind)


def _rule(kind: jsonschema_rs.ValidationErrorKind) -> str:
    """The clause of a keyword that says everything itself."""
    template = _RULES.get(kind.name)
    if template is None:
        return f'does not satisfy the schema\'s "{kind.name}"'
    sides = [_shown(value) for value in kind.as_dict().values()]
    return template.format(*sides)


_RULES = {
    "required": "the property {} is required",
    "enum": "must be one of {}",
    "const": "must be {}",
    "minLength": "must have at least {} character(s)",
    "maxLength": "must have at most {} character(s)",
    "minItems": "must have at least {} item(s)",
    "maxItems": "must have at most {} item(s)",
    "minProperties": "must have at least {} member(s)",
    "maxProperties": "must have at most {} member(s)",
    "minimum": "must be {} or more",
    "maximum": "must be {} or less",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "multipleOf": "must be a multiple of {}",
    "pattern": "must match the pattern {}",
    "format": "must be a valid {}",
    "uniqueItems": "must not have equal items",
    "contains": "must have an item (or the right number of items) that the contract asks for",
    "additionalItems": "must have at most {} item(s)",
    "falseSchema": "must not be there",
    "not": "must not match what the contract excludes here",
    "contentEncoding": "must be encoded as {}",
    "contentMediaType": "must be of the media type {}",
}


def _alternatives(
    context: list[list[jsonschema_rs.ValidationError]], words: frozenset[str], depth: int
) -> str:
    """None of several schemas fits: name the one that came nearest and what it wants."""
    summary = f"must match one of {len(context)} alternatives, and matches none"
    nearest = min(range(len(context)), key=lambda index: _distance(context[index]))
    if not context[nearest] or depth >= _MAX_DEPTH:
        return summary
    first = context[nearest][0]
    told = all(isinstance(part, int) or part in words for part in first.instance_path)
    place = pointer_of(["data", *first.instance_path]) if told else "it"
    return f"{summary}; number {nearest + 1} wants: {place} {_clause(first, words, depth + 1)}"


def _distance(errors: list[jsonschema_rs.ValidationError]) -> tuple[bool, int]:
    """A wrong kind of value or a wrong tag says: not this alternative. Else fewer is nearer."""
    root = min((len(error.instance_path) for error in errors), default=0)
    elsewhere = any(
        isinstance(error.kind, _Kind.Constant | _Kind.Enum)
        or (isinstance(error.kind, _Kind.Type) and len(error.instance_path) == root)
        for error in errors
    )
    return elsewhere, len(errors)


def _undeclared(count: int, what: str) -> str:
    return f"has {count} {what}{'' if count == 1 else 's'} that the contract does not declare"


def _any_of(names: Iterable[str]) -> str:
    return " or ".join(names)


def _shown(value: object) -> str:
    """A value of the schema's, not of the event's."""
    if isinstance(value, list):
        return ", ".join(bounded(_shown(item), 60) for item in value[:20])
    return bounded(json.dumps(value, ensure_ascii=False, default=str), 200)


_TYPES = ((bool, "boolean"), (int, "integer"), (str, "string"), (dict, "object"), (list, "array"))


def _type_of(value: object) -> str:
    if value is None:
        return "null"
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "number")
