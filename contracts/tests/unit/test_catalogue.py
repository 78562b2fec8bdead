from __future__ import annotations

from pathlib import Path

import pytest

from contracts.catalogue import (
    Catalogue,
    load_catalogue,
    read_catalogue,
    serving_catalogue,
    shipped_directory,
)
from contracts.errors import InvalidCatalogueError

from .conftest import WriteContracts

OBJECT = {"type": "object"}


def names(catalogue: Catalogue) -> list[str]:
    return [one.name for versions in catalogue.types.values() for one in versions]


def test_the_shipped_contracts() -> None:
    assert names(serving_catalogue(None)) == [
        "message.posted/1",
        "order.placed/1",
        "order.placed/2",
        "sensor.reading/1",
    ]
    assert (shipped_directory() / "schemas").is_dir()


def test_versions_are_numbers_and_other_files_are_parts(write_contracts: WriteContracts) -> None:
    directory = write_contracts(
        {
            "schemas/b.c/10.json": OBJECT,
            "schemas/b.c/9.json": OBJECT,
            "schemas/b.c/line.json": OBJECT,
            "schemas/a/1.json": True,
            "schemas/a/deeper/2.json": OBJECT,
            "schemas/shared/money.json": OBJECT,
            "schemas/top.json": OBJECT,
            "schemas/.hidden/1.json": "no JSON",
            "schemas/a/.1.json.swp.json": "no JSON",
            "schemas/a/README.md": "…",
            "other/a/7.json": OBJECT,
        }
    )
    catalogue = load_catalogue(directory)
    assert names(catalogue) == ["a/1", "b.c/9", "b.c/10"]
    contract = catalogue.types["b.c"][1]
    assert (contract.schema, contract.path) == (OBJECT, "schemas/b.c/10.json")
    assert "schemas/a/deeper/2.json" in contract.documents.by_path


@pytest.mark.parametrize(
    ("dataschema", "version"),
    [
        (None, 10),
        ("https://x.example/schemas/b.c/9", 9),
        ("https://x.example/schemas/b.c/9.json#", 9),
        ("b.c/9", 9),
        ("/b.c/10", 10),
        ("https://ids.example/b-c-nine", 9),
        ("https://x.example/schemas/b.c/11", None),
        ("https://x.example/schemas/b.c/09", None),
        ("https://x.example/schemas/b.c", None),
        ("https://x.example/schemas/other/9", None),
        ("https://ids.example/other", None),
        ("9", None),
        ("", None),
    ],
)
def test_dataschema_chooses_the_version(
    write_contracts: WriteContracts, dataschema: str | None, version: int | None
) -> None:
    directory = write_contracts(
        {
            "schemas/b.c/9.json": {"$id": "https://ids.example/b-c-nine"},
            "schemas/b.c/10.json": OBJECT,
            "schemas/other/9.json": {"$id": "https://ids.example/other"},
        }
    )
    contract = load_catalogue(directory).find("b.c", dataschema)
    assert (contract.version if contract else None) == version


def test_an_unknown_type_has_no_contract() -> None:
    assert serving_catalogue(None).find("nobody.knows") is None


def test_a_directory_stands_beside_the_shipped_contracts(write_contracts: WriteContracts) -> None:
    directory = write_contracts(
        {"schemas/order.placed/7.json": OBJECT, "schemas/own/1.json": OBJECT}
    )
    assert names(serving_catalogue(directory)) == [
        "message.posted/1",
        "order.placed/7",
        "own/1",
        "sensor.reading/1",
    ]


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("schemas/a/v2.json", OBJECT, "name the file 1.json"),
        ("schemas/a/0.json", OBJECT, "name the file 1.json"),
        ("schemas/a/01.json", OBJECT, "name the file 1.json"),
        ("schemas/a/1.0.json", OBJECT, "name the file 1.json"),
        ("schemas/a b/1.json", OBJECT, "cannot be an event type"),
        ("schemas/broadcaster.x/1.json", OBJECT, "reserved"),
        ("schemas/a/1.json", "[]", "an object, true or false"),
        ("schemas/a/1.json", "{", "not JSON: .* in line 1, column 2"),
        ("schemas/a/1.json", '{"a": 1, "a": 2}', 'the name "a" stands twice'),
        ("schemas/a/1.json", '{"minimum": NaN}', "NaN is not JSON"),
        ("schemas/a/1.json", "[" * 100_000, "cannot be read"),
        ("schemas/README.md", "", r"no contract in .*; contracts are schemas/<type>/<version>"),
        ("README.md", "", r"no such folder in .*; contracts are schemas/<type>/<version>"),
    ],
)
def test_faults_name_the_file_and_what_to_do(
    write_contracts: WriteContracts, path: str, content: object, said: str
) -> None:
    with pytest.raises(InvalidCatalogueError, match=said) as caught:
        load_catalogue(write_contracts({path: content}))
    assert caught.value.code == "invalid-catalogue"
    (fault,) = caught.value.faults
    assert fault.path == (path if path.endswith(".json") else "schemas")


def test_all_faults_come_at_once_and_the_message_names_some(
    write_contracts: WriteContracts,
) -> None:
    directory = write_contracts({f"schemas/t{n}/1.json": "{" for n in range(8)})
    catalogue, documents, faults = read_catalogue(directory)
    assert (len(faults), names(catalogue), dict(documents.by_path)) == (8, [], {})
    with pytest.raises(InvalidCatalogueError, match=r"t4/1\.json: .*; and 3 more$") as caught:
        load_catalogue(directory)
    assert "t5" not in str(caught.value)


def test_not_utf_8_and_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "schemas/a/1.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"\xef\xbb\xbf{}")
    assert names(load_catalogue(tmp_path)) == ["a/1"]
    file.write_bytes(b'{"title": "\xff"}')
    with pytest.raises(InvalidCatalogueError, match="not UTF-8 at byte 11"):
        load_catalogue(tmp_path)


def test_linked_folders_are_followed_and_loops_end(
    tmp_path: Path, write_contracts: WriteContracts
) -> None:
    write_contracts({"elsewhere/order/1.json": OBJECT})
    schemas = tmp_path / "schemas"
    schemas.mkdir()
    (schemas / "order.placed").symlink_to(tmp_path / "elsewhere/order")
    (schemas / "loop").symlink_to(schemas)
    assert names(load_catalogue(tmp_path)) == ["order.placed/1"]
