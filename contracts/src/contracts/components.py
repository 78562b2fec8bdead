"""Schema files gathered into one document: `$ref`s between files become `$ref`s between components.

Older drafts are put into the words of 2020-12. Works for `$ref`s to a file or to a JSON pointer
within one. A reference of another kind (an anchor, a dynamic one) is left as it stands. Nothing is
judged with the result.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urldefrag, urljoin

from contracts.documents import DRAFTS, SCHEMAS, Documents, uri_of
from contracts.drafts import in_2020_12

PREFIX = "#/components/schemas/"

_VALUES = frozenset({"const", "enum", "default", "examples"})
"""Keywords whose value is data: a `$ref` in it is not a reference."""
_MAPS = frozenset(
    {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"}
)
"""Keywords whose value maps names to schemas: a name in it is not a keyword."""
_DROPPED = frozenset({"$schema", "$id", "id"})
"""Of a document's own root: inside another document they would mislead."""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._\-]")


class Components:
    """``components/schemas`` as they grow: ``schemas/order.placed/1.json`` → ``order.placed.1``."""

    __slots__ = ("_names", "schemas")

    def __init__(self, schemas: dict[str, Any]) -> None:
        """Begin with components that come from no file."""
        self.schemas = dict(schemas)
        self._names: dict[tuple[int, str], str] = {}

    def add(self, documents: Documents, path: str) -> str:
        """Add the document at `path` and all that it refers to; answers with a `$ref` to it."""
        key = (id(documents), path)
        if key not in self._names:
            name = self._names[key] = self._free_name(path)
            self.schemas[name] = {}  # a reference back to it finds its name and goes no further
            schema = documents.by_path[path]
            copy = self._schema(schema, _base_of(path, schema), path, documents)
            if isinstance(copy, dict):
                copy = {member: copy[member] for member in copy if member not in _DROPPED}
            self.schemas[name] = copy
        return PREFIX + self._names[key]

    def _free_name(self, path: str) -> str:
        plain = path.removeprefix(f"{SCHEMAS}/").removesuffix(".json").replace("/", ".")
        name = plain = _NOT_IN_NAMES.sub("_", plain)
        count = 1
        while name in self.schemas:  # two directories may have a part of the same name
            count += 1
            name = f"{plain}_{count}"
        return name

    def _schema(self, node: Any, base: str, path: str, documents: Documents) -> Any:
        if isinstance(node, list):
            return [self._schema(item, base, path, documents) for item in node]
        if not isinstance(node, dict):
            return node
        copy: dict[str, Any] = {}
        for keyword, value in node.items():
            if keyword in _MAPS and isinstance(value, dict):
                copy[keyword] = {
                    name: self._schema(one, base, path, documents) for name, one in value.items()
                }
            elif keyword == "$ref" and isinstance(value, str):
                copy[keyword] = self._reference(value, base, path, documents)
            else:
                plain = keyword in _VALUES
                copy[keyword] = value if plain else self._schema(value, base, path, documents)
        return in_2020_12(copy, _draft_of(documents, path))

    def _reference(self, reference: str, base: str, path: str, documents: Documents) -> str:
        uri, fragment = urldefrag(urljoin(base, reference))
        target = path if uri == urldefrag(base).url else documents.path_of(uri)
        if target is None or (fragment and not fragment.startswith("/")):
            return reference
        return self.add(documents, target) + fragment


def _draft_of(documents: Documents, path: str) -> str:
    schema = documents.by_path[path]
    named = schema.get("$schema") if isinstance(schema, dict) else None
    return named if isinstance(named, str) else DRAFTS[-1]


def _base_of(path: str, schema: Any) -> str:
    identifier = schema.get("$id") if isinstance(schema, dict) else None
    return urljoin(uri_of(path), identifier) if isinstance(identifier, str) else uri_of(path)
