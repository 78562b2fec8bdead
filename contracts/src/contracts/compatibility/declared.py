"""The writer's side of the policy: producers emit only the members that their schema declares.

`declared_only` makes a schema of its own that says just that, to stand beside the writer's. It
restricts names and nothing else, place by place, so that a member declared in one part of an
`allOf` is not refused by another. Free-form places (`{"type": "object"}`) stay free.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from contracts.compatibility.alternatives import tags
from contracts.compatibility.dialects import DIALECT
from contracts.compatibility.normal import REF, Node, Normal
from contracts.compatibility.places import Key, Place, Places, Step, matches

_MAX_PLACES = 3000


def declared_only(normal: Normal) -> Node:
    """A schema that refuses just the instances with members that `normal` does not declare."""
    shapes = _Shapes(normal)
    root = shapes.of(shapes.places.root())
    shapes.finish()
    return {"$schema": DIALECT, "$defs": shapes.definitions, **({} if root is True else root)}


PREFIX = "declared-"
"""Of the definitions' names, so that they may stand among the writer's own."""


class _Shapes:
    def __init__(self, normal: Normal) -> None:
        self.places = Places(normal)
        self.definitions: dict[str, Any] = {}
        self._names: dict[Key, str] = {}
        self._pending: list[tuple[str, Place]] = []

    def finish(self) -> None:
        """Make every definition that is named so far, and those that they name."""
        while self._pending:
            name, place = self._pending.pop()
            self.definitions[name] = self._definition(place)

    def _definition(self, place: Place) -> Any:
        for index, group in enumerate(place.groups):
            found = tags(group, place.certain)
            if found is not None:  # what another branch declares is not declared here
                cases = [
                    {"allOf": [tag, self.of(place.with_branch(index, branch))]}
                    for tag, branch in zip(found, group, strict=True)
                ]
                return {"anyOf": cases}
        return {**self._members(place), **self._items(place)} or True

    def of(self, place: Place | None) -> Any:
        """The shape of a place: true, or a reference to its definition."""
        if place is None or (place.free and not place.certain):
            return True
        key = place.key()
        if key not in self._names:
            if len(self._names) >= _MAX_PLACES:
                return True
            self._names[key] = f"{PREFIX}{len(self._names)}"
            self._pending.append((self._names[key], place))
        name = self._names[key]
        return {"$ref": REF + name}

    def _members(self, place: Place) -> dict[str, Any]:
        if not place.closes():
            return {}
        names, patterns = place.names(), place.patterns()
        shape: dict[str, Any] = {
            "properties": {name: self.of(self.places.child(place, name)) for name in names}
        }
        if patterns:
            # a name may match several patterns and be listed too: what is declared for any of
            # them is declared for each
            pooled = self._pooled(place, [name for name in names if _any_match(patterns, name)])
            shape["patternProperties"] = dict.fromkeys(patterns, pooled)
        if place.open_ended():
            if patterns or any("unevaluatedProperties" in n for n in place.everything()):
                shape["additionalProperties"] = True
            else:
                shape["additionalProperties"] = self.of(self.places.child(place, None))
        else:
            shape["additionalProperties"] = False
        return shape

    def _pooled(self, place: Place, names: list[str]) -> Any:
        """True where members matched by patterns are closed differently; a shape where alike."""
        schemas: list[Node] = []
        for node in place.everything():
            schemas.extend(node.get("patternProperties", {}).values())
            schemas.extend(node["properties"][n] for n in names if n in node.get("properties", {}))
            if node.get("additionalProperties", False) is not False:
                return True
        if place.groups or place.mentions or not all(self.places.of([s]).closes() for s in schemas):
            return True
        return self.of(self.places.of(schemas))

    def _items(self, place: Place) -> dict[str, Any]:
        longest = max((len(n.get("prefixItems", ())) for n in place.everything()), default=0)
        steps: Iterable[Step] = range(longest)
        prefix = [self.of(self.places.child(place, step, item=True)) for step in steps]
        rest = self.of(self.places.child(place, None, item=True))
        shape: dict[str, Any] = {}
        if any(one is not True for one in prefix):
            shape["prefixItems"] = prefix
        if rest is not True:
            if prefix and "prefixItems" not in shape:
                shape["prefixItems"] = prefix
            shape["items"] = rest
        return shape


def _any_match(patterns: Iterable[str], name: str) -> bool:
    return any(matches(pattern, name) for pattern in patterns)
