"""A proof, place by place, that everything a writer emits satisfies a reader's schema.

It goes through both schemas side by side, so its cost follows their size, it takes recursive
schemas in its stride (what is assumed of a place is used only further down in the instance), and
it knows where it failed. It is sound and far from complete: False means "not proved here".
"""

from __future__ import annotations

import math
import time
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from contracts.compatibility.emission import Emission, Emitted
from contracts.compatibility.implication import follows, types, values
from contracts.compatibility.likeness import Likeness
from contracts.compatibility.normal import Node, Normal
from contracts.compatibility.places import Key
from contracts.compatibility.reading import Reading
from contracts.compatibility.refusals import Refusals
from contracts.compatibility.structure import OF_ARRAYS, OF_OBJECTS, Path
from contracts.compatibility.ways import Ways

_MAX_STEPS = 60_000
_MAX_SPLITS = 3
"""Alternatives of the writer that are told apart within one another."""
_MAX_GAPS = 50


@dataclass(frozen=True, slots=True)
class Gap:
    """Where the proof failed: steps into the instance, and the reader's keyword."""

    path: Path
    keyword: str
    at: Hashable = None
    certain: tuple[dict[str, Any], ...] = ()
    """What the writer's value satisfies there."""


class Proof:
    """One attempt; `gaps` tells afterwards where it failed."""

    def __init__(self, writer: Normal, reader: Normal, *, deadline: float = math.inf) -> None:
        """Compare `writer` with `reader`, which is already opened to unknown members.

        Past `deadline`, a time of `time.monotonic`, nothing more is proved.
        """
        self.gaps: list[Gap] = []
        self._deadline = deadline
        self._likeness = Likeness(writer, reader)
        self.emission = Emission(writer)
        self.reading = Reading(reader)
        self._open: dict[tuple[Key, int], int] = {}
        self._proved: dict[tuple[Key, int], None] = {}
        self._failed: dict[tuple[Key, int], bool] = {}
        self._certain: dict[Hashable, tuple[dict[str, Any], ...]] = {}
        self._circles = 0
        self._ways = Ways()
        self.refusals = Refusals(self.emission, self.reading, self._likeness)
        self._alone: dict[int, Node] = {}
        self._known_cases: dict[Key, tuple[Emitted, ...] | None] = {}
        self._steps = 0
        self._told = True
        self._kept: list[Any] = []  # nodes are known by their identity, so they must live

    def succeeds(self) -> bool:
        """Whether everything is proved."""
        try:
            proved = self.prove(self.emission.root(), self.reading.root, ())
        except RecursionError:
            return self.gap((), "nesting")
        shortest = self._ways.shortest() if self.gaps else {}
        self.gaps = [
            replace(gap, path=shortest.get(gap.at, gap.path), certain=self._certain.get(gap.at, ()))
            for gap in self.gaps
        ]
        return proved

    def gap(self, path: Path, keyword: str) -> bool:
        """Note that it failed here; False."""
        if self._told and len(self.gaps) < _MAX_GAPS:
            self.gaps.append(Gap(path, keyword, self._ways.here))
        return False

    def prove(self, emitted: Emitted, node: Node, path: Path) -> bool:
        """Whether all that is emitted satisfies `node`."""
        node = self.reading.followed(node)
        if node is True or node == {} or not types(emitted.limits.certain):
            return True
        if not isinstance(node, dict):
            return self.gap(path, "false")
        key = (emitted.key(), id(node))
        self._kept.append(node)
        self._ways.go(key, path)
        if key in self._proved:
            return True
        if key in self._failed and (self._failed[key] or not self._told):
            return False
        if key in self._open:
            # sound only further down in the instance, where what is judged has become smaller
            return len(path) > self._open[key] or self._in_circles(path)
        self._open[key] = len(path)
        self._certain[key] = emitted.limits.certain
        before, circles = len(self._proved), self._circles
        with self._ways.at(key, path):
            proved = self._by_alternatives(emitted, node, path)
        del self._open[key]
        if proved:
            self._proved[key] = None
            return True
        while len(self._proved) > before:  # they may rest on what has just failed
            self._proved.popitem()
        if circles == self._circles:  # else it might be proved from elsewhere
            self._failed[key] = self._told
        return False

    def _by_alternatives(self, emitted: Emitted, node: dict[str, Any], path: Path) -> bool:
        cases = self._cases(emitted)
        if cases is None:
            return self._all(emitted, node, path, 0)
        return self.every(self.prove(case, node, path) for case in cases)

    def _in_circles(self, path: Path) -> bool:
        self._circles += 1
        return self.gap(path, "recursion")

    def quietly(self, emitted: Emitted, rules: list[Node], path: Path) -> Node | None:
        """The first of `rules` that is proved; failures are not told."""
        told, self._told = self._told, False
        try:
            likely = [one for one in rules if not self.refusals.refused(emitted, one)]
            return next((one for one in likely if self.prove(emitted, one, path)), None)
        finally:
            self._told = told

    def every(self, answers: Iterable[bool]) -> bool:
        """Whether all are true; all are asked while gaps are told, so that each is noted."""
        return not [one for one in answers if not one] if self._told else all(answers)

    def _cases(self, emitted: Emitted) -> tuple[Emitted, ...] | None:
        key = emitted.key()
        if key not in self._known_cases:
            self._known_cases[key] = emitted.cases()
        return self._known_cases[key]

    # -- one subschema, keyword by keyword ------------------------------------------------------

    def _all(self, emitted: Emitted, node: dict[str, Any], path: Path, splits: int) -> bool:
        before = len(self.gaps)
        if self._by_rules(emitted, node, path, splits):
            return True
        possible = values(emitted.limits.certain)
        if possible is None or not all(self.reading.accepts(node, value) for value in possible):
            return False
        del self.gaps[before:]
        return True

    def _by_rules(self, emitted: Emitted, node: dict[str, Any], path: Path, splits: int) -> bool:
        proved = True
        for keyword, rule in node.items():
            noted = len(self.gaps)
            if self._rule(emitted, node, keyword, rule, path):
                continue
            if splits < _MAX_SPLITS and self._by_cases(emitted, node, keyword, path, splits):
                del self.gaps[noted:]
            elif not self._told:
                return False  # whoever asks wants no list of gaps
            else:
                proved = False
        return proved

    def _by_cases(
        self, emitted: Emitted, node: dict[str, Any], keyword: str, path: Path, splits: int
    ) -> bool:
        """Whether the rule holds in every alternative that the writer has at this place."""
        alone = {k: node[k] for k in (keyword, *_SIBLINGS.get(keyword, ())) if k in node}
        self._kept.append(alone)
        told, self._told = self._told, False
        try:
            return any(
                all(
                    self._all(emitted.with_branch(index, branch), alone, path, splits + 1)
                    for branch in group
                    if types((*emitted.limits.certain, *branch.certain))
                )
                for index, group in enumerate(emitted.limits.groups)
            )
        finally:
            self._told = told

    def _rule(
        self, emitted: Emitted, node: dict[str, Any], keyword: str, rule: Any, path: Path
    ) -> bool:
        self._steps += 1
        if self._steps > _MAX_STEPS or time.monotonic() > self._deadline:
            return self.gap(path, "size")
        if any(
            self._likeness.same(part, node, _alike(keyword, part, node))
            for part in emitted.limits.certain
            if keyword in part
        ):
            return True
        known = follows(keyword, rule, node, emitted.limits.certain)
        if known is not None:
            return known or self.gap(path, keyword)
        if keyword in _SAID_BY_SIBLINGS:
            return True
        allowed = types(emitted.limits.certain)
        for kind, judges in (("object", OF_OBJECTS), ("array", OF_ARRAYS)):
            if keyword in judges:
                return kind not in allowed or judges[keyword](self, emitted, node, rule, path)
        judge = _IN_PLACE.get(keyword)
        return self.gap(path, keyword) if judge is None else judge(self, emitted, node, rule, path)

    def _reference(self, emitted: Emitted, _: Any, rule: str, path: Path) -> bool:
        return self.prove(emitted, self.reading.target(rule), path)

    def _all_of(self, emitted: Emitted, _: Any, rule: list[Node], path: Path) -> bool:
        return self.every(self.prove(emitted, one, path) for one in rule)

    def _any_of(self, emitted: Emitted, node: Any, rule: list[Node], path: Path) -> bool:
        likely = [one for one in rule if not self.refusals.refused(emitted, one)]
        if len(likely) == 1:  # so a gap is told where it is
            return self.prove(emitted, likely[0], path)
        if self.quietly(emitted, likely, path) is not None:
            return True
        return self._by_types(emitted, node, "anyOf", path) or self.gap(path, "anyOf")

    def _by_types(self, emitted: Emitted, node: Any, keyword: str, path: Path) -> bool:
        """Whether the rule holds for each type of value by itself."""
        kinds = types(emitted.limits.certain)
        names = {"number" if "fraction" in kinds and one in _NUMBERS else one for one in kinds}
        if len(names) < 2:
            return False
        alone = self._alone.setdefault(id(node[keyword]), {keyword: node[keyword]})
        cases = [self.emission.narrowed(emitted, _ONE_TYPE[name]) for name in sorted(names)]
        return all(self.quietly(case, [alone], path) is not None for case in cases)

    def _one_of(self, emitted: Emitted, node: Any, rule: list[Node], path: Path) -> bool:
        likely = [one for one in rule if not self.refusals.refused(emitted, one)]
        if len(likely) == 1:
            return self.prove(emitted, likely[0], path)
        chosen = self.quietly(emitted, likely, path)
        if chosen is None:
            return self._by_types(emitted, node, "oneOf", path) or self.gap(path, "oneOf")
        at = next(index for index, one in enumerate(rule) if one is chosen)
        others = [one for index, one in enumerate(rule) if index != at]
        return all(self.refusals.refused(emitted, one) for one in others) or self.gap(path, "oneOf")

    def _not_so(self, emitted: Emitted, _: Any, rule: Node, path: Path) -> bool:
        return self.refusals.refused(emitted, rule) or self.gap(path, "not")

    def _if(self, emitted: Emitted, node: dict[str, Any], rule: Node, path: Path) -> bool:
        then, otherwise = node.get("then", True), node.get("else", True)
        if self.refusals.refused(emitted, rule):
            return self.prove(emitted, otherwise, path)
        if self.quietly(emitted, [rule], path) is not None:
            return self.prove(emitted, then, path)
        both = [self.quietly(emitted, [one], path) is not None for one in (then, otherwise)]
        return all(both) or self.gap(path, "if")


_NUMBERS = ("integer", "fraction")
_ONE_TYPE: dict[str, Node] = {
    name: {"type": name}
    for name in ("null", "boolean", "object", "array", "string", "integer", "number")
}
_IN_PLACE: dict[str, Any] = {
    "$ref": Proof._reference,
    "allOf": Proof._all_of,
    "anyOf": Proof._any_of,
    "oneOf": Proof._one_of,
    "not": Proof._not_so,
    "if": Proof._if,
}


def _alike(keyword: str, part: dict[str, Any], node: dict[str, Any]) -> tuple[str, ...]:
    """The keywords that together say what `keyword` says: two nodes alike in them agree on it."""
    if keyword in _OF_WHOLE_NODE:
        return (*part, *node)
    return (keyword, *_SIBLINGS.get(keyword, ()))


_OF_WHOLE_NODE = frozenset({"unevaluatedItems", "unevaluatedProperties"})
_SAID_BY_SIBLINGS = frozenset({"then", "else", "minContains", "maxContains"})
_SIBLINGS = {
    "if": ("then", "else"),
    "additionalProperties": ("properties", "patternProperties"),
    "unevaluatedProperties": ("properties", "patternProperties", "allOf", "$ref"),
    "items": ("prefixItems",),
    "contains": ("minContains", "maxContains"),
}
