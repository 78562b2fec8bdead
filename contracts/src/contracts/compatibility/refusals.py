"""Refusals: a proof that nothing which a writer emits at a place satisfies a reader's subschema.

They tell alternatives apart, so that of a union of hundreds all but one are left out without a look
inside. Like all of the proof they are sound and far from complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from contracts.compatibility.emission import Emission, Emitted, Members
from contracts.compatibility.implication import required, types, types_of, values
from contracts.compatibility.languages import Texts, apart, within
from contracts.compatibility.likeness import Likeness
from contracts.compatibility.normal import Node
from contracts.compatibility.reading import Reading


@dataclass(frozen=True)
class _Facts:
    """What is known of one emission, found out once."""

    emitted: Emitted
    emission: Emission

    @cached_property
    def types(self) -> frozenset[str]:
        return types(self.emitted.limits.certain)

    @cached_property
    def values(self) -> list[Any] | None:
        return values(self.emitted.limits.certain)

    @cached_property
    def texts(self) -> Texts:
        return Texts.of(self.emitted.limits.certain)

    @cached_property
    def members(self) -> Members:
        return self.emission.members(self.emitted)

    @cached_property
    def required(self) -> dict[str, list[Any] | None]:
        """The members that always come, each with its only values if they are known."""
        certain = self.emitted.limits.certain
        return {
            name: values(self.emission.child(self.emitted, name).limits.certain)
            for name in required(certain)
        }


_OF_TEXTS = frozenset({"type", "pattern", "minLength", "maxLength"})


def _texts_refused(facts: _Facts, asked: Texts) -> bool:
    """Whether no text that comes is one of `asked`, or each of these is one that never comes."""
    if apart(facts.texts, asked):
        return True
    excluded = [part["not"] for part in facts.emitted.limits.certain if "not" in part]
    return any(
        isinstance(one, dict)
        and one.keys() <= _OF_TEXTS
        and "string" in types_of(one)
        and within(asked, Texts.of([one]))
        for one in excluded
    )


class Refusals:
    """Asks for one proof, and remembers."""

    def __init__(self, emission: Emission, reading: Reading, likeness: Likeness) -> None:
        """Nothing is known yet."""
        self._emission = emission
        self._reading = reading
        self._likeness = likeness
        self._facts: dict[int, _Facts] = {}
        self._known: dict[tuple[int, int], bool] = {}
        self._kept: list[Node] = []

    def refused(self, emitted: Emitted, node: Node) -> bool:
        """Whether it is proved that the reader's `node` refuses all that is emitted."""
        if not isinstance(node, dict):
            return not node
        key = (id(emitted), id(node))
        if key not in self._known:
            facts = self._facts.setdefault(id(emitted), _Facts(emitted, self._emission))
            self._kept.append(node)
            self._known[key] = self._refused(facts, node)
        return self._known[key]

    def _refused(self, facts: _Facts, node: dict[str, Any]) -> bool:
        certain = self._reading.certain_parts(node)
        if not all(facts.types & types_of(one) for one in certain):
            return True  # before anything is compiled
        possible = facts.values
        if possible is not None and not any(self._reading.accepts(node, one) for one in possible):
            return True
        for part in facts.emitted.limits.certain:
            if "not" in part and self._likeness.equal(part["not"], node):
                return True
        if facts.types == {"string"} and _texts_refused(facts, Texts.of(certain)):
            return True
        return any(
            any(inner is False for inner in one.get("allOf", ()))
            or self._member_refused(facts, one)
            for one in certain
        )

    def _member_refused(self, facts: _Facts, node: dict[str, Any]) -> bool:
        """A needed member that never comes, or one that always comes with a refused value."""
        if facts.types != {"object"}:
            return False
        if not all(facts.members.may_have(name) for name in node.get("required", ())):
            return True
        for name in facts.required.keys() & node.get("properties", {}).keys():
            schema = node["properties"][name]
            possible = facts.required[name]
            if schema is False:
                return True
            known = isinstance(schema, dict) and possible is not None
            if known and not any(self._reading.accepts(schema, value) for value in possible or ()):
                return True
        return False
