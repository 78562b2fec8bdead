"""Which subschemas of two schemas say the same, also where they recur through references.

Definitions are told apart by refinement: first by their text alone, then by what they refer to,
until no more are told apart. What is alike then accepts the same instances. If that takes too many
rounds, nothing counts as alike.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from contracts.compatibility.depth import check_time
from contracts.compatibility.normal import REF, Normal

_MAX_ROUNDS = 60
_MAX_DEFINITIONS = 3000


class Likeness:
    """Of the subschemas of `writer` and `reader`."""

    def __init__(self, writer: Normal, reader: Normal) -> None:
        """Tell the definitions apart."""
        self._names = ({}, {}) if _none(writer, reader) else _colours(writer, reader)
        self._known: dict[tuple[int, str | None], str] = {}
        self._kept: list[Any] = []

    def same(
        self, part: Mapping[str, Any], node: Mapping[str, Any], keywords: Iterable[str]
    ) -> bool:
        """Whether the writer's `part` says the same as the reader's `node` by these `keywords`."""
        if self._names is None:
            return False
        return all(
            (keyword in part) == (keyword in node)
            and (
                keyword not in part
                or self._colour(part, keyword, 0) == self._colour(node, keyword, 1)
            )
            for keyword in keywords
        )

    def equal(self, part: Any, node: Any) -> bool:
        """Whether the writer's `part` as a whole says the same as the reader's `node`."""
        return self.same({"is": part}, {"is": node}, ("is",))

    def _colour(self, node: Mapping[str, Any], keyword: str, side: int) -> str:
        key = (id(node), keyword)
        if key not in self._known:
            names = ({}, {}) if self._names is None else self._names
            self._kept.append(node)
            self._known[key] = _hash(_coloured({keyword: node[keyword]}, names[side]))
        return self._known[key]


def _none(writer: Normal, reader: Normal) -> bool:
    return not writer.definitions and not reader.definitions


def _colours(writer: Normal, reader: Normal) -> tuple[dict[str, str], dict[str, str]] | None:
    sides = (writer.definitions, reader.definitions)
    if sum(map(len, sides)) > _MAX_DEFINITIONS:
        return None
    colours: tuple[dict[str, str], dict[str, str]] = (
        dict.fromkeys(sides[0], ""),
        dict.fromkeys(sides[1], ""),
    )
    classes = 0
    for _ in range(_MAX_ROUNDS):
        check_time()
        made = [
            {name: _hash(_coloured(node, colours[at])) for name, node in side.items()}
            for at, side in enumerate(sides)
        ]
        colours = (made[0], made[1])
        told_apart = len({*colours[0].values(), *colours[1].values()})
        if told_apart == classes:
            return colours
        classes = told_apart
    return None


def _coloured(node: Any, colours: Mapping[str, str]) -> Any:
    if isinstance(node, Mapping):
        return {
            name: f"={colours[one.removeprefix(REF)]}"
            if name == "$ref" and isinstance(one, str) and one.removeprefix(REF) in colours
            else _coloured(one, colours)
            for name, one in node.items()
        }
    return [_coloured(one, colours) for one in node] if isinstance(node, list) else node


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]
