"""Edits of unions that recur, have no tag, or depend on a condition."""

from __future__ import annotations

from typing import Any

from .edit import NUMBER, TEXT, WHOLE, Edit, kind, list_of, object_of, only

_NULL = {"type": "null"}


def _defined(**definitions: Any) -> Any:
    first = next(iter(definitions))
    return {"$ref": f"#/$defs/{first}", "$defs": definitions}


def _any_json(*scalars: Any) -> Any:
    inner = {"$ref": "#/$defs/j"}
    several = [{"type": "array", "items": inner}, object_of(additionalProperties=inner)]
    return _defined(j={"anyOf": [*scalars, *several]})


def _operations(*names: str, **more: Any) -> Any:
    """Told apart by a member that each requires, and none by a tag."""
    x = {"$ref": "#/$defs/x"}
    nodes = {f"n{one}": object_of({one: TEXT, "l": x, "r": x, **more}, one) for one in names}
    return _defined(x={"anyOf": [{"$ref": f"#/$defs/{node}"} for node in nodes]}, **nodes)


def _resources(*names: str, **more: Any) -> Any:
    """A tagged union that holds itself, as health records do."""
    inner = only("contained", {"type": "array", "items": {"$ref": "#/$defs/any"}})
    made = {
        one: {**kind(one, **inner["properties"], **more), "additionalProperties": False}
        for one in names
    }
    return _defined(any={"oneOf": [{"$ref": f"#/$defs/{one}"} for one in made]}, **made)


def _entities(count: int, *required: str) -> Any:
    """Each refers to others in a circle; the last one has members that it requires."""
    made = {
        f"e{at}": object_of(
            {
                "id": TEXT,
                "next": {"anyOf": [_NULL, {"$ref": f"#/$defs/e{(at + 1) % count}"}]},
                "all": {"type": "array", "items": {"$ref": f"#/$defs/e{at * 7 % count}"}},
            },
            *(required if at == count - 1 else ()),
        )
        for at in range(count)
    }
    return _defined(**made)


def _zip(american: str, **more: Any) -> Any:
    country = {"enum": ["US", "NL"]}
    return object_of(
        {"country": country, "zip": TEXT, **more},
        "country",
        **{
            "if": {"properties": {"country": {"const": "US"}}},
            "then": {"properties": {"zip": {"pattern": american}}},
            "else": {"properties": {"zip": {"pattern": "^[0-9]{4}$"}}},
        },
    )


_CONTACT = object_of({"mail": TEXT, "phone": TEXT})
_ONE_OF_TWO = {"anyOf": [{"required": ["mail"]}, {"required": ["phone"]}]}

UNIONS = (
    Edit(
        "any JSON without null",
        _any_json(TEXT, NUMBER, _NULL),
        _any_json(TEXT, NUMBER),
        False,
        True,
    ),
    Edit(
        "any JSON by a list of types",
        _any_json(TEXT, NUMBER),
        _defined(
            j={
                "type": ["string", "number", "array", "object"],
                "items": {"$ref": "#/$defs/j"},
                "additionalProperties": {"$ref": "#/$defs/j"},
            }
        ),
        True,
        True,
    ),
    Edit("an operation added", _operations("a", "b"), _operations("a", "b", "c"), True, False),
    Edit(
        "a member added to every operation",
        _operations("a", "b", "c"),
        _operations("a", "b", "c", at=WHOLE),
        True,
        True,
    ),
    Edit("a resource added", _resources("a", "b"), _resources("a", "b", "c"), True, False),
    Edit(
        "a member added to every resource",
        _resources("a", "b", "c"),
        _resources("a", "b", "c", note=TEXT),
        True,
        True,
    ),
    Edit("a member required far away", _entities(40), _entities(40, "id"), False, True),
    Edit(
        "a longer code in one case", _zip("^[0-9]{5}$"), _zip("^[0-9]{5}(-[0-9]{4})?$"), True, False
    ),
    Edit(
        "a member beside the cases", _zip("^[0-9]{5}$"), _zip("^[0-9]{5}$", city=TEXT), True, True
    ),
    Edit("one of two members needed", _CONTACT, {**_CONTACT, **_ONE_OF_TWO}, False, True),
    Edit(
        "now that one of them is needed",
        {**_CONTACT, **_ONE_OF_TWO},
        {**_CONTACT, "required": ["mail"]},
        False,
        True,
    ),
    Edit(
        "texts or objects instead of texts",
        list_of(TEXT),
        list_of({"oneOf": [TEXT, object_of({"v": TEXT}, "v")]}),
        True,
        False,
    ),
    Edit(
        "a tag of more values",
        {"oneOf": [kind("a", x=WHOLE), kind("b")]},
        {"oneOf": [object_of({"k": {"enum": ["a", "c"]}, "x": WHOLE}, "k"), kind("b")]},
        True,
        False,
    ),
    Edit(
        "at most one such item",
        only("l", {"type": "array", "contains": {"const": 1}}),
        only("l", {"type": "array", "contains": {"const": 1}, "maxContains": 1}),
        False,
        True,
    ),
)
