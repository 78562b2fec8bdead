"""Edits of what members an object has."""

from __future__ import annotations

from .edit import NUMBER, ORDER, TEXT, WHOLE, Edit, object_of, only

MEMBERS = (
    Edit("nothing", ORDER, ORDER, True, True),
    Edit("a title", ORDER, {**ORDER, "title": "An order"}, True, True),
    Edit(
        "an optional member added",
        ORDER,
        object_of({**ORDER["properties"], "c": TEXT}, "a"),
        True,
        True,
    ),
    Edit("an optional member removed", ORDER, object_of({"a": TEXT}, "a"), True, True),
    Edit(
        "a required member added",
        ORDER,
        object_of({**ORDER["properties"], "c": TEXT}, "a", "c"),
        False,
        True,
    ),
    Edit("a member made required", ORDER, {**ORDER, "required": ["a", "b"]}, False, True),
    Edit("a member made optional", ORDER, object_of(ORDER["properties"]), True, False),
    Edit("a required member removed", ORDER, object_of({"b": WHOLE}), True, False),
    Edit("a member renamed", ORDER, object_of({"x": TEXT, "b": WHOLE}, "x"), False, False),
    Edit("a member forbidden", ORDER, object_of({"a": TEXT, "b": False}, "a"), False, True),
    Edit("closed", ORDER, {**ORDER, "additionalProperties": False}, True, True),
    Edit(
        "a member added to a closed object",
        {**ORDER, "additionalProperties": False},
        object_of({**ORDER["properties"], "c": TEXT}, "a", additionalProperties=False),
        True,
        True,
    ),
    Edit(
        "a member added to an object closed by unevaluatedProperties",
        {"allOf": [ORDER], "unevaluatedProperties": False},
        {"allOf": [ORDER, object_of({"c": TEXT})], "unevaluatedProperties": False},
        True,
        True,
    ),
    Edit("a free-form object gets members", object_of(), object_of({"a": WHOLE}), False, True),
    Edit(
        "a free-form member gets members",
        only("m", object_of()),
        only("m", object_of({"a": WHOLE})),
        False,
        True,
    ),
    Edit(
        "an explicitly open object gets a member",
        object_of({"a": TEXT}, additionalProperties=True),
        object_of({"a": TEXT, "b": WHOLE}),
        False,
        True,
    ),
    Edit(
        "values of a map narrowed",
        object_of(additionalProperties=NUMBER),
        object_of(additionalProperties=WHOLE),
        False,
        True,
    ),
    Edit(
        "names of a map restricted",
        object_of(additionalProperties=WHOLE),
        object_of(additionalProperties=WHOLE, propertyNames={"pattern": "^[a-z]+$"}),
        False,
        True,
    ),
    Edit(
        "members of a pattern may be null",
        object_of(patternProperties={"^x-": TEXT}),
        object_of(patternProperties={"^x-": {"type": ["string", "null"]}}),
        True,
        False,
    ),
    Edit(
        "at most three members",
        object_of(additionalProperties=TEXT),
        object_of(additionalProperties=TEXT, maxProperties=3),
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
