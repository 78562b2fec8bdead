"""How fast the search for all violations can grow: schemas that recur through alternatives.

A schema that may refer to itself inside ``anyOf`` or ``oneOf`` is tried once for each alternative
on each level of the data, so explaining a refusal costs alternatives to the power of the depth
(deciding does not). `growth` is that base; 1 says that there is no such recursion. It is read off
the schemas once, and errs on the side of growth.
"""

from __future__ import annotations

from typing import Any

from contracts.components import PREFIX, Components
from contracts.documents import Documents

_ALTERNATIVES = ("anyOf", "oneOf")


def growth(documents: Documents, path: str) -> int:
    """The most alternatives of the schema at `path` if it can recur, else 1."""
    components = Components({})
    root = components.add(documents, path)
    most = max((_most_alternatives(schema) for schema in components.schemas.values()), default=1)
    return most if most > 1 and _recurs(components.schemas, root) else 1


def _most_alternatives(node: Any) -> int:
    if isinstance(node, list):
        return max(map(_most_alternatives, node), default=1)
    if not isinstance(node, dict):
        return 1
    own = [len(node[key]) for key in _ALTERNATIVES if isinstance(node.get(key), list)]
    return max([1, *own, *map(_most_alternatives, node.values())])


def _recurs(schemas: dict[str, Any], root: str) -> bool:
    """Whether some `$ref` leads back to where it is being followed from."""
    open_: set[str] = set()
    done: set[str] = set()

    def visit(reference: str) -> bool:
        if reference in open_:
            return True
        if reference in done:
            return False
        open_.add(reference)
        found = any(visit(other) for other in _references(_resolve(schemas, reference)))
        open_.discard(reference)
        done.add(reference)
        return found

    return visit(root)


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [reference for item in node for reference in _references(item)]
    if not isinstance(node, dict):
        return []
    found = [reference for value in node.values() for reference in _references(value)]
    for keyword, value in node.items():
        if keyword.endswith(("ref", "Ref")) and keyword.startswith("$") and isinstance(value, str):
            found.append(value)
    return found


def _resolve(schemas: dict[str, Any], reference: str) -> Any:
    """The schema at a reference between components; every schema, if it is of another kind."""
    if not reference.startswith(PREFIX):
        return schemas
    node: Any = schemas
    try:
        for segment in reference.removeprefix(PREFIX).split("/"):
            name = segment.replace("~1", "/").replace("~0", "~")
            node = node[int(name)] if isinstance(node, list) else node[name]
    except (LookupError, TypeError, ValueError):
        return schemas  # a pointer within an embedded schema that has an $id of its own
    return node
