from __future__ import annotations

from typing import Any

import pytest

from contracts.catalogue import load_catalogue
from contracts.recursion import growth

from .conftest import WriteContracts

STRING = {"type": "string"}
PAIR = {"anyOf": [STRING, {"$ref": "#"}]}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (True, 1),
        ({"anyOf": [STRING, True, False]}, 1),
        ({"properties": {"a": {"$ref": "#"}}}, 1),
        ({"properties": {"a": PAIR}}, 2),
        ({"items": {"oneOf": [STRING, {"$ref": "#/items"}, True]}}, 3),
        ({"allOf": [{"$ref": "#/$defs/a~1b"}], "$defs": {"a/b": {"items": PAIR}}}, 2),
        ({"anyOf": [{"$ref": "part.json"}, STRING]}, 2),
        ({"anyOf": [{"$ref": "plain.json"}, {"$ref": "plain.json"}]}, 1),
        ({"anyOf": [{"$dynamicRef": "#x"}, STRING], "$dynamicAnchor": "x"}, 2),
        (
            {
                "anyOf": [STRING, True],
                "$defs": {
                    "in": {
                        "$id": "https://x.example/in",
                        "$ref": "#/$defs/s",
                        "$defs": {"s": STRING},
                    }
                },
            },
            2,
        ),
        ({"allOf": [{"anyOf": [{"$ref": "#/allOf/0"}, STRING]}]}, 2),
    ],
)
def test_growth(write_contracts: WriteContracts, schema: Any, expected: int) -> None:
    directory = write_contracts(
        {
            "schemas/t/1.json": schema,
            "schemas/t/part.json": {"properties": {"back": {"$ref": "1.json"}}},
            "schemas/t/plain.json": STRING,
        }
    )
    (contract,) = load_catalogue(directory).types["t"]
    assert growth(contract.documents, contract.path) == expected
