"""The same in another draft."""

from __future__ import annotations

from .edit import NUMBER, ORDER, TEXT, WHOLE, Edit, object_of, only

D4, D6 = "http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-06/schema#"
D7 = "http://json-schema.org/draft-07/schema#"
D2019 = "https://json-schema.org/draft/2019-09/schema"


DRAFTS = (
    Edit("draft 7 to 2020-12", {"$schema": D7, **ORDER}, ORDER, True, True),
    Edit(
        "draft 4 bounds to draft 6 bounds",
        {"$schema": D4, **only("n", {**NUMBER, "minimum": 0, "exclusiveMinimum": True})},
        {"$schema": D6, **only("n", {**NUMBER, "exclusiveMinimum": 0})},
        True,
        True,
    ),
    Edit(
        "a tuple of draft 2019-09",
        {
            "$schema": D2019,
            **only("l", {"type": "array", "items": [TEXT], "additionalItems": WHOLE}),
        },
        only("l", {"type": "array", "prefixItems": [TEXT], "items": NUMBER}),
        True,
        False,
    ),
    Edit(
        "a dependency of draft 7",
        {"$schema": D7, **object_of({"a": TEXT, "b": TEXT}, dependencies={"a": ["b"]})},
        object_of({"a": TEXT, "b": TEXT}, dependentRequired={"a": ["b"]}),
        True,
        True,
    ),
    Edit(
        "siblings of a draft 7 reference are ignored",
        {
            "$schema": D7,
            **only("a", {"$ref": "#/definitions/t", "maxLength": 1}),
            "definitions": {"t": TEXT},
        },
        only("a", TEXT),
        True,
        True,
    ),
    Edit(
        "a whole number of draft 6 read by draft 4",
        {"$schema": D4, **only("n", WHOLE)},
        {"$schema": D6, **only("n", WHOLE)},
        True,
        False,
    ),
)
