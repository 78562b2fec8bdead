"""Edits of values, and of arrays."""

from __future__ import annotations

from .edit import NUMBER, ORDER, TEXT, WHOLE, Edit, list_of, object_of, only

VALUES = (
    Edit(
        "a whole number may be a fraction",
        ORDER,
        object_of({"a": TEXT, "b": NUMBER}, "a"),
        True,
        False,
    ),
    Edit("a number becomes a text", ORDER, object_of({"a": TEXT, "b": TEXT}, "a"), False, False),
    Edit(
        "a value may be null",
        ORDER,
        object_of({"a": TEXT, "b": {"type": ["integer", "null"]}}, "a"),
        True,
        False,
    ),
    Edit("a minimum added", only("n", WHOLE), only("n", {**WHOLE, "minimum": 1}), False, True),
    Edit(
        "a maximum raised",
        only("n", {**WHOLE, "maximum": 9}),
        only("n", {**WHOLE, "maximum": 10}),
        True,
        False,
    ),
    Edit(
        "the same bound in other words",
        only("n", {**WHOLE, "minimum": 1}),
        only("n", {**WHOLE, "exclusiveMinimum": 0}),
        True,
        True,
    ),
    Edit("multiples only", only("n", WHOLE), only("n", {**WHOLE, "multipleOf": 5}), False, True),
    Edit(
        "a longer text allowed",
        only("s", {**TEXT, "maxLength": 5}),
        only("s", {**TEXT, "maxLength": 6}),
        True,
        False,
    ),
    Edit("no empty text", only("s", TEXT), only("s", {**TEXT, "minLength": 1}), False, True),
    Edit(
        "a format added", only("s", TEXT), only("s", {**TEXT, "format": "date-time"}), False, True
    ),
    Edit(
        "another format",
        only("s", {**TEXT, "format": "date"}),
        only("s", {**TEXT, "format": "date-time"}),
        False,
        False,
    ),
    Edit(
        "a format that is no format",
        only("s", TEXT),
        only("s", {**TEXT, "format": "x-house-style"}),
        True,
        True,
    ),
    Edit(
        "a pattern added",
        only("s", TEXT),
        only("s", {**TEXT, "pattern": "^[A-Z]+$"}),
        False,
        True,
    ),
    Edit(
        "another pattern",
        only("s", {**TEXT, "pattern": "^[A-Z]{3}$"}),
        only("s", {**TEXT, "pattern": "^[0-9]{3}$"}),
        False,
        False,
    ),
    Edit(
        "a value added to an enum",
        only("e", {"enum": ["x", "y"]}),
        only("e", {"enum": ["x", "y", "z"]}),
        True,
        False,
    ),
    Edit(
        "an enum becomes one value",
        only("e", {"enum": ["x", "y"]}),
        only("e", {"const": "x"}),
        False,
        True,
    ),
    Edit("a text becomes an enum", only("e", TEXT), only("e", {"enum": ["x"]}), False, True),
    Edit(
        "an enum in another order",
        only("e", {"enum": [1, 2.0]}),
        only("e", {"enum": [2, 1.0]}),
        True,
        True,
    ),
)

ARRAYS = (
    Edit("at most three items", list_of(TEXT), list_of(TEXT, maxItems=3), False, True),
    Edit("at least one item", list_of(TEXT), list_of(TEXT, minItems=1), False, True),
    Edit("no equal items", list_of(TEXT), list_of(TEXT, uniqueItems=True), False, True),
    Edit("items of another type", list_of(TEXT), list_of(WHOLE), False, False),
    Edit(
        "a member of items added",
        list_of(object_of({"x": WHOLE})),
        list_of(object_of({"x": WHOLE, "y": TEXT})),
        True,
        True,
    ),
    Edit(
        "a member of items required",
        list_of(object_of({"x": WHOLE})),
        list_of(object_of({"x": WHOLE}, "x")),
        False,
        True,
    ),
    Edit(
        "a whole number among the items",
        only("l", {"type": "array"}),
        only("l", {"type": "array", "contains": WHOLE}),
        False,
        True,
    ),
    Edit(
        "one place of a tuple",
        only("l", {"type": "array", "prefixItems": [TEXT, WHOLE]}),
        only("l", {"type": "array", "prefixItems": [TEXT, NUMBER]}),
        True,
        False,
    ),
)
