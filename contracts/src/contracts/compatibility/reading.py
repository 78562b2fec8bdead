"""A reader's schema as a proof asks it: what applies at a node, and what satisfies it."""

from __future__ import annotations

from typing import Any

import jsonschema_rs

from contracts.compatibility.dialects import DIALECT
from contracts.compatibility.normal import Node, Normal


class Reading:
    """Questions to the normal form of one schema."""

    def __init__(self, normal: Normal) -> None:
        """Compile nothing yet."""
        self._normal = normal
        self.root = normal.root
        self.target = normal.target
        self._validators: dict[int, jsonschema_rs.Validator] = {}
        self._kept: list[Node] = []  # nodes are known by their identity, so they must live

    def followed(self, node: Node) -> Node:
        """`node`, or what it refers to if it does nothing else."""
        seen = set[str]()
        while isinstance(node, dict) and len(node) == 1 and "$ref" in node:
            if node["$ref"] in seen:
                return node
            seen.add(node["$ref"])
            node = self.target(node["$ref"])
        return node

    def accepts(self, node: dict[str, Any], value: Any) -> bool:
        """Whether the reader's `node` accepts `value`."""
        if id(node) not in self._validators:
            needed = self._normal.reachable(node)
            document = {"$schema": DIALECT, "$defs": needed, "allOf": [node]}
            self._validators[id(node)] = jsonschema_rs.validator_for(
                document, validate_formats=True, ignore_unknown_formats=True
            )
            self._kept.append(node)
        return self._validators[id(node)].is_valid(value)

    def certain_parts(self, node: dict[str, Any]) -> list[dict[str, Any]]:
        """The reader's subschemas that apply wherever `node` does."""
        found: dict[int, dict[str, Any]] = {}
        pending: list[Node] = [node]
        while pending:
            one = pending.pop()
            if not isinstance(one, dict) or id(one) in found:
                continue
            found[id(one)] = one
            pending.extend(one.get("allOf", ()))
            if "$ref" in one:
                pending.append(self._normal.target(one["$ref"]))
        return list(found.values())
