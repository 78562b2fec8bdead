"""The normal form of a schema: one dialect, one document, and nothing that asserts nothing.

Every draft is rewritten into 2020-12, every `$ref` target becomes a definition of its own, and
annotations go. The form accepts the same instances as the original, or it says by `opaque` what it
could not express. Files are found only through `Documents`; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import jsonschema_rs

from contracts.compatibility.dialects import DIALECT, LIBRARY, asserted_format, draft_of
from contracts.documents import Documents, uri_of
from contracts.errors import Fault, InvalidCatalogueError

Node: TypeAlias = Mapping[str, Any] | bool
"""A schema in normal form: never changed once made, so its identity may stand for it."""

REF = "#/$defs/"

_SCHEMAS = {
    **dict.fromkeys(("not", "additionalProperties"), 4),
    **dict.fromkeys(("contains", "propertyNames"), 6),
    **dict.fromkeys(("if", "then", "else"), 7),
    **dict.fromkeys(("unevaluatedProperties", "unevaluatedItems"), 19),
}
"""Keywords whose value is a schema, and the draft that brought them."""
_MAPS = {"properties": 4, "patternProperties": 4, "dependentSchemas": 19}
_LISTS = {"allOf": 4, "anyOf": 4, "oneOf": 4, "prefixItems": 20}
_PLAIN = {
    **dict.fromkeys(
        (
            *("type", "enum", "pattern", "required", "uniqueItems", "multipleOf"),
            *("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"),
            *("minProperties", "maxProperties"),
        ),
        4,
    ),
    **dict.fromkeys(("const", "exclusiveMinimum", "exclusiveMaximum"), 6),
    **dict.fromkeys(("dependentRequired", "minContains", "maxContains"), 19),
}
_CONTENT = ("contentEncoding", "contentMediaType")
MAX_DEFINITIONS = 20_000


@dataclass(frozen=True, slots=True)
class Normal:
    """A schema in normal form; `definitions` is complete, `root` one of its nodes."""

    root: Node
    definitions: Mapping[str, Node]
    draft: int
    opaque: str | None = None
    """What the form does not express; then it may accept more or less than the original."""
    draft_bound: str | None = None
    """What means something else in other drafts; comparable only with the same draft."""

    def target(self, reference: str) -> Node:
        """The node that a `$ref` of the normal form names."""
        return self.definitions[reference.removeprefix(REF)]

    def reachable(self, node: Node) -> dict[str, Node]:
        """The definitions that `node` refers to, and those refer to."""
        found: dict[str, Node] = {}
        pending: list[Any] = [node]
        while pending:
            one = pending.pop()
            if isinstance(one, Mapping):
                name = str(one.get("$ref", "")).removeprefix(REF)
                if name in self.definitions and name not in found:
                    found[name] = self.definitions[name]
                    pending.append(found[name])
                pending.extend(one.values())
            elif isinstance(one, list):
                pending.extend(one)
        return found

    def document(self, *also: Node, definitions: Mapping[str, Node] | None = None) -> Node:
        """A schema of its own that accepts what `root` and all of `also` accept."""
        members = {**self.definitions, **(definitions or {})}
        return {"$schema": DIALECT, "$defs": members, "allOf": [self.root, *also]}


def normal_form(documents: Documents, path: str) -> Normal:
    """The normal form of the document at `path`.

    Raises:
        InvalidCatalogueError: a `$ref` leads nowhere, or the schema is nested too deeply.
    """
    schema = documents.by_path[path]
    draft = draft_of(schema, 20)
    try:
        registry = jsonschema_rs.Registry(
            [(uri_of(path), schema)], draft=LIBRARY[draft], retriever=documents.retrieve
        )
        normaliser = _Normaliser(documents)
        resolver = registry.resolver(uri_of(path))
        root = normaliser.node(schema, resolver, draft)
        normaliser.finish()
    except (jsonschema_rs.ReferencingError, LookupError, ValueError, RecursionError) as error:
        raise InvalidCatalogueError(Fault(path, f"it cannot be compared: {error}")) from error
    return Normal(root, normaliser.definitions, draft, normaliser.opaque, normaliser.draft_bound)


class _Normaliser:
    """One run; `definitions` grows by the targets of references, each made once."""

    def __init__(self, documents: Documents) -> None:
        self.definitions: dict[str, Node] = {}
        self.opaque: str | None = None
        self.draft_bound: str | None = None
        self._documents = documents
        self._names: dict[tuple[str, str, int], str] = {}
        self._pending: list[tuple[str, Any, jsonschema_rs.Resolver, int]] = []
        self._formats: dict[tuple[object, int], bool] = {}

    def finish(self) -> None:
        """Make every definition that is named so far, and those that they name."""
        while self._pending:
            name, contents, resolver, draft = self._pending.pop()
            self.definitions[name] = self.node(contents, resolver, draft, resolved=True)

    def node(
        self, schema: Any, resolver: jsonschema_rs.Resolver, draft: int, *, resolved: bool = False
    ) -> Node:
        """The normal form of one subschema."""
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, dict):
            raise ValueError(f"a {type(schema).__name__} stands where a schema belongs")  # noqa: TRY004
        draft = draft_of(schema, draft)
        identifier = schema.get("id" if draft == 4 else "$id")
        plain_reference = isinstance(schema.get("$ref"), str)
        if isinstance(identifier, str) and not resolved and not (draft <= 7 and plain_reference):
            resolver = resolver.lookup(identifier).resolver
        if plain_reference and draft <= 7:
            return {"$ref": self._reference(schema["$ref"], resolver, draft)}
        copy: dict[str, Any] = {}
        for keyword, value in schema.items():
            self._keyword(copy, keyword, value, resolver, draft)
        self._arrays(copy, schema, resolver, draft)
        self._dependencies(copy, schema, resolver, draft)
        if draft == 4:
            _exclusive(copy, schema)
        return copy or True

    def _keyword(
        self,
        copy: dict[str, Any],
        keyword: str,
        value: Any,
        resolver: jsonschema_rs.Resolver,
        draft: int,
    ) -> None:
        if keyword == "$ref":
            copy["$ref"] = self._reference(value, resolver, draft)
        elif keyword in {"$dynamicRef", "$recursiveRef"}:
            self._dynamic(copy, keyword, value, resolver, draft)
        elif draft >= _SCHEMAS.get(keyword, 99):
            copy[keyword] = self.node(value, resolver, draft)
        elif draft >= _MAPS.get(keyword, 99):
            copy[keyword] = {name: self.node(one, resolver, draft) for name, one in value.items()}
        elif draft >= _LISTS.get(keyword, 99):
            copy[keyword] = [self.node(one, resolver, draft) for one in value]
        elif draft >= _PLAIN.get(keyword, 99):
            copy[keyword] = value
            if draft == 4 and keyword == "type" and "integer" in _listed(value):
                self.draft_bound = "in draft 4 the number 1.0 is not an integer"
        elif keyword == "format":
            if self._formats.setdefault((value, draft), asserted_format(value, draft)):
                copy[keyword] = value
                if value == "hostname" and draft <= 6:
                    self.draft_bound = f"the format hostname is wider in draft {draft} than later"
        elif keyword in _CONTENT and draft in {6, 7}:
            self.opaque = f"{keyword} is asserted in draft {draft}, and not compared"

    def _arrays(
        self,
        copy: dict[str, Any],
        schema: dict[str, Any],
        resolver: jsonschema_rs.Resolver,
        draft: int,
    ) -> None:
        items = schema.get("items")
        if isinstance(items, list):
            copy["prefixItems"] = [self.node(one, resolver, draft) for one in items]
            if "additionalItems" in schema:
                copy["items"] = self.node(schema["additionalItems"], resolver, draft)
        elif items is not None:
            copy["items"] = self.node(items, resolver, draft)
        if copy.get("prefixItems") == []:
            del copy["prefixItems"]
        if draft == 19 and "unevaluatedItems" in copy and "contains" in copy:
            self.opaque = "contains beside unevaluatedItems means another thing in draft 2019-09"

    def _dependencies(
        self,
        copy: dict[str, Any],
        schema: dict[str, Any],
        resolver: jsonschema_rs.Resolver,
        draft: int,
    ) -> None:
        for name, needed in schema.get("dependencies", {}).items():
            if isinstance(needed, list):
                copy.setdefault("allOf", []).append({"dependentRequired": {name: needed}})
            else:
                depending = {"dependentSchemas": {name: self.node(needed, resolver, draft)}}
                copy.setdefault("allOf", []).append(depending)

    def _reference(self, reference: str, resolver: jsonschema_rs.Resolver, draft: int) -> str:
        key = (resolver.base_uri, reference, draft)
        if key not in self._names:
            if len(self._names) >= MAX_DEFINITIONS:
                raise ValueError(f"more than {MAX_DEFINITIONS} references")
            found = resolver.lookup(reference)
            name = self._names[key] = str(len(self._names))
            inner = draft_of(found.contents, found.draft)
            self._pending.append((name, found.contents, found.resolver, inner))
        return REF + self._names[key]

    def _dynamic(
        self,
        copy: dict[str, Any],
        keyword: str,
        value: str,
        resolver: jsonschema_rs.Resolver,
        draft: int,
    ) -> None:
        """A dynamic reference with but one place to lead to is a plain one."""
        anchor = value.rpartition("#")[2] if keyword == "$dynamicRef" else True
        mark = "$dynamicAnchor" if keyword == "$dynamicRef" else "$recursiveAnchor"
        count = sum(_marks(schema, mark, anchor) for schema in self._documents.by_path.values())
        if draft < (20 if keyword == "$dynamicRef" else 19):
            return
        if count > 1 or self._documents.path_of(resolver.base_uri) is None:
            self.opaque = f"where {keyword} leads depends on the way there"
        copy.setdefault("allOf", []).append({"$ref": self._reference(value, resolver, draft)})


def _exclusive(copy: dict[str, Any], schema: dict[str, Any]) -> None:
    for bound, exclusive in (
        ("minimum", "exclusiveMinimum"),
        ("maximum", "exclusiveMaximum"),
    ):
        if schema.get(exclusive) is True and bound in copy:
            copy[exclusive] = copy.pop(bound)


def _marks(node: Any, mark: str, value: object) -> int:
    count, pending = 0, [node]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            count += one.get(mark) == value
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)
    return count


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
