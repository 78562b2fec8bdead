"""A table of edits to schemas, each with what it does to consumers, decided by hand.

`backward`: consumers of the newer version take all events of the older. `forward`: consumers of the
older take all events of the newer. Consumers ignore members that they do not know, and producers
emit only those that their schema declares.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Edit(NamedTuple):
    """One edit and its two verdicts."""

    name: str
    older: Any
    newer: Any
    backward: bool
    forward: bool


def _object(properties: dict[str, Any] | None = None, *required: str, **more: Any) -> Any:
    schema: dict[str, Any] = {"type": "object"}
    if properties is not None:
        schema["properties"] = properties
    if required:
        schema["required"] = list(required)
    return {**schema, **more}


def _only(name: str, schema: Any) -> Any:
    return _object({name: schema})


def _list(schema: Any, **more: Any) -> Any:
    return _only("l", {"type": "array", "items": schema, **more})


def _tree(value: Any, *required: str, **more: Any) -> Any:
    node = _object({"v": value, "next": {"$ref": "#/$defs/n"}, **more}, *required)
    return {"$ref": "#/$defs/n", "$defs": {"n": node}}


def _kind(name: str, *required: str, **properties: Any) -> Any:
    return _object({"k": {"const": name}, **properties}, "k", *required)


TEXT, WHOLE, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
ORDER = _object({"a": TEXT, "b": WHOLE}, "a")
D4, D6 = "http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-06/schema#"
D7 = "http://json-schema.org/draft-07/schema#"
D2019 = "https://json-schema.org/draft/2019-09/schema"


def _dynamic(value: Any) -> Any:
    node = _object({"v": value, "c": {"$dynamicRef": "#n"}}, **{"$dynamicAnchor": "n"})
    return {"$dynamicRef": "#n", "$defs": {"n": node}}


_IF = {
    "if": {"properties": {"k": {"const": "card"}}, "required": ["k"]},
    "then": {"required": ["number"]},
}

MEMBERS = (
    Edit("nothing", ORDER, ORDER, True, True),
    Edit("a title", ORDER, {**ORDER, "title": "An order"}, True, True),
    Edit(
        "an optional member added",
        ORDER,
        _object({**ORDER["properties"], "c": TEXT}, "a"),
        True,
        True,
    ),
    Edit("an optional member removed", ORDER, _object({"a": TEXT}, "a"), True, True),
    Edit(
        "a required member added",
        ORDER,
        _object({**ORDER["properties"], "c": TEXT}, "a", "c"),
        False,
        True,
    ),
    Edit("a member made required", ORDER, {**ORDER, "required": ["a", "b"]}, False, True),
    Edit("a member made optional", ORDER, _object(ORDER["properties"]), True, False),
    Edit("a required member removed", ORDER, _object({"b": WHOLE}), True, False),
    Edit("a member renamed", ORDER, _object({"x": TEXT, "b": WHOLE}, "x"), False, False),
    Edit("a member forbidden", ORDER, _object({"a": TEXT, "b": False}, "a"), False, True),
    Edit("closed", ORDER, {**ORDER, "additionalProperties": False}, True, True),
    Edit(
        "a member added to a closed object",
        {**ORDER, "additionalProperties": False},
        _object({**ORDER["properties"], "c": TEXT}, "a", additionalProperties=False),
        True,
        True,
    ),
    Edit(
        "a member added to an object closed by unevaluatedProperties",
        {"allOf": [ORDER], "unevaluatedProperties": False},
        {"allOf": [ORDER, _object({"c": TEXT})], "unevaluatedProperties": False},
        True,
        True,
    ),
    Edit("a free-form object gets members", _object(), _object({"a": WHOLE}), False, True),
    Edit(
        "a free-form member gets members",
        _only("m", _object()),
        _only("m", _object({"a": WHOLE})),
        False,
        True,
    ),
    Edit(
        "an explicitly open object gets a member",
        _object({"a": TEXT}, additionalProperties=True),
        _object({"a": TEXT, "b": WHOLE}),
        False,
        True,
    ),
    Edit(
        "values of a map narrowed",
        _object(additionalProperties=NUMBER),
        _object(additionalProperties=WHOLE),
        False,
        True,
    ),
    Edit(
        "names of a map restricted",
        _object(additionalProperties=WHOLE),
        _object(additionalProperties=WHOLE, propertyNames={"pattern": "^[a-z]+$"}),
        False,
        True,
    ),
    Edit(
        "members of a pattern may be null",
        _object(patternProperties={"^x-": TEXT}),
        _object(patternProperties={"^x-": {"type": ["string", "null"]}}),
        True,
        False,
    ),
    Edit(
        "at most three members",
        _object(additionalProperties=TEXT),
        _object(additionalProperties=TEXT, maxProperties=3),
        False,
        True,
    ),
    Edit(
        "one member needs another",
        ORDER,
        {**ORDER, "dependentRequired": {"b": ["c"]}},
        False,
        True,
    ),
)

VALUES = (
    Edit(
        "a whole number may be a fraction",
        ORDER,
        _object({"a": TEXT, "b": NUMBER}, "a"),
        True,
        False,
    ),
    Edit("a number becomes a text", ORDER, _object({"a": TEXT, "b": TEXT}, "a"), False, False),
    Edit(
        "a value may be null",
        ORDER,
        _object({"a": TEXT, "b": {"type": ["integer", "null"]}}, "a"),
        True,
        False,
    ),
    Edit("a minimum added", _only("n", WHOLE), _only("n", {**WHOLE, "minimum": 1}), False, True),
    Edit(
        "a maximum raised",
        _only("n", {**WHOLE, "maximum": 9}),
        _only("n", {**WHOLE, "maximum": 10}),
        True,
        False,
    ),
    Edit(
        "the same bound in other words",
        _only("n", {**WHOLE, "minimum": 1}),
        _only("n", {**WHOLE, "exclusiveMinimum": 0}),
        True,
        True,
    ),
    Edit("multiples only", _only("n", WHOLE), _only("n", {**WHOLE, "multipleOf": 5}), False, True),
    Edit(
        "a longer text allowed",
        _only("s", {**TEXT, "maxLength": 5}),
        _only("s", {**TEXT, "maxLength": 6}),
        True,
        False,
    ),
    Edit("no empty text", _only("s", TEXT), _only("s", {**TEXT, "minLength": 1}), False, True),
    Edit(
        "a format added", _only("s", TEXT), _only("s", {**TEXT, "format": "date-time"}), False, True
    ),
    Edit(
        "another format",
        _only("s", {**TEXT, "format": "date"}),
        _only("s", {**TEXT, "format": "date-time"}),
        False,
        False,
    ),
    Edit(
        "a format that is no format",
        _only("s", TEXT),
        _only("s", {**TEXT, "format": "x-house-style"}),
        True,
        True,
    ),
    Edit(
        "a pattern added",
        _only("s", TEXT),
        _only("s", {**TEXT, "pattern": "^[A-Z]+$"}),
        False,
        True,
    ),
    Edit(
        "another pattern",
        _only("s", {**TEXT, "pattern": "^[A-Z]{3}$"}),
        _only("s", {**TEXT, "pattern": "^[0-9]{3}$"}),
        False,
        False,
    ),
    Edit(
        "a value added to an enum",
        _only("e", {"enum": ["x", "y"]}),
        _only("e", {"enum": ["x", "y", "z"]}),
        True,
        False,
    ),
    Edit(
        "an enum becomes one value",
        _only("e", {"enum": ["x", "y"]}),
        _only("e", {"const": "x"}),
        False,
        True,
    ),
    Edit("a text becomes an enum", _only("e", TEXT), _only("e", {"enum": ["x"]}), False, True),
    Edit(
        "an enum in another order",
        _only("e", {"enum": [1, 2.0]}),
        _only("e", {"enum": [2, 1.0]}),
        True,
        True,
    ),
)

ARRAYS = (
    Edit("at most three items", _list(TEXT), _list(TEXT, maxItems=3), False, True),
    Edit("at least one item", _list(TEXT), _list(TEXT, minItems=1), False, True),
    Edit("no equal items", _list(TEXT), _list(TEXT, uniqueItems=True), False, True),
    Edit("items of another type", _list(TEXT), _list(WHOLE), False, False),
    Edit(
        "a member of items added",
        _list(_object({"x": WHOLE})),
        _list(_object({"x": WHOLE, "y": TEXT})),
        True,
        True,
    ),
    Edit(
        "a member of items required",
        _list(_object({"x": WHOLE})),
        _list(_object({"x": WHOLE}, "x")),
        False,
        True,
    ),
    Edit(
        "a whole number among the items",
        _only("l", {"type": "array"}),
        _only("l", {"type": "array", "contains": WHOLE}),
        False,
        True,
    ),
    Edit(
        "one place of a tuple",
        _only("l", {"type": "array", "prefixItems": [TEXT, WHOLE]}),
        _only("l", {"type": "array", "prefixItems": [TEXT, NUMBER]}),
        True,
        False,
    ),
)

COMBINED = (
    Edit("a member added to a tree", _tree(WHOLE), _tree(WHOLE, w=TEXT), True, True),
    Edit("a member of a tree made a text", _tree(WHOLE), _tree(TEXT), False, False),
    Edit("a member of a tree required", _tree(WHOLE), _tree(WHOLE, "v"), False, True),
    Edit("a tree by a dynamic reference", _dynamic(WHOLE), _dynamic(NUMBER), True, False),
    Edit(
        "a branch added to a union",
        {"oneOf": [_kind("a")]},
        {"oneOf": [_kind("a"), _kind("b")]},
        True,
        False,
    ),
    Edit(
        "members added to the branches of a union",
        {"oneOf": [_kind("a", x=WHOLE), _kind("b")]},
        {"oneOf": [_kind("a", x=WHOLE, y=TEXT), _kind("b", z=TEXT)]},
        True,
        True,
    ),
    Edit(
        "a member of one branch made required",
        {"oneOf": [_kind("a", x=WHOLE), _kind("b")]},
        {"oneOf": [_kind("a", "x", x=WHOLE), _kind("b")]},
        False,
        True,
    ),
    Edit(
        "a union of types grows",
        _only("v", {"anyOf": [TEXT, WHOLE]}),
        _only("v", {"anyOf": [TEXT, WHOLE, {"type": "null"}]}),
        True,
        False,
    ),
    Edit(
        "in parts instead of one",
        ORDER,
        {"allOf": [_object({"a": TEXT}, "a"), _object({"b": WHOLE})]},
        True,
        True,
    ),
    Edit(
        "by reference instead of in place",
        _only("m", ORDER),
        {**_only("m", {"$ref": "#/$defs/o"}), "$defs": {"o": ORDER}},
        True,
        True,
    ),
    Edit(
        "needed in one case",
        _object({"k": TEXT, "number": TEXT}),
        _object({"k": TEXT, "number": TEXT}, **_IF),
        False,
        True,
    ),
    Edit(
        "a value excluded",
        _only("s", TEXT),
        _only("s", {**TEXT, "not": {"const": "none"}}),
        False,
        True,
    ),
)

DRAFTS = (
    Edit("draft 7 to 2020-12", {"$schema": D7, **ORDER}, ORDER, True, True),
    Edit(
        "draft 4 bounds to draft 6 bounds",
        {"$schema": D4, **_only("n", {**NUMBER, "minimum": 0, "exclusiveMinimum": True})},
        {"$schema": D6, **_only("n", {**NUMBER, "exclusiveMinimum": 0})},
        True,
        True,
    ),
    Edit(
        "a tuple of draft 2019-09",
        {
            "$schema": D2019,
            **_only("l", {"type": "array", "items": [TEXT], "additionalItems": WHOLE}),
        },
        _only("l", {"type": "array", "prefixItems": [TEXT], "items": NUMBER}),
        True,
        False,
    ),
    Edit(
        "a dependency of draft 7",
        {"$schema": D7, **_object({"a": TEXT, "b": TEXT}, dependencies={"a": ["b"]})},
        _object({"a": TEXT, "b": TEXT}, dependentRequired={"a": ["b"]}),
        True,
        True,
    ),
    Edit(
        "siblings of a draft 7 reference are ignored",
        {
            "$schema": D7,
            **_only("a", {"$ref": "#/definitions/t", "maxLength": 1}),
            "definitions": {"t": TEXT},
        },
        _only("a", TEXT),
        True,
        True,
    ),
    Edit(
        "a whole number of draft 6 read by draft 4",
        {"$schema": D4, **_only("n", WHOLE)},
        {"$schema": D6, **_only("n", WHOLE)},
        True,
        False,
    ),
)

EDITS = (*MEMBERS, *VALUES, *ARRAYS, *COMBINED, *DRAFTS)
