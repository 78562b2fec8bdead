"""Schemas and instances for tests of comparisons: single documents, and strategies for both."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from contracts.catalogue import Contract
from contracts.compatibility.version import Version
from contracts.documents import Documents


def version_of(schema: Any, number: int = 1, **parts: Any) -> Version:
    """A version whose documents are `schema` and `parts` (name → schema), from no directory."""
    path = f"schemas/t/{number}.json"
    by_path = {path: schema} | {f"schemas/{name}.json": one for name, one in parts.items()}
    by_id = {
        one["$id"]: where
        for where, one in by_path.items()
        if isinstance(one, dict) and "$id" in one
    }
    documents = Documents(Path("/nowhere"), MappingProxyType(by_path), MappingProxyType(by_id))
    return Version(Contract("t", number, path, documents))


NAMES = st.sampled_from(["a", "b", "c", "ab"])
_PATTERNS = st.sampled_from(["^a", "b$", "^[ab]$", "^x"])
_TEXTS = st.sampled_from(["", "a", "b", "ab", "abc", "x"])
_NUMBERS = st.sampled_from([-1, 0, 1, 2, 3, 0.5, 1.0])
_SCALARS = st.one_of(_TEXTS, _NUMBERS, st.booleans(), st.none())
_TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
_COUNTS = st.integers(0, 3)
_REFS = st.sampled_from(["#/$defs/d", "#/$defs/e", "#"])


def instances() -> st.SearchStrategy[Any]:
    """JSON values over the names and texts that `schemas` speak of."""
    return st.recursive(
        _SCALARS,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(NAMES | _TEXTS, inner, max_size=4)
        ),
        max_leaves=8,
    )


def _assertions() -> dict[str, st.SearchStrategy[Any]]:
    return {
        "type": st.sampled_from(_TYPES)
        | st.lists(st.sampled_from(_TYPES), min_size=1, unique=True),
        "enum": st.lists(_SCALARS, min_size=1, max_size=4),
        "const": _SCALARS,
        "minimum": _NUMBERS,
        "maximum": _NUMBERS,
        "exclusiveMinimum": _NUMBERS,
        "exclusiveMaximum": _NUMBERS,
        "multipleOf": st.sampled_from([1, 2, 3, 0.5]),
        "minLength": _COUNTS,
        "maxLength": _COUNTS,
        "pattern": _PATTERNS,
        "minItems": _COUNTS,
        "maxItems": _COUNTS,
        "uniqueItems": st.booleans(),
        "required": st.lists(NAMES, max_size=2, unique=True),
        "minProperties": _COUNTS,
        "maxProperties": _COUNTS,
        "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=1), max_size=1),
    }


def _applicators(inner: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    several = st.lists(inner, min_size=1, max_size=3)
    return {
        "properties": st.dictionaries(NAMES, inner, min_size=1, max_size=3),
        "patternProperties": st.dictionaries(_PATTERNS, inner, min_size=1, max_size=2),
        "additionalProperties": inner | st.just(False),
        "unevaluatedProperties": inner | st.just(False),
        "propertyNames": inner,
        "dependentSchemas": st.dictionaries(NAMES, inner, min_size=1, max_size=1),
        "items": inner,
        "prefixItems": several,
        "contains": inner,
        "unevaluatedItems": inner | st.just(False),
        "allOf": several,
        "anyOf": several,
        "oneOf": several,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
        "$ref": st.sampled_from(["#/$defs/d", "#/$defs/e"]),
    }


@st.composite
def _objects(draw: st.DrawFn, inner: st.SearchStrategy[Any] | None) -> dict[str, Any]:
    known = _assertions() | (_applicators(inner) if inner is not None else {})
    likely = ["type", "properties", "additionalProperties", "required"] if inner is not None else []
    keywords = draw(
        st.lists(st.sampled_from([*known, *likely, *likely]), min_size=1, max_size=4, unique=True)
    )
    return {keyword: draw(known[keyword]) for keyword in keywords}


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    """Schemas of draft 2020-12 with every keyword that is compared, also recursive ones."""
    inner = st.recursive(_objects(None) | st.booleans(), _objects, max_leaves=6)
    # what a definition refers to lies in a member or an item: in place it would never end
    child = st.sampled_from(["d", "e"]).map(lambda name: {"$ref": f"#/$defs/{name}"})
    guarded = st.one_of(
        st.dictionaries(NAMES, child, min_size=1, max_size=2).map(lambda p: {"properties": p}),
        child.map(lambda one: {"items": one}),
    )
    leaf = _objects(None)
    definitions = {
        "d": {**draw(leaf), **draw(guarded)},
        "e": {**draw(leaf), **draw(guarded)},
    }
    return {**draw(_objects(inner)), "$defs": definitions}


@st.composite
def edited(draw: st.DrawFn, schema: Any) -> Any:
    """`schema` with one place changed: a keyword dropped, put, or replaced."""
    copy = dict(schema) if isinstance(schema, dict) else {}
    inside: list[tuple[str, str]] = [
        (keyword, name)
        for keyword in ("properties", "$defs", "patternProperties")
        for name in copy.get(keyword, ())
    ]
    deeper: bool = draw(st.booleans())
    if inside and deeper:
        keyword, name = draw(st.sampled_from(inside))
        changed = draw(edited(copy[keyword][name]))
        return {**copy, keyword: {**copy[keyword], name: changed}}
    known = _assertions() | _applicators(_objects(None))
    keyword = draw(st.sampled_from([*known]))
    if keyword in copy and draw(st.booleans()):
        return {name: value for name, value in copy.items() if name != keyword}
    return {**copy, keyword: draw(known[keyword])}
