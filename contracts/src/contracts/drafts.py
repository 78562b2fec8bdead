"""A schema of an older draft in the words of 2020-12, for documents that know only those.

What is judged is the file itself, by its own draft; this is for AsyncAPI and OpenAPI, whose tools
would misread or refuse older words. Works on one schema object; whoever copies a schema calls it
for each, from the inside out. Keywords that an older draft did not have are left as they stand.
"""

from __future__ import annotations

from typing import Any, Final

_OLD: Final = ("draft-04", "draft-06", "draft-07")
_Schema = dict[str, Any]


def in_2020_12(schema: _Schema, draft: str) -> _Schema:
    """`schema`, an object of the `draft` that its file's ``$schema`` names."""
    if "2020-12" in draft:
        return schema
    if any(name in draft for name in _OLD) and isinstance(schema.get("$ref"), str):
        return {"$ref": schema["$ref"]}  # what stands beside it was ignored
    modern = dict(schema)
    if "draft-04" in draft:
        _numbers(modern, "minimum", "exclusiveMinimum")
        _numbers(modern, "maximum", "exclusiveMaximum")
    if isinstance(modern.get("items"), list):
        modern["prefixItems"] = modern.pop("items")
        if "additionalItems" in modern:
            modern["items"] = modern.pop("additionalItems")
    else:
        modern.pop("additionalItems", None)  # it spoke only of items beyond a list of them
    if isinstance(modern.get("dependencies"), dict):
        _dependencies(modern)
    return modern


def _numbers(schema: _Schema, bound: str, exclusive: str) -> None:
    """In draft 4 the exclusive word was a flag beside the bound."""
    flag = schema.get(exclusive)
    if not isinstance(flag, bool):
        return
    del schema[exclusive]
    if flag and bound in schema:
        schema[exclusive] = schema.pop(bound)


def _dependencies(schema: _Schema) -> None:
    for name, needed in schema.pop("dependencies").items():
        word = "dependentRequired" if isinstance(needed, list) else "dependentSchemas"
        schema.setdefault(word, {})[name] = needed
