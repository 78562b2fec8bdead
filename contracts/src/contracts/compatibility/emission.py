"""What a writer emits at a place of the instance: limits of the values, and declared members.

A proof asks here for every kind of member and item that may come, and what is certain of each.
Whatever cannot be told is taken as possible.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.compatibility.alternatives import tags
from contracts.compatibility.normal import Node, Normal
from contracts.compatibility.places import Key, Place, Places, Step, matches

FREE = Place(free=True)


@dataclass(frozen=True, slots=True)
class Emitted:
    """At one place: what `limits` the values, and what `declares` the members."""

    limits: Place
    declares: Place

    def key(self) -> Key:
        """Equal for the same emission."""
        return (self.limits.key(), self.declares.key())

    def with_branch(self, index: int, branch: Place) -> Emitted:
        """The case in which `branch` of the limits' group applies."""
        return Emitted(self.limits.with_branch(index, branch), self.declares)

    def cases(self) -> tuple[Emitted, ...] | None:
        """Each alternative of its own, where alternatives exclude one another."""
        for index, group in enumerate(self.limits.groups):
            if tags(group, self.limits.certain) is None:
                continue
            keys = {branch.key() for branch in group}
            declared = [self.declares] * len(group)
            for at, known in enumerate(self.declares.groups):
                if {branch.key() for branch in known} == keys:
                    declared = [self.declares.with_branch(at, branch) for branch in group]
            limited = [self.limits.with_branch(index, branch) for branch in group]
            return tuple(map(Emitted, limited, declared))
        return None


@dataclass(frozen=True, slots=True)
class Members:
    """The members that may be emitted: these names, names of these patterns, or any `other`."""

    names: dict[str, None]
    patterns: dict[str, None]
    other: bool

    def may_have(self, name: str) -> bool:
        """Whether a member of that name may come."""
        return self.other or name in self.names or any(matches(p, name) for p in self.patterns)


class Emission:
    """What the writer `normal` emits, place by place."""

    def __init__(self, normal: Normal) -> None:
        """Begin at its root."""
        self._places = Places(normal)
        self._kept: list[object] = []

    def root(self) -> Emitted:
        """The whole instance."""
        place = self._places.root()
        return Emitted(place, place)

    def values_of(self, *nodes: Node) -> Emitted:
        """Any value that satisfies all of `nodes`, which are the writer's or plain."""
        self._kept.append(nodes)  # places are known by the identity of their subschemas
        return Emitted(self._places.of(nodes), FREE)

    def narrowed(self, emitted: Emitted, *nodes: Node) -> Emitted:
        """What of `emitted` satisfies all of `nodes` too."""
        self._kept.append(nodes)
        place = self._places.of([*emitted.limits.certain, *nodes])
        return Emitted(place, emitted.declares)

    def members(self, emitted: Emitted) -> Members:
        """Which members may come."""
        place = emitted.declares
        if place.closes():
            return Members(place.names(), place.patterns(), place.open_ended())
        names, patterns = place.names(), place.patterns()
        for part in emitted.limits.everything():
            names.update(dict.fromkeys(part.get("properties", ())))
            patterns.update(dict.fromkeys(part.get("patternProperties", ())))
        shut = any(part.get("additionalProperties") is False for part in emitted.limits.certain)
        return Members(names, patterns, not shut)

    def child(self, emitted: Emitted, step: Step, *, item: bool = False) -> Emitted:
        """A member or an item; with `item` and None the items after all numbered ones."""
        limits = self._places.child(emitted.limits, step, item=item, exact=True)
        declares = self._places.child(emitted.declares, step, item=item)
        return Emitted(limits or Place(), declares or FREE)

    def of_pattern(self, emitted: Emitted, pattern: str) -> Emitted:
        """A member whose name matches `pattern`, and maybe others."""
        found = [
            part["patternProperties"][pattern]
            for part in emitted.limits.certain
            if pattern in part.get("patternProperties", {})
        ]
        return Emitted(self._places.of(found), FREE)

    def other(self, emitted: Emitted) -> Emitted:
        """A member of no listed name."""
        if any("patternProperties" in part for part in emitted.limits.certain):
            return Emitted(Place(), FREE)
        found = self.child(emitted, None)
        listed = self.members(emitted).names
        for part in emitted.limits.everything():
            # an alternative that may say something else of the member: only what is certain counts
            if (
                "patternProperties" in part
                or not listed.keys() >= part.get("properties", {}).keys()
            ):
                return Emitted(Place(found.limits.certain), found.declares)
        return found

    def kinds(
        self, emitted: Emitted, listed: Iterator[str] | dict[str, object]
    ) -> Iterator[tuple[str, Emitted]]:
        """Each member that is named by the writer or `listed`, and may come."""
        members = self.members(emitted)
        for name in dict.fromkeys([*members.names, *listed]):
            if members.may_have(name):
                yield name, self.child(emitted, name)
