"""Sample instances of a schema: a plain one, and variants at every bound that it or another has.

The search for a break walks two schemas at once: the writer's says what may be there, the reader's
gives the bounds worth trying (`hints`). Samples are suggestions: whoever takes one checks it with
the validator. The work is bounded by the depth and by who takes the samples.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from contracts.compatibility import texts
from contracts.compatibility.depth import check_time
from contracts.compatibility.normal import Node, Normal
from contracts.compatibility.places import matches
from contracts.compatibility.scalars import bounds, numbers, strings

_MAX_DEPTH = 24
_WIDE_DEPTH = 6
"""Below it members that are not required are left out."""
_CHOICES = 12
_MAX_VALUES = 3000
"""Within one sample."""
_TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
_GUESSES = {
    "object": ("properties", "required", "patternProperties", "additionalProperties"),
    "array": ("items", "prefixItems", "contains", "minItems"),
    "string": ("pattern", "format", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "multipleOf"),
}


class Samples:
    """Samples of one schema, drawn with `rng`; `hints` is a schema whose bounds are tried too."""

    def __init__(self, normal: Normal, rng: random.Random, hints: Normal | None = None) -> None:
        """Draw nothing yet."""
        self._normal = normal
        self._hints = hints or normal
        self._rng = rng
        self._made = 0
        self._focus: frozenset[str] | None = None
        self._expanded: set[tuple[frozenset[int], frozenset[int]]] = set()

    def plain(self) -> Any:
        """An instance as the schema's author might write it, probably valid."""
        self._made = 0
        return self._value([self._normal.root], 0, wide=True)

    def variants(self, focus: Iterable[str] | None = None) -> Iterator[Any]:
        """Instances that differ from a plain one at one place each.

        Each pair of subschemas is gone through once, so recursive schemas come to an end. With
        `focus` only members of these names are varied.
        """
        self._focus = None if focus is None else frozenset(focus)
        self._expanded.clear()
        yield from self._variants([self._normal.root], [self._hints.root], 0)

    # -- what applies at a place ----------------------------------------------------------------

    def _parts(self, nodes: Iterable[Node], normal: Normal, *, every: bool) -> list[dict[str, Any]]:
        """The plain subschemas that apply: with `every` of all alternatives, else of one each."""
        check_time()
        found: dict[int, dict[str, Any]] = {}
        pending = [node for node in nodes if isinstance(node, dict)]
        while pending and len(found) < 300:
            node = pending.pop()
            if id(node) in found:
                continue
            found[id(node)] = node
            more: list[Node] = list(node.get("allOf", ()))
            if "$ref" in node:
                more.append(normal.target(node["$ref"]))
            for keyword in ("anyOf", "oneOf"):
                branches = [one for one in node.get(keyword, ()) if one is not False]
                if branches:
                    more.extend(branches if every else [self._rng.choice(branches)])
            if every:
                more.extend(node[k] for k in ("if", "then", "else", "not") if k in node)
                more.extend(node.get("dependentSchemas", {}).values())
            elif "if" in node:
                taken = self._rng.random() < 0.5
                chosen = [node["if"], node.get("then", True)] if taken else [node.get("else", True)]
                more.extend(chosen)
            pending.extend(one for one in more if isinstance(one, dict))
        return list(found.values())

    def _types(self, parts: Sequence[dict[str, Any]]) -> list[str]:
        allowed = list(_TYPES)
        for part in parts:
            named = part.get("type")
            if named is not None:
                listed = named if isinstance(named, list) else [named]
                allowed = [
                    t for t in allowed if t in listed or (t == "integer" and "number" in listed)
                ]
        if len(allowed) == len(_TYPES):  # nothing said: what its other keywords speak of
            guessed = [
                kind
                for kind, keywords in _GUESSES.items()
                if any(keyword in part for part in parts for keyword in keywords)
            ]
            return guessed or ["string"]
        if "integer" in allowed and "number" in allowed:
            allowed.remove("integer")
        return allowed

    # -- one plain value ------------------------------------------------------------------------

    def _value(self, nodes: Iterable[Node], depth: int, *, wide: bool) -> Any:
        self._made += 1
        if self._made > _MAX_VALUES:  # a schema that asks for ever more of itself
            return None
        parts = self._parts(nodes, self._normal, every=False)
        fixed = _fixed(parts)
        if fixed:
            return self._rng.choice(fixed)
        types = self._types(parts)
        if not types or depth > _MAX_DEPTH:
            return None
        kind = types[0] if depth > _WIDE_DEPTH and "null" not in types else self._rng.choice(types)
        if depth > _WIDE_DEPTH and "null" in types:
            kind = "null"
        return self._of_type(kind, parts, depth, wide=wide)

    def _of_type(self, kind: str, parts: list[dict[str, Any]], depth: int, *, wide: bool) -> Any:
        match kind:
            case "object":
                return self._object(parts, depth, wide=wide)
            case "array":
                return self._array(parts, depth, wide=wide)
            case "string":
                return next(iter(strings(parts, (), self._rng)), "")
            case "integer" | "number":
                return next(iter(numbers(parts, (), whole=kind == "integer")), 0)
            case "boolean":
                return self._rng.random() < 0.5
            case _:
                return None

    def _object(self, parts: list[dict[str, Any]], depth: int, *, wide: bool) -> dict[str, Any]:
        required = _required(parts)
        names = dict.fromkeys(name for part in parts for name in part.get("required", ()))
        if wide and depth <= _WIDE_DEPTH:
            names.update(dict.fromkeys(n for part in parts for n in part.get("properties", ())))
        least = max((part.get("minProperties", 0) for part in parts), default=0)
        made: dict[str, Any] = {}
        for name in names:
            schemas = _members(parts, name)
            if name not in required and any(schema is False for schema in schemas):
                continue
            made[name] = self._value(schemas, depth + 1, wide=wide)
        for number in range(least - len(made)):
            name = self._free_name(parts, number)
            made[name] = self._value(_members(parts, name), depth + 1, wide=wide)
        return made

    def _free_name(self, parts: list[dict[str, Any]], number: int) -> str:
        for part in parts:
            for pattern in part.get("patternProperties", ()):
                sample = texts.of_pattern(pattern, self._rng)
                if sample is not None:
                    return sample
            named = part.get("propertyNames")
            if isinstance(named, dict):
                sample = self._value([{"type": "string"}, named], _MAX_DEPTH, wide=False)
                if isinstance(sample, str):
                    return sample
        return f"member{number}"

    def _array(self, parts: list[dict[str, Any]], depth: int, *, wide: bool) -> list[Any]:
        least = max((part.get("minItems", 0) for part in parts), default=0)
        most = min((part["maxItems"] for part in parts if "maxItems" in part), default=1000)
        wanted = [part["contains"] for part in parts if "contains" in part]
        count = max(least, 1 if wide and depth <= _WIDE_DEPTH else 0, len(wanted))
        made = []
        for index in range(min(count, most, 200)):
            schemas = _item(parts, index)
            if any(schema is False for schema in schemas):
                break
            if index < len(wanted):
                schemas = [*schemas, wanted[index]]
            made.append(self._value(schemas, depth + 1, wide=wide))
        return made

    # -- variants -------------------------------------------------------------------------------

    def _variants(self, nodes: list[Node], hints: list[Node], depth: int) -> Iterator[Any]:
        if depth > _MAX_DEPTH:
            return
        hinted = self._parts(hints, self._hints, every=True)
        seen: set[tuple[int, ...]] = set()
        for _ in range(_CHOICES if depth <= _WIDE_DEPTH else 2):
            self._made = 0
            parts = self._parts(nodes, self._normal, every=False)
            chosen = tuple(sorted(map(id, parts)))
            if chosen in seen:
                continue
            seen.add(chosen)
            yield from _fixed(parts)
            yield from (value for part in hinted for value in part.get("enum", ()))
            pair = (frozenset(map(id, parts)), frozenset(map(id, hinted)))
            again = pair in self._expanded
            self._expanded.add(pair)
            for kind in self._types(parts):
                if not again or kind not in {"object", "array"}:
                    yield from self._variants_of(kind, parts, hinted, depth)
                else:
                    yield self._of_type(kind, parts, depth, wide=False)

    def _variants_of(
        self, kind: str, parts: list[dict[str, Any]], hinted: list[dict[str, Any]], depth: int
    ) -> Iterator[Any]:
        match kind:
            case "object":
                yield from self._objects(parts, hinted, depth)
            case "array":
                yield from self._arrays(parts, hinted, depth)
            case "string":
                yield from strings(parts, hinted, self._rng)
            case "integer" | "number":
                yield from numbers(parts, hinted, whole=kind == "integer")
            case "boolean":
                yield from (True, False)
            case _:
                yield None

    def _objects(
        self, parts: list[dict[str, Any]], hinted: list[dict[str, Any]], depth: int
    ) -> Iterator[Any]:
        least = self._object(parts, depth, wide=False)
        full = self._object(parts, depth, wide=True)
        yield least
        yield full
        names = dict.fromkeys([*full, *(n for p in parts for n in p.get("properties", ()))])
        for name in names:
            yield {other: value for other, value in full.items() if other != name}
        if any(part.get("patternProperties") or part.get("additionalProperties") for part in parts):
            names[self._free_name(parts, 0)] = None
        hinted_names = [
            n for p in hinted for n in (*p.get("properties", ()), *p.get("required", ()))
        ]
        free = not any("properties" in part for part in parts)
        for name in hinted_names if free else ():
            names[name] = None
        for bound in bounds(hinted, "minProperties", "maxProperties"):
            if free and bound < 50:
                yield {f"member{number}": self._member(parts, number) for number in range(bound)}
        varied = [n for n in names if self._focus is None or n in self._focus or n not in full]
        yield from _in_turn(
            [self._varied(name, (least, full), parts, hinted, depth) for name in varied]
        )

    def _varied(
        self,
        name: str,
        contexts: tuple[dict[str, Any], dict[str, Any]],
        parts: list[dict[str, Any]],
        hinted: list[dict[str, Any]],
        depth: int,
    ) -> Iterator[Any]:
        schemas, theirs = _members(parts, name), _members(hinted, name)
        for value in self._variants(schemas, theirs, depth + 1):
            for context in contexts if depth < 1 else [self._rng.choice(contexts)]:
                yield {**context, name: value}

    def _member(self, parts: list[dict[str, Any]], number: int) -> Any:
        return self._value(_members(parts, f"member{number}"), _MAX_DEPTH - 2, wide=False)

    def _arrays(
        self, parts: list[dict[str, Any]], hinted: list[dict[str, Any]], depth: int
    ) -> Iterator[Any]:
        made = self._array(parts, depth, wide=True)
        yield made
        yield []
        for bound in bounds([*parts, *hinted], "minItems", "maxItems", "minContains"):
            if bound <= 1100:
                item = made[0] if made else self._value(_item(parts, 0), depth + 1, wide=False)
                yield [item] * bound
                yield [
                    self._value(_item(parts, i), depth + 1, wide=False)
                    for i in range(min(bound, 50))
                ]
        longest = max((len(part.get("prefixItems", ())) for part in [*parts, *hinted]), default=0)
        for index in range(longest + 1):
            before = [self._value(_item(parts, i), depth + 1, wide=False) for i in range(index)]
            for value in self._variants(_item(parts, index), _item(hinted, index), depth + 1):
                yield [*before, value]
                if made:
                    yield [*before, value, *made[len(before) + 1 :]]
                if not before:
                    yield [value, value]


def _in_turn(sources: list[Iterator[Any]]) -> Iterator[Any]:
    """One of each, again and again, until all are exhausted."""
    while sources:
        left = []
        for source in sources:
            for value in source:
                yield value
                left.append(source)
                break
        sources = left


def _fixed(parts: Iterable[dict[str, Any]]) -> list[Any]:
    for part in parts:
        if "const" in part:
            return [part["const"]]
    for part in parts:
        if "enum" in part:
            return list(part["enum"])
    return []


def _required(parts: Iterable[dict[str, Any]]) -> set[str]:
    return {name for part in parts for name in part.get("required", ())}


def _members(parts: Iterable[dict[str, Any]], name: str) -> list[Node]:
    found: list[Node] = []
    for part in parts:
        own = [part["properties"][name]] if name in part.get("properties", {}) else []
        own += [s for p, s in part.get("patternProperties", {}).items() if matches(p, name)]
        if not own and "additionalProperties" in part:
            own.append(part["additionalProperties"])
        found += own
    return found


def _item(parts: Iterable[dict[str, Any]], index: int) -> list[Node]:
    found: list[Node] = []
    for part in parts:
        prefix = part.get("prefixItems", ())
        if index < len(prefix):
            found.append(prefix[index])
        elif "items" in part:
            found.append(part["items"])
    return found
