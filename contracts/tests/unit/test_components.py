from __future__ import annotations

from typing import Any

from contracts.catalogue import load_catalogue
from contracts.components import Components

from .conftest import WriteContracts


def gathered(write_contracts: WriteContracts, files: dict[str, Any]) -> Components:
    catalogue = load_catalogue(write_contracts(files))
    components = Components({})
    for contract in [one for versions in catalogue.types.values() for one in versions]:
        components.add(contract.documents, contract.path)
    return components


def test_references_between_files_become_references_between_components(
    write_contracts: WriteContracts,
) -> None:
    components = gathered(
        write_contracts,
        {
            "schemas/o.p/1.json": {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$id": "https://x.example/o.p/1.json",
                "properties": {
                    "m": {"$ref": "../shared/money.json#/$defs/c"},
                    "self": {"$ref": "#"},
                    "default": {"$ref": "other file.json"},
                },
                "allOf": [{"$ref": "#/properties/m"}, True],
                "default": {"$ref": "data"},
            },
            "schemas/o.p/other file.json": {"$ref": "1.json"},
            "schemas/shared/money.json": {"$defs": {"c": {"type": "string"}}},
            "schemas/unused.json": {},
        },
    )
    prefix = "#/components/schemas/"
    assert components.schemas == {
        "o.p.1": {
            "properties": {
                "m": {"$ref": f"{prefix}shared.money/$defs/c"},
                "self": {"$ref": f"{prefix}o.p.1"},
                "default": {"$ref": f"{prefix}o.p.other_file"},
            },
            "allOf": [{"$ref": f"{prefix}o.p.1/properties/m"}, True],
            "default": {"$ref": "data"},
        },
        "o.p.other_file": {"$ref": f"{prefix}o.p.1"},
        "shared.money": {"$defs": {"c": {"type": "string"}}},
    }


def test_what_is_no_pointer_into_a_file_is_left_as_it_is(write_contracts: WriteContracts) -> None:
    components = gathered(
        write_contracts,
        {
            "schemas/a/1.json": {"$ref": "#anchor", "$defs": {"x": {"$anchor": "anchor"}}},
            "schemas/b/1.json": {"$ref": "https://elsewhere.example/"},
            "schemas/c/1.json": False,
        },
    )
    assert components.schemas["a.1"]["$ref"] == "#anchor"
    assert components.schemas["b.1"] == {"$ref": "https://elsewhere.example/"}
    assert components.schemas["c.1"] is False


def test_parts_of_one_name_in_two_directories_are_told_apart(
    write_contracts: WriteContracts,
) -> None:
    files = {"schemas/t/1.json": {"$ref": "../shared/m.json"}, "schemas/shared/m.json": {}}
    directory = write_contracts(files)
    components = Components({"problem": {}})
    for _ in range(2):
        documents = load_catalogue(directory).types["t"][0].documents
        components.add(documents, "schemas/t/1.json")
        # the second time around it is known
        components.add(documents, "schemas/t/1.json")
    assert list(components.schemas) == ["problem", "t.1", "shared.m", "t.1_2", "shared.m_2"]
    assert components.schemas["t.1_2"] == {"$ref": "#/components/schemas/shared.m_2"}
