"""Older drafts in 2020-12's words: the same data is valid by both."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from contracts import openapi
from contracts.catalogue import load_catalogue
from contracts.drafts import in_2020_12
from contracts.services import LISTENER

from .conftest import WriteContracts

FOUR = "http://json-schema.org/draft-04/schema#"
SEVEN = "http://json-schema.org/draft-07/schema#"
NINETEEN = "https://json-schema.org/draft/2019-09/schema"
NEWEST = "https://json-schema.org/draft/2020-12/schema"
VALUES: list[Any] = [
    *(0, 0.5, 1, 10, 11, [], [1], ["a"], [1, "a"], [1, 2], [1, "a", True], [1, "a", "b"]),
    *({}, {"a": 1}, {"a": 1, "b": 2}, {"b": 1}, {"a": "x", "b": 2}),
]


@pytest.mark.parametrize(
    ("draft", "schema"),
    [
        (FOUR, {"minimum": 0, "exclusiveMinimum": True, "maximum": 10, "exclusiveMaximum": False}),
        (FOUR, {"maximum": 10, "exclusiveMaximum": True}),
        (SEVEN, {"exclusiveMinimum": 0}),
        (SEVEN, {"items": [{"type": "integer"}, {"type": "string"}], "additionalItems": False}),
        (NINETEEN, {"items": [{"type": "integer"}], "additionalItems": {"type": "string"}}),
        (SEVEN, {"items": {"type": "integer"}, "additionalItems": False}),
        (SEVEN, {"dependencies": {"a": ["b"], "b": {"properties": {"a": {"type": "integer"}}}}}),
    ],
)
def test_the_same_values_are_valid(draft: str, schema: dict[str, Any]) -> None:
    old = jsonschema_rs.validator_for({"$schema": draft, **schema})
    new = jsonschema_rs.validator_for({"$schema": NEWEST, **in_2020_12(schema, draft)})
    verdicts = [old.is_valid(value) for value in VALUES]
    assert [new.is_valid(value) for value in VALUES] == verdicts
    assert len(set(verdicts)) == 2, "the values tell nothing of this schema"


def test_beside_a_reference_nothing_counted() -> None:
    schema = {"$ref": "#/definitions/a", "minimum": 7}
    assert in_2020_12(schema, SEVEN) == {"$ref": "#/definitions/a"}
    assert in_2020_12(schema, NINETEEN) == schema


def test_the_newest_is_left_alone() -> None:
    schema = {"items": [1], "dependencies": {"a": ["b"]}}
    assert in_2020_12(schema, NEWEST) is schema


def test_documents_speak_2020_12_of_a_contract_in_draft_4(write_contracts: WriteContracts) -> None:
    grams = {"minimum": 0, "exclusiveMinimum": True}
    depends = {"items": ["grams"]}
    schema = {"$schema": FOUR, "properties": {"grams": grams}, "dependencies": depends}
    catalogue = load_catalogue(write_contracts({"schemas/parcel.weighed/1.json": schema}))
    told = openapi.document(LISTENER, catalogue)["components"]["schemas"]["parcel.weighed.1"]
    assert told == {
        "properties": {"grams": {"exclusiveMinimum": 0}},
        "dependentRequired": {"items": ["grams"]},
    }
