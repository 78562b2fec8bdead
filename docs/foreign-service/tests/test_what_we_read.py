"""The fields that we really read: told to the provider in ``pacts/warehouse-broadcaster.json``."""

from __future__ import annotations

from typing import Any

import pytest
from pact import match

from contracts.testing.pacts import PactFile
from warehouse.picking import Pick, pick_list

READS = {
    "data": {
        "id": match.like("A-1"),
        "lines": match.each_like({"sku": match.like("TEA-1"), "quantity": match.integer(2)}),
    }
}


@pytest.mark.parametrize("version", [1, 2])
def test_an_order_to_pick(message_pact: PactFile, version: int) -> None:
    def handle(event: dict[str, Any]) -> None:
        assert pick_list(event).picks == (Pick("TEA-1", 2),)

    name = f"an order to pick, version {version}"
    message_pact.reads(name, f"order.placed/{version}", READS, handle)
