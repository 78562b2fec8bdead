"""The reader's side of the policy: consumers ignore members that they do not know.

`opened` rewrites a reader's schema so that members which it names nowhere at a place are ignored
there, also where it says `"additionalProperties": false`. For an instance without such members
the opened schema says exactly what the original says; so a branch of a `oneOf` that is closed
against its siblings' members stays so. Where that cannot be kept, a schema stays closed.
"""

from __future__ import annotations

import re
from typing import Any

from contracts.compatibility.alternatives import tags
from contracts.compatibility.normal import REF, Node, Normal
from contracts.compatibility.places import Key, Place, Places, matches

_MAX_DEFINITIONS = 5000


def opened(normal: Normal) -> Normal:
    """`normal` with unknown members ignored."""
    opening = _Opening(normal)
    root = opening.node(normal.root, opening.places.root())
    opening.finish()
    return Normal(root, opening.definitions, normal.draft, normal.opaque, normal.draft_bound)


class _Opening:
    def __init__(self, normal: Normal) -> None:
        self.places = Places(normal)
        self.definitions: dict[str, Node] = {}
        self._normal = normal
        self._pending: list[tuple[str, Node, Place]] = []
        self._names: dict[tuple[int, Key], str] = {}
        self._keys: dict[int, tuple[Place, Key]] = {}

    def finish(self) -> None:
        """Make every definition that is named so far, and those that they name."""
        while self._pending:
            name, node, place = self._pending.pop()
            self.definitions[name] = self.node(node, place)

    def node(self, node: Node, place: Place) -> Node:
        """`node`, one of the schemas that apply at `place`, opened."""
        if isinstance(node, bool):
            return node
        copy: dict[str, Any] = dict(node)
        if "$ref" in copy:
            copy["$ref"] = REF + self._definition(node["$ref"], place)
        if "allOf" in copy:
            copy["allOf"] = [self.node(one, place) for one in node["allOf"]]
        for keyword in ("anyOf", "oneOf"):
            if keyword in copy:
                cases = self._cases(node[keyword], place)
                opened_ones = [self.node(*case) for case in zip(node[keyword], cases, strict=True)]
                copy[keyword] = opened_ones
        for keyword in ("not", "if", "then", "else"):
            if keyword in copy:
                copy[keyword] = self.node(copy[keyword], place)
        if "dependentSchemas" in copy:
            depending = copy["dependentSchemas"].items()
            copy["dependentSchemas"] = {name: self.node(one, place) for name, one in depending}
        self._members(copy, node, place)
        self._items(copy, node, place)
        return copy

    def _cases(self, nodes: list[Node], place: Place) -> list[Place]:
        """The place as each alternative sees it: alone, if it excludes the others."""
        group = tuple(self.places.of([one]) for one in nodes)
        keys = {branch.key() for branch in group}
        for index, known in enumerate(place.groups):
            if {branch.key() for branch in known} == keys and tags(group, place.certain):
                return [place.with_branch(index, branch) for branch in group]
        return [place] * len(nodes)

    def _definition(self, reference: str, place: Place) -> str:
        if len(self._names) >= _MAX_DEFINITIONS:
            place = Place(free=True)  # there it stays as closed as it is
        key = (id(self._normal.target(reference)), self._key(place))
        if key not in self._names:
            self._names[key] = str(len(self._names))
            self._pending.append((self._names[key], self._normal.target(reference), place))
        return self._names[key]

    def _key(self, place: Place) -> Key:
        known = self._keys.get(id(place))
        if known is None:
            known = self._keys[id(place)] = (place, place.key())
        return known[1]

    def _members(self, copy: dict[str, Any], node: Any, place: Place) -> None:
        if "properties" in node:
            copy["properties"] = {
                name: self._child(one, place, name) for name, one in node["properties"].items()
            }
        if "patternProperties" in node:
            alone = _only(place, *_OF_MEMBERS) and not _overlap(node)
            patterns = node["patternProperties"].items()
            copy["patternProperties"] = {n: self._alone(one, alone=alone) for n, one in patterns}
        if "propertyNames" in node:
            copy["propertyNames"] = self._alone(node["propertyNames"], alone=True)
        for keyword in ("additionalProperties", "unevaluatedProperties"):
            if node.get(keyword, False) is not False:
                copy[keyword] = self._alone(node[keyword], alone=_certain_rest(place))
        known, patterns_known = place.names(), place.patterns()
        if not place.closes() or place.open_ended():
            return
        if node.get("additionalProperties") is False:
            own = node.get("patternProperties", {})
            if set(patterns_known) <= set(own):
                foreign = [n for n in known if not any(matches(p, n) for p in own)]
                refused = {
                    name: False for name in foreign if name not in node.get("properties", {})
                }
                copy["properties"] = {**copy.get("properties", {}), **refused}
                del copy["additionalProperties"]
        if node.get("unevaluatedProperties") is False and not patterns_known:
            others = "|".join(map(re.escape, known))
            copy["patternProperties"] = {f"^(?!(?:{others})$)": True} if known else {"": True}

    def _items(self, copy: dict[str, Any], node: Any, place: Place) -> None:
        if "prefixItems" in node:
            copy["prefixItems"] = [
                self._child(one, place, index, item=True)
                for index, one in enumerate(node["prefixItems"])
            ]
        alone = _only(place, "items", "prefixItems", "contains", "unevaluatedItems")
        plain = not any("prefixItems" in part for part in place.everything())
        for keyword in ("items", "contains", "unevaluatedItems"):
            if keyword in node and plain and keyword != "unevaluatedItems":
                copy[keyword] = self._child(node[keyword], place, None, item=True)
            elif keyword in node:
                copy[keyword] = self._alone(node[keyword], alone=alone and "contains" not in node)

    def _child(
        self, node: Node, place: Place, step: str | int | None, *, item: bool = False
    ) -> Node:
        if isinstance(node, bool):
            return node
        return self.node(node, self.places.child(place, step, item=item) or Place(free=True))

    def _alone(self, node: Node, *, alone: bool) -> Node:
        """`node`, opened if it is certainly all that applies there; else as closed as it is."""
        if isinstance(node, bool):
            return node
        return self.node(node, self.places.of([node]) if alone else Place(free=True))


_OF_MEMBERS = (
    *("properties", "patternProperties", "additionalProperties"),
    *("unevaluatedProperties", "propertyNames"),
)


def _only(place: Place, *keywords: str) -> bool:
    """Whether but one subschema of the place has any of these keywords."""
    return sum(any(k in part for k in keywords) for part in place.everything()) <= 1


def _certain_rest(place: Place) -> bool:
    """Whether it is known of every member that no other rule is for it."""
    named = any("unevaluatedProperties" in part for part in place.everything())
    return _only(place, *_OF_MEMBERS) and not named and not place.patterns()


def _overlap(node: Any) -> bool:
    patterns, names = node["patternProperties"], node.get("properties", {})
    return len(patterns) > 1 or any(matches(p, name) for p in patterns for name in names)
