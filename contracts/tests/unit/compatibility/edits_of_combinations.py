"""Edits of unions, references and conditions."""

from __future__ import annotations

from .edit import NUMBER, ORDER, TEXT, WHOLE, Edit, dynamic, kind, object_of, only, tree

NEEDS_NUMBER = {
    "if": {"properties": {"k": {"const": "card"}}, "required": ["k"]},
    "then": {"required": ["number"]},
}


COMBINED = (
    Edit("a member added to a tree", tree(WHOLE), tree(WHOLE, w=TEXT), True, True),
    Edit("a member of a tree made a text", tree(WHOLE), tree(TEXT), False, False),
    Edit("a member of a tree required", tree(WHOLE), tree(WHOLE, "v"), False, True),
    Edit("a tree by a dynamic reference", dynamic(WHOLE), dynamic(NUMBER), True, False),
    Edit(
        "a branch added to a union",
        {"oneOf": [kind("a")]},
        {"oneOf": [kind("a"), kind("b")]},
        True,
        False,
    ),
    Edit(
        "members added to the branches of a union",
        {"oneOf": [kind("a", x=WHOLE), kind("b")]},
        {"oneOf": [kind("a", x=WHOLE, y=TEXT), kind("b", z=TEXT)]},
        True,
        True,
    ),
    Edit(
        "a member of one branch made required",
        {"oneOf": [kind("a", x=WHOLE), kind("b")]},
        {"oneOf": [kind("a", "x", x=WHOLE), kind("b")]},
        False,
        True,
    ),
    Edit(
        "a union of types grows",
        only("v", {"anyOf": [TEXT, WHOLE]}),
        only("v", {"anyOf": [TEXT, WHOLE, {"type": "null"}]}),
        True,
        False,
    ),
    Edit(
        "in parts instead of one",
        ORDER,
        {"allOf": [object_of({"a": TEXT}, "a"), object_of({"b": WHOLE})]},
        True,
        True,
    ),
    Edit(
        "by reference instead of in place",
        only("m", ORDER),
        {**only("m", {"$ref": "#/$defs/o"}), "$defs": {"o": ORDER}},
        True,
        True,
    ),
    Edit(
        "needed in one case",
        object_of({"k": TEXT, "number": TEXT}),
        object_of({"k": TEXT, "number": TEXT}, **NEEDS_NUMBER),
        False,
        True,
    ),
    Edit(
        "a value excluded",
        only("s", TEXT),
        only("s", {**TEXT, "not": {"const": "none"}}),
        False,
        True,
    ),
)
