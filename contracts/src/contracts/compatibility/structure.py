"""What a reader says of members and items, proved of what a writer emits.

Each function proves one keyword of the reader; the engine that they recur through is `proof`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias

from contracts.compatibility.emission import Emission, Emitted
from contracts.compatibility.implication import least, most, required
from contracts.compatibility.normal import Node
from contracts.compatibility.places import matches
from contracts.compatibility.reading import Reading

Path: TypeAlias = tuple[str, ...]


class Prover(Protocol):
    """The engine."""

    emission: Emission
    reading: Reading

    def prove(self, emitted: Emitted, node: Node, path: Path) -> bool:
        """Whether all that is emitted satisfies `node`."""

    def quietly(self, emitted: Emitted, rules: list[Node], path: Path) -> Node | None:
        """The first of `rules` that all that is emitted satisfies."""

    def every(self, answers: Iterable[bool]) -> bool:
        """Whether all are true."""

    def gap(self, path: Path, keyword: str) -> bool:
        """Note that it failed here; False."""


Judge: TypeAlias = Callable[[Prover, Emitted, dict[str, Any], Any, Path], bool]


def properties(p: Prover, emitted: Emitted, _: Any, rule: dict[str, Node], path: Path) -> bool:
    return p.every(
        (
            p.prove(inner, rule[name], (*path, name))
            for name, inner in p.emission.kinds(emitted, dict(rule))
            if name in rule
        )
    )


def pattern_properties(
    p: Prover, emitted: Emitted, _: Any, rule: dict[str, Node], path: Path
) -> bool:
    members = p.emission.members(emitted)
    proved = True
    for pattern, schema in rule.items():
        for name in members.names:
            if schema is not True and matches(pattern, name):
                inner = p.emission.child(emitted, name)
                proved &= p.prove(inner, schema, (*path, name))
        proved &= _unnamed(p, emitted, schema, path, ())
    return proved


def additional_properties(
    p: Prover, emitted: Emitted, node: dict[str, Any], rule: Node, path: Path
) -> bool:
    own = node.get("patternProperties", {})
    proved = True
    for name in p.emission.members(emitted).names:
        if name not in node.get("properties", {}) and not any(matches(o, name) for o in own):
            proved &= p.prove(p.emission.child(emitted, name), rule, (*path, name))
    return proved & _unnamed(p, emitted, rule, path, own)


def unevaluated_properties(
    p: Prover, emitted: Emitted, node: dict[str, Any], rule: Node, path: Path
) -> bool:
    """What the subschemas that always apply name is evaluated; the rest must satisfy `rule`."""
    parts = p.reading.certain_parts(node)
    if any("additionalProperties" in part for part in parts):
        return True
    named = {name for part in parts for name in part.get("properties", ())}
    own = dict.fromkeys(o for part in parts for o in part.get("patternProperties", ()))
    proved = True
    for name in p.emission.members(emitted).names:
        if name not in named and not any(matches(o, name) for o in own):
            proved &= p.prove(p.emission.child(emitted, name), rule, (*path, name))
    return proved & _unnamed(p, emitted, rule, path, own)


def _unnamed(p: Prover, emitted: Emitted, rule: Node, path: Path, besides: Any) -> bool:
    """Members of no listed name, except those of the patterns `besides`."""
    members = p.emission.members(emitted)
    proved = True
    for pattern in members.patterns:
        if pattern not in besides:
            inner = p.emission.of_pattern(emitted, pattern)
            proved &= p.prove(inner, rule, (*path, f"/{pattern}/"))
    if members.other:
        proved &= p.prove(p.emission.other(emitted), rule, (*path, "*"))
    return proved


def property_names(p: Prover, emitted: Emitted, _: Any, rule: Node, path: Path) -> bool:
    own = [part["propertyNames"] for part in emitted.limits.certain if "propertyNames" in part]
    members = p.emission.members(emitted)
    finite = not members.patterns and not members.other
    if (
        finite
        and isinstance(rule, dict)
        and all(p.reading.accepts(rule, one) for one in members.names)
    ):
        return True
    names = p.emission.values_of({"type": "string"}, *own)
    return p.quietly(names, [rule], path) is not None or p.gap(path, "propertyNames")


def max_properties(p: Prover, emitted: Emitted, _: Any, rule: int, path: Path) -> bool:
    members = p.emission.members(emitted)
    few = not members.other and not members.patterns and len(members.names) <= rule
    own = most(emitted.limits.certain, "maxProperties") <= rule
    return few or own or p.gap(path, "maxProperties")


def dependent_required(
    p: Prover, emitted: Emitted, _: Any, rule: dict[str, list[str]], path: Path
) -> bool:
    parts = emitted.limits.certain
    members = p.emission.members(emitted)
    for name, needed in rule.items():
        own = {one for part in parts for one in part.get("dependentRequired", {}).get(name, ())}
        if members.may_have(name) and not set(needed) <= own | required(parts):
            return p.gap(path, "dependentRequired")
    return True


def dependent_schemas(
    p: Prover, emitted: Emitted, _: Any, rule: dict[str, Node], path: Path
) -> bool:
    members = p.emission.members(emitted)
    proved = True
    for name, schema in rule.items():
        if members.may_have(name):
            parts = emitted.limits.certain
            own = [part.get("dependentSchemas", {}).get(name, True) for part in parts]
            case = p.emission.narrowed(emitted, {"required": [name]}, *own)
            proved &= p.prove(case, schema, path)
    return proved


def prefix_items(p: Prover, emitted: Emitted, _: Any, rule: list[Node], path: Path) -> bool:
    limit = most(emitted.limits.certain, "maxItems")
    return p.every(
        (
            p.prove(p.emission.child(emitted, at, item=True), one, (*path, str(at)))
            for at, one in enumerate(rule)
            if at < limit
        )
    )


def items(p: Prover, emitted: Emitted, node: dict[str, Any], rule: Node, path: Path) -> bool:
    everything = [*emitted.limits.everything(), *emitted.declares.everything()]
    longest = max((len(part.get("prefixItems", ())) for part in everything), default=0)
    limit = most(emitted.limits.certain, "maxItems")
    begin = len(node.get("prefixItems", ()))
    proved = p.every(
        p.prove(p.emission.child(emitted, at, item=True), rule, (*path, str(at)))
        for at in range(begin, longest)
        if at < limit
    )
    if limit <= max(longest, begin):
        return proved
    return p.prove(p.emission.child(emitted, None, item=True), rule, (*path, "*")) and proved


def contains(p: Prover, emitted: Emitted, node: dict[str, Any], rule: Node, path: Path) -> bool:
    low, high = node.get("minContains", 1), node.get("maxContains")
    parts = emitted.limits.certain
    enough = low == 0 or any(
        part.get("minContains", 1) >= low
        and p.quietly(p.emission.values_of(part["contains"]), [rule], path) is not None
        for part in parts
        if "contains" in part
    )
    if not enough and least(parts, "minItems") >= low:
        enough = p.quietly(emitted, [{"items": rule}], path) is not None
    few = high is None or most(parts, "maxItems") <= high
    return (enough and few) or p.gap(path, "contains")


OF_OBJECTS: dict[str, Judge] = {
    "properties": properties,
    "patternProperties": pattern_properties,
    "additionalProperties": additional_properties,
    "unevaluatedProperties": unevaluated_properties,
    "propertyNames": property_names,
    "maxProperties": max_properties,
    "dependentRequired": dependent_required,
    "dependentSchemas": dependent_schemas,
}
OF_ARRAYS: dict[str, Judge] = {"prefixItems": prefix_items, "items": items, "contains": contains}
