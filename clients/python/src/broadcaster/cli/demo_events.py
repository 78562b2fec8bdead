"""The events of the demo: a little of every shipped contract, and one that violates its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def first_events() -> list[dict[str, Any]]:
    """What is published while only the live subscriber is there."""
    return [
        _event("message.posted", {"text": "Good morning"}),
        _event("order.placed", _order("A-1001", quantity=2), key="A-1001"),
        _event("sensor.reading", _reading(20.5), key="hall-7.temperature"),
        _event("message.posted", {"text": "Grüße, 世界 👋"}),
        _event("sensor.reading", _reading(21.0), key="hall-7.temperature"),
    ]


def second_events() -> list[dict[str, Any]]:
    """What is published while both subscribers are live."""
    return [
        _event("order.placed", _order("A-1002", quantity=1), key="A-1002"),
        _event("sensor.reading", _reading(21.5), key="hall-7.temperature"),
        _event("message.posted", {"text": "Good night"}),
    ]


def violating_event() -> dict[str, Any]:
    """Three violations: no such quantity, no such currency, no customer."""
    order = _order("A-1003", quantity=0)
    order["currency"] = "euro"
    del order["customer"]
    return _event("order.placed", order, key="A-1003")


def _event(type_: str, data: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    event: dict[str, Any] = {"specversion": "1.0", "type": type_, "time": _now(), "data": data}
    return event if key is None else event | {"partitionkey": key}


def _order(number: str, *, quantity: int) -> dict[str, Any]:
    price = {"amount": "7.90", "currency": "EUR"}
    return {
        "id": number,
        "customer": {"id": "C-1029"},
        "lines": [{"sku": "TEA-EARL-250", "quantity": quantity, "price": price}],
        "currency": "EUR",
        "placed_at": _now(),
    }


def _reading(value: float) -> dict[str, Any]:
    return {"sensor": "hall-7.temperature", "value": value, "unit": "Cel", "measured_at": _now()}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
