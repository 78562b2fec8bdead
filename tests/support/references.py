"""``$ref`` in JSON documents: which there are, and what they lead to (RFC 6901)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def references(node: Any) -> Iterator[str]:
    """All of them, at any depth."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def resolve(whole: Any, reference: str) -> Any:
    """What a reference within the document leads to; KeyError where that is nothing."""
    node = whole
    for segment in reference.removeprefix("#/").split("/"):
        node = node[segment.replace("~1", "/").replace("~0", "~")]
    return node
