"""The events that the warehouse emits, as its producer sends them."""

from __future__ import annotations

from typing import Any

from warehouse.picking import PickList


def pick_completed(done: PickList) -> dict[str, Any]:
    """Everything of an order is in the tray."""
    picked = [{"sku": pick.sku, "quantity": pick.quantity} for pick in done.picks]
    return _event("pick.completed/1", {"order": done.order, "picked": picked}, key=done.order)


def parcel_weighed(parcel: str, grams: float) -> dict[str, Any]:
    """What a scale says."""
    return _event("parcel.weighed/1", {"parcel": parcel, "grams": grams}, key=parcel)


def _event(contract: str, data: dict[str, Any], key: str) -> dict[str, Any]:
    """id, source and time are left to the listener."""
    return {
        "specversion": "1.0",
        "type": contract.partition("/")[0],
        "dataschema": f"https://contracts.warehouse.example/{contract}",
        "partitionkey": key,
        "data": data,
    }
