"""Sample instances of a schema, as its author might write them.

Samples are suggestions: whoever takes one checks it with the validator. `variants` tries what lies
at the bounds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from contracts.compatibility import texts
from contracts.compatibility.depth import check_time
from contracts.compatibility.normal import Node, Normal
from contracts.compatibility.places import matches
from contracts.compatibility.scalars import numbers, strings

MAX_DEPTH = 24
WIDE_DEPTH = 6
"""Below it members that are not required are left out."""
_MAX_VALUES = 3000
"""Within one sample."""
_MAX_PARTS = 300
_TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
_GUESSES = {
    "object": ("properties", "required", "patternProperties", "additionalProperties"),
    "array": ("items", "prefixItems", "contains", "minItems"),
    "string": ("pattern", "format", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "multipleOf"),
}


class Samples:
    """Samples of one schema, drawn with `rng`."""

    def __init__(self, normal: Normal, rng: random.Random) -> None:
        """Draw nothing yet."""
        self._normal = normal
        self.rng = rng
        self._made = 0

    def plain(self) -> Any:
        """An instance as the schema's author might write it, probably valid."""
        self.begin()
        return self.value([self._normal.root], 0, wide=True)

    def begin(self) -> None:
        """Begin another sample: what one may take is bounded."""
        self._made = 0

    # -- what applies at a place ----------------------------------------------------------------

    def parts(self, nodes: Iterable[Node]) -> list[dict[str, Any]]:
        """The plain subschemas that apply, with one of each alternatives, chosen by chance."""
        return applying(nodes, self._normal, self._chosen)

    def _chosen(self, node: dict[str, Any]) -> Iterator[Node]:
        for keyword in ("anyOf", "oneOf"):
            branches = [one for one in node.get(keyword, ()) if one is not False]
            if branches:
                yield self.rng.choice(branches)
        if "if" in node:
            taken = self.rng.random() < 0.5
            yield from [node["if"], node.get("then", True)] if taken else [node.get("else", True)]

    def types(self, parts: Sequence[dict[str, Any]]) -> list[str]:
        """The types that all of `parts` admit; where they say nothing, what they speak of."""
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

    def value(self, nodes: Iterable[Node], depth: int, *, wide: bool) -> Any:
        """A value that probably satisfies all of `nodes`; `wide`: with what is not required."""
        self._made += 1
        if self._made > _MAX_VALUES:  # a schema that asks for ever more of itself
            return None
        parts = self.parts(nodes)
        fixed = fixed_of(parts)
        if fixed:
            return self.rng.choice(fixed)
        types = self.types(parts)
        if not types or depth > MAX_DEPTH:
            return None
        kind = types[0] if depth > WIDE_DEPTH and "null" not in types else self.rng.choice(types)
        if depth > WIDE_DEPTH and "null" in types:
            kind = "null"
        return self.of_type(kind, parts, depth, wide=wide)

    def of_type(self, kind: str, parts: list[dict[str, Any]], depth: int, *, wide: bool) -> Any:
        """A value of that type."""
        match kind:
            case "object":
                return self.object(parts, depth, wide=wide)
            case "array":
                return self.array(parts, depth, wide=wide)
            case "string":
                return next(iter(strings(parts, (), self.rng)), "")
            case "integer" | "number":
                return next(iter(numbers(parts, (), whole=kind == "integer")), 0)
            case "boolean":
                return self.rng.random() < 0.5
            case _:
                return None

    def object(self, parts: list[dict[str, Any]], depth: int, *, wide: bool) -> dict[str, Any]:
        """An object."""
        required = _required(parts)
        names = dict.fromkeys(name for part in parts for name in part.get("required", ()))
        if wide and depth <= WIDE_DEPTH:
            names.update(dict.fromkeys(n for part in parts for n in part.get("properties", ())))
        least = max((part.get("minProperties", 0) for part in parts), default=0)
        made: dict[str, Any] = {}
        for name in names:
            schemas = members_of(parts, name)
            if name not in required and any(schema is False for schema in schemas):
                continue
            made[name] = self.value(schemas, depth + 1, wide=wide)
        for number in range(least - len(made)):
            name = self.free_name(parts, number)
            made[name] = self.value(members_of(parts, name), depth + 1, wide=wide)
        return made

    def free_name(self, parts: list[dict[str, Any]], number: int) -> str:
        """A name that nobody lists."""
        for part in parts:
            for pattern in part.get("patternProperties", ()):
                sample = texts.of_pattern(pattern, self.rng)
                if sample is not None:
                    return sample
            named = part.get("propertyNames")
            if isinstance(named, dict):
                sample = self.value([{"type": "string"}, named], MAX_DEPTH, wide=False)
                if isinstance(sample, str):
                    return sample
        return f"member{number}"

    def array(self, parts: list[dict[str, Any]], depth: int, *, wide: bool) -> list[Any]:
        """An array."""
        least = max((part.get("minItems", 0) for part in parts), default=0)
        most = min((part["maxItems"] for part in parts if "maxItems" in part), default=1000)
        wanted = [part["contains"] for part in parts if "contains" in part]
        count = max(least, 1 if wide and depth <= WIDE_DEPTH else 0, len(wanted))
        made = []
        for index in range(min(count, most, 200)):
            schemas = item_of(parts, index)
            if any(schema is False for schema in schemas):
                break
            if index < len(wanted):
                schemas = [*schemas, wanted[index]]
            made.append(self.value(schemas, depth + 1, wide=wide))
        return made


def applying(
    nodes: Iterable[Node], normal: Normal, alternatives: Callable[[dict[str, Any]], Iterable[Node]]
) -> list[dict[str, Any]]:
    """The plain subschemas that apply where `nodes` do, with the `alternatives` that are taken."""
    check_time()
    found: dict[int, dict[str, Any]] = {}
    pending = [node for node in nodes if isinstance(node, dict)]
    while pending and len(found) < _MAX_PARTS:
        node = pending.pop()
        if id(node) in found:
            continue
        found[id(node)] = node
        more: list[Node] = list(node.get("allOf", ()))
        if "$ref" in node:
            more.append(normal.target(node["$ref"]))
        more.extend(alternatives(node))
        pending.extend(one for one in more if isinstance(one, dict))
    return list(found.values())


def fixed_of(parts: Iterable[dict[str, Any]]) -> list[Any]:
    """The values that a constant or an enumeration lists."""
    for part in parts:
        if "const" in part:
            return [part["const"]]
    for part in parts:
        if "enum" in part:
            return list(part["enum"])
    return []


def _required(parts: Iterable[dict[str, Any]]) -> set[str]:
    return {name for part in parts for name in part.get("required", ())}


def members_of(parts: Iterable[dict[str, Any]], name: str) -> list[Node]:
    """What `parts` say of the member `name`."""
    found: list[Node] = []
    for part in parts:
        own = [part["properties"][name]] if name in part.get("properties", {}) else []
        own += [s for p, s in part.get("patternProperties", {}).items() if matches(p, name)]
        if not own and "additionalProperties" in part:
            own.append(part["additionalProperties"])
        found += own
    return found


def item_of(parts: Iterable[dict[str, Any]], index: int) -> list[Node]:
    """What `parts` say of the item at `index`."""
    found: list[Node] = []
    for part in parts:
        prefix = part.get("prefixItems", ())
        if index < len(prefix):
            found.append(prefix[index])
        elif "items" in part:
            found.append(part["items"])
    return found
