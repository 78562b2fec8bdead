"""The producer's promise: what is emitted is held to the version that is meant."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from contracts.catalogue import serving_catalogue
from contracts.testing.errors import ContractBroken
from contracts.testing.producing import ProducerContract

CONTRACT = ProducerContract(serving_catalogue(None))
READING = {
    "sensor": "s-1",
    "value": 21.5,
    "unit": "Cel",
    "measured_at": "2026-11-22T10:00:00Z",
}


def reading(**more: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "type": "sensor.reading", "data": READING, **more}


@pytest.mark.parametrize("form", [dict, orjson.dumps, lambda event: orjson.dumps(event).decode()])
def test_a_valid_event_comes_back_parsed(form: Any) -> None:
    assert CONTRACT.check(form(reading()), "sensor.reading/1") == reading()


def test_every_place_is_named_and_no_value() -> None:
    wrong = reading(source="not a uri", data={"sensor": "", "value": "warm", "unit": "Cel"})
    with pytest.raises(ContractBroken) as caught:
        CONTRACT.check(wrong, "sensor.reading/1")
    told = str(caught.value)
    assert told.startswith("the event is not valid for sensor.reading/1: ")
    for place in ("/source", "/data/value", "measured_at"):
        assert place in told
    assert "warm" not in told


def test_without_a_version_the_newest_is_meant() -> None:
    assert CONTRACT.check(reading(), "sensor.reading") == reading()


@pytest.mark.parametrize(
    ("more", "hint"),
    [
        ({}, "it has no dataschema, so the newest version applies; end it in /order.placed/1"),
        ({"dataschema": "https://x.example/order.placed/2"}, "its dataschema ends in /order.pla"),
    ],
)
def test_another_version_than_was_meant(more: dict[str, str], hint: str) -> None:
    order = {
        "id": "A-1",
        "customer": {"id": "C-7"},
        "lines": [{"sku": "TEA-1", "quantity": 1, "price": {"amount": "7.90", "currency": "EUR"}}],
        "currency": "EUR",
        "placed_at": "2026-11-22T11:15:00+01:00",
    }
    event = {"specversion": "1.0", "type": "order.placed", "data": order, **more}
    CONTRACT.check(event, "order.placed/2")
    with pytest.raises(ContractBroken, match=hint):
        CONTRACT.check(event, "order.placed/1")


def test_another_type_than_was_meant() -> None:
    with pytest.raises(ContractBroken, match=r"its type is sensor\.reading"):
        CONTRACT.check(reading(), "message.posted/1")


@pytest.mark.parametrize(
    ("emitted", "told"),
    [
        ("{", "is not JSON"),
        ("[]", "is no CloudEvent"),
        ({"text": "hi"}, "is no CloudEvent"),
        (reading(data={"value": object()}), "cannot be written as JSON"),
    ],
)
def test_what_is_no_event(emitted: Any, told: str) -> None:
    with pytest.raises(ContractBroken, match=told):
        CONTRACT.check(emitted, "sensor.reading/1")


def test_data_alone() -> None:
    assert CONTRACT.check_data(READING, "sensor.reading/1") is READING
    with pytest.raises(ContractBroken, match="/data/unit"):
        CONTRACT.check_data({**READING, "unit": 7}, "sensor.reading/1")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("sensor.read/1", "known are message.posted, order.placed, sensor.reading"),
        ("order.placed/9", "of this type there are order.placed/1, order.placed/2"),
    ],
)
def test_a_contract_that_there_is_not(name: str, told: str) -> None:
    with pytest.raises(ContractBroken, match=told):
        CONTRACT.check(reading(), name)
