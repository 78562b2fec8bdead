"""Places: all subschemas that apply to one place of an instance, and which members they declare.

A place follows `$ref` and `allOf` to what certainly applies, and keeps alternatives (`anyOf`,
`oneOf`, `if`) apart. Members are *declared* where a schema names them; a place that names none is
free-form. When in doubt a place is free-form, which makes the comparison stricter, never laxer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

import jsonschema_rs

from contracts.compatibility.depth import check_time
from contracts.compatibility.normal import Node, Normal

Key: TypeAlias = tuple[Any, ...]
Step: TypeAlias = str | int | None
"""A member's name, an item's index, or None: any other member or item."""

_NEVER: dict[str, Any] = {"type": []}
"""What `false` says."""
_MAX_NEST = 8
_MAX_MIXED = 1
_MAX_PARTS = 400
"""Beyond these a place is taken as free-form."""


@dataclass(frozen=True, slots=True)
class Place:
    """`certain` apply always; of each group's alternatives at least one; `mentions` may not."""

    certain: tuple[dict[str, Any], ...] = ()
    groups: tuple[tuple[Place, ...], ...] = ()
    mentions: tuple[Place, ...] = ()
    free: bool = False
    mixed: int = 0
    """How many steps up alternatives were mixed that do not exclude one another."""

    def key(self) -> Key:
        """Equal for places that are made of the same subschemas."""
        return (
            frozenset(map(id, self.certain)),
            frozenset(frozenset(b.key() for b in group) for group in self.groups),
            frozenset(one.key() for one in self.mentions),
            self.free,
            self.mixed,
        )

    def with_branch(self, index: int, branch: Place) -> Place:
        """The case in which `branch` of the group at `index` applies."""
        rest = self.groups[:index] + self.groups[index + 1 :]
        # who lists the only alternatives says no more once one is chosen
        kept = self.certain if rest else [one for one in self.certain if not _lists_only(one)]
        both = {id(node): node for node in (*kept, *branch.certain)}
        mentions = (*self.mentions, *branch.mentions)
        free = self.free or branch.free
        return Place(tuple(both.values()), (*branch.groups, *rest), mentions, free)

    def everything(self) -> Iterator[dict[str, Any]]:
        """Every subschema of the place, alternatives and mentions too."""
        yield from self.certain
        for group in self.groups:
            for branch in group:
                yield from branch.everything()
        for one in self.mentions:
            yield from one.everything()

    def closes(self) -> bool:
        """Whether the members that the place declares are all that producers emit there."""
        if self.free:
            return False
        if any(map(_declares, self.certain)):
            return True
        return any(self._closing(group) for group in self.groups)

    @staticmethod
    def _closing(group: tuple[Place, ...]) -> bool:
        objects = [branch for branch in group if branch.admits_objects()]
        return bool(objects) and all(branch.closes() for branch in objects)

    def admits_objects(self) -> bool:
        """False only where an object is certainly refused."""
        for node in self.certain:
            types = node.get("type")
            if types is not None and "object" not in (
                types if isinstance(types, list) else [types]
            ):
                return False
            values = node.get("enum", [node["const"]] if "const" in node else None)
            if values is not None and not any(isinstance(value, dict) for value in values):
                return False
        return True

    def names(self) -> dict[str, None]:
        """The members that are named anywhere at the place, in order."""
        found: dict[str, None] = {}
        for node in self.everything():
            found.update(dict.fromkeys(node.get("properties", ())))
            found.update(dict.fromkeys(node.get("required", ())))
            for dependent in ("dependentSchemas", "dependentRequired"):
                found.update(dict.fromkeys(node.get(dependent, ())))
            for needed in node.get("dependentRequired", {}).values():
                found.update(dict.fromkeys(needed))
        return found

    def patterns(self) -> dict[str, None]:
        """The patterns of names at the place, in order."""
        return dict.fromkeys(p for n in self.everything() for p in n.get("patternProperties", ()))

    def open_ended(self) -> bool:
        """Whether some subschema says of all other members what they are."""
        return any(
            node.get(keyword, False) is not False
            for node in self.everything()
            for keyword in ("additionalProperties", "unevaluatedProperties")
        )


def _lists_only(node: dict[str, Any]) -> bool:
    return len(node) == 1 and ("anyOf" in node or "oneOf" in node)


def _declares(node: dict[str, Any]) -> bool:
    return any(
        node.get(keyword) not in (None, {})
        for keyword in ("properties", "patternProperties", "additionalProperties")
    ) or (node.get("unevaluatedProperties") is not None)


class Places:
    """The places of one schema."""

    def __init__(self, normal: Normal) -> None:
        """Begin at its root."""
        self._normal = normal
        self._spent = 0
        self._negations: dict[int, dict[str, Any]] = {}

    def root(self) -> Place:
        """Where the whole instance stands."""
        return self.of([self._normal.root])

    def of(self, nodes: Iterable[Node], nest: int = 0) -> Place:
        """The place where all of `nodes` apply."""
        check_time()
        certain: dict[int, dict[str, Any]] = {}
        pending, seen = list(nodes), set[str]()
        while pending:
            node = pending.pop()
            if node is True or id(node) in certain:
                continue
            if not isinstance(node, dict):
                node = _NEVER
            if len(node) > 1 or "$ref" not in node:  # who refers does not matter, only to what
                certain[id(node)] = node
            if "$ref" in node:
                reference = node["$ref"]
                if reference not in seen:
                    seen.add(reference)
                    pending.append(self._normal.target(reference))
            pending.extend(node.get("allOf", ()))
        self._spent = len(certain) + (self._spent if nest else 0)  # in one place, not in all
        if nest >= _MAX_NEST or self._spent > 5 * _MAX_PARTS:
            return Place(tuple(certain.values()), free=True)
        groups: list[tuple[Place, ...]] = []
        mentions: list[Place] = []
        for node in certain.values():
            alternatives = [node[keyword] for keyword in ("anyOf", "oneOf") if keyword in node]
            groups += [tuple(self.of([one], nest + 1) for one in group) for group in alternatives]
            if "if" in node:
                then = self.of([node["if"], node.get("then", True)], nest + 1)
                otherwise = [self._negated(node["if"]), node.get("else", True)]
                groups.append((then, self.of(otherwise, nest + 1)))
                mentions.append(self.of([node["if"]], nest + 1))
            if "not" in node:
                mentions.append(self.of([node["not"]], nest + 1))
            mentions += [self.of([s], nest + 1) for s in node.get("dependentSchemas", {}).values()]
        return self._made(tuple(certain.values()), groups, mentions)

    def _negated(self, node: Node) -> Node:
        """One and the same each time, since places are known by what they are made of."""
        return self._negations.setdefault(id(node), {"not": node})

    def child(
        self, place: Place, step: Step, *, item: bool = False, exact: bool = False, nest: int = 0
    ) -> Place | None:
        """The place of a member or an item; None where nothing is said of it.

        With `item` the step None means the items after all numbered ones, else other members. An
        alternative that does not declare the member is left out, since nobody emits it there;
        with `exact` it stays, as one that says nothing.
        """
        check_time()
        self._spent = self._spent if nest else 0
        contributed = [one for node in place.certain for one in _children(node, step, item=item)]
        certain = self.of(contributed, nest) if contributed else None
        if nest >= _MAX_NEST or place.free:
            return Place(certain.certain if certain else (), free=True)
        groups, mentions = [], []
        for group in place.groups:
            found = [self._inner(branch, step, item, exact, nest) for branch in group]
            told = [one for one in found if one is not None]
            if told and len(told) < len(found) and (certain is not None or exact):
                told.append(Place())  # there what is certain is all that is said
            if told:
                groups.append(tuple(told))
        for one in place.mentions:
            told_there = self._inner(one, step, item, exact, nest)
            if told_there is not None:
                mentions.append(told_there)
        if item:
            mentions += [self.of([n["contains"]], nest) for n in place.certain if "contains" in n]
        if certain is None and not groups and not mentions:
            return None
        own = certain or Place()
        made = self._made(own.certain, [*own.groups, *groups], [*own.mentions, *mentions])
        if not any(len({branch.key() for branch in group}) > 1 for group in groups):
            return made  # all alternatives say the same of it, so nothing is mixed
        if place.mixed >= _MAX_MIXED:
            return Place(made.certain, free=True)
        return replace(made, mixed=place.mixed + 1)

    def _inner(self, place: Place, step: Step, item: bool, exact: bool, nest: int) -> Place | None:
        return self.child(place, step, item=item, exact=exact, nest=nest + 1)

    def _made(
        self,
        certain: tuple[dict[str, Any], ...],
        groups: list[tuple[Place, ...]],
        mentions: list[Place],
    ) -> Place:
        """With alternatives of one branch taken as certain, and each thing said but once."""
        free = False
        kept: dict[Key, tuple[Place, ...]] = {}
        joined = {id(node): node for node in certain}
        mentioned = {one.key(): one for one in mentions}
        for group in groups:
            pending, alternatives = list(group), dict[Key, Place]()
            while pending:
                branch = pending.pop()
                pure = not branch.certain and not branch.mentions and len(branch.groups) == 1
                if pure:
                    pending.extend(branch.groups[0])
                else:
                    alternatives.setdefault(branch.key(), branch)
            if len(alternatives) == 1:
                only = next(iter(alternatives.values()))
                free = free or only.free
                joined.update((id(node), node) for node in only.certain)
                kept.update((self._group_key(inner), inner) for inner in only.groups)
                mentioned.update((one.key(), one) for one in only.mentions)
            else:
                branches = tuple(alternatives.values())
                kept[self._group_key(branches)] = branches
        parts = len(joined) + sum(map(len, kept.values())) + len(mentioned)
        place = Place(tuple(joined.values()), tuple(kept.values()), tuple(mentioned.values()), free)
        return place if parts <= _MAX_PARTS else Place(place.certain, free=True)

    @staticmethod
    def _group_key(group: tuple[Place, ...]) -> Key:
        return (frozenset(branch.key() for branch in group),)


def _children(node: dict[str, Any], step: Step, *, item: bool) -> Iterator[Node]:
    if item:
        prefix = node.get("prefixItems", ())
        if isinstance(step, int) and step < len(prefix):
            yield prefix[step]
        elif "items" in node:
            yield node["items"]
        return
    patterns = node.get("patternProperties", {})
    if step is None:
        if node.get("additionalProperties", False) is not False:
            yield node["additionalProperties"]
        return
    found = []
    if step in node.get("properties", {}):
        found.append(node["properties"][step])
    found += [schema for pattern, schema in patterns.items() if matches(pattern, str(step))]
    if not found and node.get("additionalProperties", False) is not False:
        found.append(node["additionalProperties"])
    yield from found


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for({"pattern": pattern})


def matches(pattern: str, text: str) -> bool:
    """Whether the JSON Schema `pattern` is found in `text`."""
    return _compiled(pattern).is_valid(text)
