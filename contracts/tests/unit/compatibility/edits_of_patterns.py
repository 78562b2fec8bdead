"""Edits of patterns and lengths of texts."""

from __future__ import annotations

from typing import Any

from .edit import TEXT, WHOLE, Edit, object_of, only


def _text(pattern: str | None = None, **more: Any) -> Any:
    return only("s", {**TEXT, **({} if pattern is None else {"pattern": pattern}), **more})


_MAP = object_of(additionalProperties=WHOLE)
_VERSION = r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"

PATTERNS = (
    Edit("a shorter code allowed", _text("^[0-9]{5}$"), _text("^[0-9]{4,5}$"), True, False),
    Edit(
        "a suffix allowed",
        _text("^[0-9]{5}$"),
        _text("^[0-9]{5}(-[0-9]{4})?$"),
        True,
        False,
    ),
    Edit("small letters allowed", _text("^[A-F0-9]{8}$"), _text("^[A-Fa-f0-9]{8}$"), True, False),
    Edit("a word added to a pattern", _text("^(a|b)$"), _text("^(a|b|c)$"), True, False),
    Edit("the same digits", _text("^[0-9]+$"), _text(r"^\d+$"), True, True),
    Edit("the same count", _text("^[a-z][a-z]?$"), _text("^[a-z]{1,2}$"), True, True),
    Edit("no end any more", _text(_VERSION + "$"), _text(_VERSION), True, False),
    Edit("a pattern says the length", _text("^[A-Z]{3}$"), _text(minLength=3), True, False),
    Edit("a line feed is a character", _text("^.+$"), _text(minLength=1), True, False),
    Edit(
        "a pattern and a longer text",
        _text(r"^\S+$", maxLength=10),
        _text(r"^\S+$", maxLength=20),
        True,
        False,
    ),
    Edit("the same beyond the grammar", _text("^(?!x)a"), _text("^(?!x)a", title="A"), True, True),
    Edit(
        "fewer texts excluded",
        only("s", {**TEXT, "not": {"pattern": "^x"}}),
        only("s", {**TEXT, "not": {"pattern": "^xy"}}),
        True,
        False,
    ),
    Edit(
        "one of two patterns instead of any",
        only("s", {"anyOf": [{**TEXT, "pattern": "^a"}, {**TEXT, "pattern": "z$"}]}),
        only("s", {"oneOf": [{**TEXT, "pattern": "^a"}, {**TEXT, "pattern": "z$"}]}),
        False,
        True,
    ),
    Edit(
        "a pattern of words becomes a list",
        _text("^(on|off|a.b)$".replace(".", "[.]")),
        only("s", {"enum": ["on", "off", "a.b"]}),
        True,
        True,
    ),
    Edit(
        "a list with a word less",
        _text("^(on|off)$"),
        only("s", {"enum": ["on", 5]}),
        False,
        False,
    ),
    Edit(
        "short names only",
        _MAP,
        {**_MAP, "propertyNames": {"maxLength": 10}},
        False,
        True,
    ),
    Edit(
        "an open object's other members become texts",
        object_of({"id": TEXT}, additionalProperties=True),
        object_of({"id": TEXT}, additionalProperties=TEXT),
        False,
        True,
    ),
)
