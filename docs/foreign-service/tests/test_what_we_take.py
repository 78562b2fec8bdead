"""Our handler takes every golden example of all versions of ``order.placed`` that we support."""

from __future__ import annotations

import pytest

from contracts.testing.golden import GoldenEvent
from warehouse.picking import pick_list


@pytest.mark.contract("order.placed/1", "order.placed/2")
def test_every_order_becomes_a_pick_list(golden_event: GoldenEvent) -> None:
    made = pick_list(golden_event.event)
    assert made.order == golden_event.event["data"]["id"]
    assert len(made.picks) == len(golden_event.event["data"]["lines"])
    assert all(pick.quantity > 0 for pick in made.picks)
