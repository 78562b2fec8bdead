"""Variants: instances that differ from a plain one at one place each, at every bound there is.

The search for a break walks two schemas at once: the writer's says what may be there, the reader's
gives the bounds worth trying (hints). The work is bounded by the depth and by who takes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from contracts.compatibility import texts
from contracts.compatibility.normal import Node, Normal
from contracts.compatibility.samples import (
    MAX_DEPTH,
    WIDE_DEPTH,
    Samples,
    applying,
    fixed_of,
    item_of,
    members_of,
)
from contracts.compatibility.scalars import bounds, numbers, strings

_CHOICES = 12
_MAX_NAMES = 12
_COUNTS = ("minItems", "maxItems", "minContains", "maxContains")
_ALTERNATIVES = ("anyOf", "oneOf", "if", "then", "else", "allOf", "$ref")
_OF_EACH_TYPE: tuple[Any, ...] = (None, True, 7, 0.5, "abcd", [], {})


class Variants:
    """Variants of what `samples` draws from `normal`; the bounds of `hints` are tried too."""

    def __init__(self, samples: Samples, normal: Normal, hints: Normal | None = None) -> None:
        """Make nothing yet."""
        self._samples = samples
        self._normal = normal
        self._hints = hints or normal
        self._focus: frozenset[str] | None = None
        self._expanded: set[tuple[frozenset[int], frozenset[int]]] = set()

    def everywhere(self, focus: Iterable[str] | None = None) -> Iterator[Any]:
        """One for each bound; with `focus` only members of these names are varied.

        Each pair of subschemas is gone through once, so recursive schemas come to an end.
        """
        self._focus = None if focus is None else frozenset(focus)
        self._expanded.clear()
        yield from self._variants([self._normal.root], [self._hints.root], 0)

    def at(self, path: Sequence[str], certain: Iterable[dict[str, Any]] = ()) -> Iterator[Any]:
        """Those at `path` alone, in an instance that has no more than it must have.

        What is `certain` there stands for alternatives that were chosen.
        """
        self._focus = None
        self._expanded.clear()
        chosen: list[Node] = [
            {keyword: rule for keyword, rule in part.items() if keyword not in _ALTERNATIVES}
            for part in certain
        ]
        for last in (chosen, None) if chosen else (None,):
            yield from self._at([self._normal.root], [self._hints.root], path, last)

    def _at(
        self, nodes: list[Node], hints: list[Node], path: Sequence[str], last: list[Node] | None
    ) -> Iterator[Any]:
        if not path:
            yield from self._variants(nodes if last is None else last, hints, WIDE_DEPTH)
            return
        step, rest = path[0], path[1:]
        hinted = applying(hints, self._hints, _every_alternative)
        for parts in self._choices(nodes, _CHOICES):
            kinds = self._samples.types(parts)
            if "object" in kinds:
                least = self._samples.object(parts, MAX_DEPTH - 1, wide=False)
                name = self._name(step, parts)
                for inner in self._at(
                    members_of(parts, name), members_of(hinted, name), rest, last
                ):
                    yield {**least, name: inner}
            if "array" in kinds and (step == "*" or step.isdigit()):
                at = 0 if step == "*" else int(step)
                before = self._items(parts, at, MAX_DEPTH - 1)
                for inner in self._at(item_of(parts, at), item_of(hinted, at), rest, last):
                    yield [*before, inner]

    def _name(self, step: str, parts: list[dict[str, Any]]) -> str:
        """A member that a proof's step means: that of a name, of a /pattern/, or any other (*)."""
        if step == "*":
            return self._samples.free_name(parts, 0)
        if len(step) > 1 and step.startswith("/") and step.endswith("/"):
            return texts.of_pattern(step[1:-1], self._samples.rng) or step
        return step

    def _items(self, parts: list[dict[str, Any]], count: int, depth: int) -> list[Any]:
        return [self._samples.value(item_of(parts, i), depth, wide=False) for i in range(count)]

    def _choices(self, nodes: list[Node], times: int) -> Iterator[list[dict[str, Any]]]:
        """What may apply at a place, each choice of alternatives once."""
        seen: set[tuple[int, ...]] = set()
        for _ in range(times):
            self._samples.begin()
            parts = self._samples.parts(nodes)
            chosen = tuple(sorted(map(id, parts)))
            if chosen not in seen:
                seen.add(chosen)
                yield parts

    def _variants(self, nodes: list[Node], hints: list[Node], depth: int) -> Iterator[Any]:
        if depth > MAX_DEPTH:
            return
        hinted = applying(hints, self._hints, _every_alternative)
        for parts in self._choices(nodes, _CHOICES if depth <= WIDE_DEPTH else 2):
            yield from fixed_of(parts)
            yield from (value for part in hinted for value in part.get("enum", ()))
            pair = (frozenset(map(id, parts)), frozenset(map(id, hinted)))
            again = pair in self._expanded
            self._expanded.add(pair)
            if not any(map(_speaks, parts)):  # anything goes, so one of each type
                yield from _OF_EACH_TYPE
            for kind in self._samples.types(parts):
                if not again or kind not in {"object", "array"}:
                    yield from self._variants_of(kind, parts, hinted, depth)
                else:
                    yield self._samples.of_type(kind, parts, depth, wide=False)

    def _variants_of(
        self, kind: str, parts: list[dict[str, Any]], hinted: list[dict[str, Any]], depth: int
    ) -> Iterator[Any]:
        match kind:
            case "object":
                yield from self._objects(parts, hinted, depth)
            case "array":
                yield from self._arrays(parts, hinted, depth)
            case "string":
                yield from strings(parts, hinted, self._samples.rng)
            case "integer" | "number":
                yield from numbers(parts, hinted, whole=kind == "integer")
            case "boolean":
                yield from (True, False)
            case _:
                yield None

    def _objects(
        self, parts: list[dict[str, Any]], hinted: list[dict[str, Any]], depth: int
    ) -> Iterator[Any]:
        least = self._samples.object(parts, depth, wide=False)
        full = self._samples.object(parts, depth, wide=True)
        yield least
        yield full
        names = dict.fromkeys([*full, *(n for p in parts for n in p.get("properties", ()))])
        for name in names:
            yield {other: value for other, value in full.items() if other != name}
        if any(part.get("patternProperties") or part.get("additionalProperties") for part in parts):
            names[self._samples.free_name(parts, 0)] = None
        hinted_names = [
            n for p in hinted for n in (*p.get("properties", ()), *p.get("required", ()))
        ]
        free = not any("properties" in part for part in parts)
        for name in hinted_names if free else ():
            names[name] = None
        if any(part.get("additionalProperties") for part in parts) or free:
            names.update(dict.fromkeys(self._other_names(parts, hinted)))
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
        schemas, theirs = members_of(parts, name), members_of(hinted, name)
        for value in self._variants(schemas, theirs, depth + 1):
            for context in contexts if depth < 1 else [self._samples.rng.choice(contexts)]:
                yield {**context, name: value}

    def _member(self, parts: list[dict[str, Any]], number: int) -> Any:
        return self._samples.value(members_of(parts, f"member{number}"), MAX_DEPTH - 2, wide=False)

    def _arrays(
        self, parts: list[dict[str, Any]], hinted: list[dict[str, Any]], depth: int
    ) -> Iterator[Any]:
        made = self._samples.array(parts, depth, wide=True)
        yield made
        yield []
        for bound in bounds([*parts, *hinted], *_COUNTS):
            if bound <= 1100:
                item = (
                    made[0]
                    if made
                    else self._samples.value(item_of(parts, 0), depth + 1, wide=False)
                )
                yield [item] * bound
                yield self._items(parts, min(bound, 50), depth + 1)
        longest = max((len(part.get("prefixItems", ())) for part in [*parts, *hinted]), default=0)
        for index in range(longest + 1):
            before = self._items(parts, index, depth + 1)
            for value in self._variants(item_of(parts, index), item_of(hinted, index), depth + 1):
                yield [*before, value]
                if made:
                    yield [*before, value, *made[len(before) + 1 :]]
                if not before:
                    yield [value, value]

    def _other_names(
        self, parts: list[dict[str, Any]], hinted: list[dict[str, Any]]
    ) -> Iterator[str]:
        """Names that nobody lists: at the bounds of what the others say of names."""
        own = [{"type": "string"}, *(p["propertyNames"] for p in parts if "propertyNames" in p)]
        theirs: list[Node] = [p["propertyNames"] for p in hinted if "propertyNames" in p]
        theirs += [{"pattern": one} for p in hinted for one in p.get("patternProperties", ())]
        if theirs:
            found = self._variants(own, theirs, MAX_DEPTH)
            yield from (name for name in islice(found, _MAX_NAMES) if isinstance(name, str))


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


def _speaks(part: dict[str, Any]) -> bool:
    """Whether the subschema says anything of the value's type, as far as this shows."""
    return not {"type", "enum", "const"}.isdisjoint(part)


def _every_alternative(node: dict[str, Any]) -> Iterator[Node]:
    for keyword in ("anyOf", "oneOf"):
        yield from node.get(keyword, ())
    yield from (node[k] for k in ("if", "then", "else", "not") if k in node)
    yield from node.get("dependentSchemas", {}).values()
