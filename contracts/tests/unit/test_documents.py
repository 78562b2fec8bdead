"""How other people's schemas find each other, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from contracts.documents import DRAFTS, Documents, read_documents
from contracts.errors import InvalidCatalogueError

from .conftest import WriteContracts

MONEY = {"type": "object", "required": ["amount"], "$defs": {"code": {"maxLength": 3}}}


def _nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"not": schema}
    return schema


def read(directory: Path) -> Documents:
    documents, faults = read_documents(directory)
    assert faults == []
    return documents


def compile_(
    write_contracts: WriteContracts, schema: Any, **others: Any
) -> jsonschema_rs.Validator:
    files = {f"schemas/{path}": content for path, content in others.pop("files", {}).items()}
    documents = read(write_contracts({"schemas/order/1.json": schema, **files}))
    return documents.compile("schemas/order/1.json", **others)


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ({"$ref": "../shared/money.json"}, {"shared/money.json": MONEY}),
        ({"$ref": "../my%20parts/money.json"}, {"my parts/money.json": MONEY}),
        ({"$ref": "money.json#"}, {"order/money.json": MONEY}),
        ({"$ref": "2.json#/$defs/m"}, {"order/2.json": {"$defs": {"m": MONEY}}}),
        (
            {"$ref": "https://x.example/money"},
            {"m.json": {"$id": "https://x.example/money", **MONEY}},
        ),
        (
            {"$id": "https://x.example/order/1.json", "$ref": "../money.json"},
            {"m.json": {"$id": "https://x.example/money.json", **MONEY}},
        ),
        (
            {"$id": "https://x.example/s/order/1.json", "$ref": "../shared/money.json"},
            {"shared/money.json": MONEY},
        ),
        (
            {"$id": "https://x.example/order", "$ref": "money.json"},
            {"z.json": {"$id": "https://other.example/z"}, "order/money.json": MONEY},
        ),
        ({"$id": "renamed.json", "$ref": "../shared/money.json"}, {"shared/money.json": MONEY}),
        (
            {"$schema": "http://json-schema.org/draft-04/schema#", "$ref": "http://x.example/m#"},
            {"m.json": {"id": "http://x.example/m#", **MONEY}},
        ),
        ({"$ref": "a.json"}, {"order/a.json": {"$ref": "b.json"}, "order/b.json": MONEY}),
    ],
)
def test_references_are_found(
    write_contracts: WriteContracts, schema: Any, files: dict[str, Any]
) -> None:
    validator = compile_(write_contracts, schema, files=files)
    assert validator.is_valid({"amount": 1})
    assert not validator.is_valid({})


def test_references_that_recur(write_contracts: WriteContracts) -> None:
    node = {"type": "object", "properties": {"child": {"$ref": "#"}, "peer": {"$ref": "peer.json"}}}
    peer = {"properties": {"back": {"$ref": "1.json"}}}
    validator = compile_(write_contracts, node, files={"order/peer.json": peer})
    assert validator.is_valid({"child": {"peer": {"back": {}}}})
    assert not validator.is_valid({"child": {"peer": {"back": 1}}})


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (
            {"$ref": "http://x.example/s.json"},
            "refers to http://x.example/s.json.*nothing is fetch",
        ),
        ({"$ref": "file:///etc/hostname"}, "refers to file:///etc/hostname.*nothing is fetched"),
        ({"$ref": "../../../../etc/passwd"}, "refers to the file etc/passwd, which does not exist"),
        ({"$ref": "../nope.json"}, "refers to the file schemas/nope.json, which does not exist"),
        ({"$ref": "#/$defs/nope"}, "a \\$ref cannot be resolved"),
        ({"type": "objekt"}, "not a valid schema at #/type"),
        ({"properties": {"a": {"minLength": -1}}}, "not a valid schema at #/properties/a/minLen"),
        ({"pattern": "a["}, "not a valid schema at #/pattern"),
        ({"$schema": "https://x.example/meta"}, "\\$schema is not a draft that is known"),
        ({"$schema": 7}, "\\$schema is not a draft that is known"),
        ({"$id": "https://x.example/order", "$ref": "nope.json"}, "refers to https://x.example/n"),
        ({"$id": "urn:x:order", "$ref": "urn:x:nope"}, "refers to urn:x:nope"),
        ({"$ref": "http://[bad"}, "Invalid URI"),
        (_nested(300), "it cannot be compiled: Recursion limit"),
    ],
)
def test_what_cannot_be_compiled_says_why(
    write_contracts: WriteContracts, schema: Any, said: str
) -> None:
    with pytest.raises(InvalidCatalogueError, match=f"^schemas/order/1.json: .*{said}"):
        compile_(write_contracts, schema)


def test_a_part_of_an_unknown_draft_is_named(write_contracts: WriteContracts) -> None:
    files = {"shared/m.json": {"$schema": "https://x.example/meta"}}
    with pytest.raises(InvalidCatalogueError, match=r"schemas/shared/m\.json: its \$schema"):
        compile_(write_contracts, {"$ref": "../shared/m.json"}, files=files)


@pytest.mark.parametrize("draft", DRAFTS)
def test_every_draft_by_its_own_rules(write_contracts: WriteContracts, draft: str) -> None:
    documents = read(
        write_contracts(
            {
                "schemas/a/1.json": {"$schema": f"{draft}#", "exclusiveMinimum": True, "minimum": 3}
                if "draft-04" in draft
                else {"$schema": draft, "exclusiveMinimum": 3},
                "schemas/b/1.json": {"$ref": "../a/1.json"},
            }
        )
    )
    for path in documents.by_path:  # the referring one has no $schema: the part keeps its own draft
        validator = documents.compile(path)
        assert validator.is_valid(4)
        assert not validator.is_valid(3)


def test_formats_are_asserted_and_unknown_ones_are_not(write_contracts: WriteContracts) -> None:
    schema = {"properties": {"at": {"format": "date-time"}, "tel": {"format": "phone"}}}
    validator = compile_(write_contracts, schema)
    assert validator.is_valid({"at": "2026-11-22T10:15:00Z", "tel": "?"})
    assert not validator.is_valid({"at": "yesterday"})
    with pytest.raises(InvalidCatalogueError, match="phone"):
        compile_(write_contracts, schema, known_formats_only=True)


def test_boolean_schemas(write_contracts: WriteContracts) -> None:
    assert compile_(write_contracts, True).is_valid(None)
    assert not compile_(write_contracts, False).is_valid({})


def test_patterns_in_the_dialect_of_ecma_262(write_contracts: WriteContracts) -> None:
    schema = {"pattern": r"^(?!x)(?<n>\p{Lu})\k<n>\d$"}
    validator = compile_(write_contracts, schema)
    assert validator.is_valid("ÄÄ1")
    assert not validator.is_valid("xx1")


def test_two_files_of_one_id_are_a_fault(write_contracts: WriteContracts) -> None:
    same = {"$id": "https://x.example/a"}
    _, faults = read_documents(
        write_contracts({"schemas/a/1.json": same, "schemas/a/2.json": same})
    )
    (fault,) = faults
    assert str(fault) == (
        "schemas/a/2.json: its $id https://x.example/a is also that of schemas/a/1.json; "
        "give each file its own"
    )


def test_hundreds_of_kilobytes_of_schemas(write_contracts: WriteContracts) -> None:
    wide = {
        "type": "object",
        "properties": {f"p{n}": {"$ref": "../shared/m.json"} for n in range(300)},
    }
    files: dict[str, Any] = {f"schemas/t{n}/1.json": wide for n in range(30)}
    documents = read(write_contracts({**files, "schemas/shared/m.json": MONEY}))
    assert sum(path != "schemas/shared/m.json" for path in documents.by_path) == 30
    assert documents.compile("schemas/t7/1.json").is_valid({"p9": {"amount": 1}})
