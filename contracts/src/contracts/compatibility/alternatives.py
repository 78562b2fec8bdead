"""Alternatives that exclude one another: a tagged union, or one of different types.

Where at most one branch can apply, what the others declare does not matter to it, so places are
told apart branch by branch. A tag is a member that every branch requires, with values of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contracts.compatibility.implication import ALL_TYPES, required, same, types, values
from contracts.compatibility.places import Place


def tags(branches: Sequence[Place], certain: Sequence[dict[str, Any]]) -> list[Any] | None:
    """For each branch a schema that only its instances satisfy; None if they are not disjoint."""
    if len(branches) < 2:
        return None
    by_type = [types((*certain, *branch.certain)) for branch in branches]
    if not _overlap([set(one) for one in by_type]):
        return [_of_types(one) for one in by_type]
    objects = [branch for branch, one in zip(branches, by_type, strict=True) if "object" in one]
    others = [one for one in by_type if "object" not in one]
    if len(objects) < 2 or any(one & {"object"} and one != {"object"} for one in by_type):
        return None
    if _overlap([set(one) for one in others]):
        return None
    always = required(certain)
    shared = set.intersection(*({*required(one.certain), *always} for one in objects))
    for name in sorted(shared):
        listed = [_tag_values(branch, name) for branch in objects]
        known = [one for one in listed if one is not None]
        if len(known) == len(listed) and not _overlap([set(map(same, one)) for one in known]):
            found = iter(known)
            return [
                {"type": "object", "properties": {name: {"enum": next(found)}}, "required": [name]}
                if "object" in one
                else _of_types(one)
                for one in by_type
            ]
    return None


def _tag_values(branch: Place, name: str) -> list[Any] | None:
    nodes = [
        part["properties"][name] for part in branch.certain if name in part.get("properties", {})
    ]
    return values([node for node in nodes if isinstance(node, dict)])


def _overlap(sets: list[set[str]]) -> bool:
    return sum(map(len, sets)) > len(set().union(*sets))


def _of_types(found: frozenset[str]) -> Any:
    if found == ALL_TYPES or not found:
        return bool(found)
    names = sorted(found - {"fraction", "integer"})
    if "fraction" in found:
        names.append("number")
    elif "integer" in found:
        names.append("integer")
    return {"type": names}
