from __future__ import annotations

import pytest

from contracts.compatibility.normal import normal_form
from contracts.errors import InvalidCatalogueError

from .schemas import version_of


def test_references_between_files_anchors_and_identifiers_become_definitions() -> None:
    version = version_of(
        {
            "properties": {
                "a": {"$ref": "../part.json#/$defs/x"},
                "b": {"$ref": "../part.json#here"},
            }
        },
        part={"$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"$anchor": "here", "type": "null"}}},
    )
    normal = version.normal
    assert normal.opaque is None
    assert {"type": "null"} in normal.definitions.values()
    named = [node for node in normal.definitions.values() if isinstance(node, dict)]
    assert all(set(node) <= {"$ref", "type"} for node in named)


def test_titles_and_unknown_keywords_do_not_count() -> None:
    plain = version_of({"type": "string"})
    titled = version_of({"type": "string", "title": "A", "x-owner": "us", "examples": ["a"]})
    assert plain.digest == titled.digest


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (
            {
                "$schema": "http://json-schema.org/draft-07/schema#",
                "contentMediaType": "application/json",
            },
            "contentMediaType",
        ),
        (
            {
                "$schema": "https://json-schema.org/draft/2019-09/schema",
                "contains": True,
                "unevaluatedItems": False,
            },
            "2019-09",
        ),
        (
            {
                "$dynamicRef": "#n",
                "$defs": {"a": {"$dynamicAnchor": "n"}, "b": {"$id": "b", "$dynamicAnchor": "n"}},
            },
            "depends on the way there",
        ),
    ],
)
def test_what_the_form_cannot_express_is_said(schema: dict[str, object], said: str) -> None:
    assert said in str(version_of(schema).normal.opaque)


def test_a_reference_to_nowhere_is_a_fault() -> None:
    contract = version_of({"$ref": "#/$defs/none"}).contract
    with pytest.raises(InvalidCatalogueError, match="cannot be compared"):
        normal_form(contract.documents, contract.path)
