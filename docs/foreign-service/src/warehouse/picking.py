"""From an order to a list of what to fetch: the handler of ``order.placed``, versions 1 and 2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Pick:
    """What to fetch from a shelf."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class PickList:
    """What to fetch for an order."""

    order: str
    picks: tuple[Pick, ...]


def pick_list(event: Mapping[str, Any]) -> PickList:
    """The list for the order in `event`. It reads the order's number, skus and quantities."""
    data = event["data"]
    picks = tuple(Pick(line["sku"], line["quantity"]) for line in data["lines"])
    return PickList(data["id"], picks)
