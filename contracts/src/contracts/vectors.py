"""The wire vectors: cases of the protocol that any client or server can be tested with.

They are data, beside the schemas; `contracts/vectors/README.md` says how each file is to be run.
This module finds them, in a checkout and in the wheel, and fills in what only a run can know.
"""

from __future__ import annotations

import json
from typing import Any

from contracts.catalogue import shipped_directory

VECTORS = "vectors"
GENERATION = "{generation}"
"""Stands for the generation of the topic that a case is run on."""


def vectors(name: str) -> dict[str, Any]:
    """The file ``vectors/<name>.json``."""
    file = shipped_directory() / VECTORS / f"{name}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def filled(value: Any, generation: str) -> Any:
    """`value` with the topic's generation where the vectors leave it open."""
    if isinstance(value, str):
        return value.replace(GENERATION, generation)
    if isinstance(value, list):
        return [filled(item, generation) for item in value]
    if isinstance(value, dict):
        return {name: filled(item, generation) for name, item in value.items()}
    return value
