"""One row of the table of edits, and short words for the schemas in it."""

from __future__ import annotations

from typing import Any, NamedTuple


class Edit(NamedTuple):
    """One edit and its two verdicts."""

    name: str
    older: Any
    newer: Any
    backward: bool
    forward: bool


def object_of(properties: dict[str, Any] | None = None, *required: str, **more: Any) -> Any:
    schema: dict[str, Any] = {"type": "object"}
    if properties is not None:
        schema["properties"] = properties
    if required:
        schema["required"] = list(required)
    return {**schema, **more}


def only(name: str, schema: Any) -> Any:
    return object_of({name: schema})


def list_of(schema: Any, **more: Any) -> Any:
    return only("l", {"type": "array", "items": schema, **more})


def tree(value: Any, *required: str, **more: Any) -> Any:
    node = object_of({"v": value, "next": {"$ref": "#/$defs/n"}, **more}, *required)
    return {"$ref": "#/$defs/n", "$defs": {"n": node}}


def kind(name: str, *required: str, **properties: Any) -> Any:
    return object_of({"k": {"const": name}, **properties}, "k", *required)


TEXT, WHOLE, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
ORDER = object_of({"a": TEXT, "b": WHOLE}, "a")


def dynamic(value: Any) -> Any:
    node = object_of({"v": value, "c": {"$dynamicRef": "#n"}}, **{"$dynamicAnchor": "n"})
    return {"$dynamicRef": "#n", "$defs": {"n": node}}
