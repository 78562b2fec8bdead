"""Details name the rule and never the value: each keyword is tried with a secret payload."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import jsonschema_rs
import pytest

from contracts.catalogue import load_catalogue
from contracts.explanation import explain
from contracts.judge import Judge, Rejected
from contracts.violation import MAX_DETAIL, MAX_POINTER, Violation

from .conftest import WriteContracts

SECRET = "hunter2"
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
TAGGED = {"required": ["kind"], "properties": {"kind": {"const": "a"}, "n": {"minimum": 5}}}
OTHER = {"properties": {"kind": {"const": "b"}, "x": {"type": "string"}}, "required": ["kind", "x"]}


def violations(write_contracts: WriteContracts, schema: Any, data: Any) -> tuple[Violation, ...]:
    judge = Judge(load_catalogue(write_contracts({"schemas/t/1.json": schema})))
    verdict = judge.judge(
        {"specversion": "1.0", "id": "i", "source": "/s", "type": "t", "data": data}
    )
    assert isinstance(verdict, Rejected)
    assert SECRET not in verdict.problem.encode().decode()
    return verdict.violations


@pytest.mark.parametrize(
    ("schema", "data", "keyword", "detail"),
    [
        ({"type": "object"}, SECRET, "type", "must be object, and is string"),
        ({"type": "string"}, None, "type", "must be string, and is null"),
        ({"type": "string"}, 1.5, "type", "must be string, and is number"),
        ({"type": "string"}, True, "type", "must be string, and is boolean"),
        ({"type": ["string", "null"]}, [SECRET], "type", "must be null or string, and is array"),
        ({"enum": ["a", 5]}, SECRET, "enum", 'must be one of "a", 5'),
        ({"const": {"a": 1}}, SECRET, "const", 'must be {"a": 1}'),
        ({"required": ["a"]}, {SECRET: 1}, "required", 'the property "a" is required'),
        (
            {"dependentRequired": {"a": ["b"]}},
            {"a": SECRET},
            "required",
            'the property "b" is required',
        ),
        ({"minLength": 9}, SECRET, "minLength", "must have at least 9 character(s)"),
        ({"maxLength": 1}, SECRET, "maxLength", "must have at most 1 character(s)"),
        ({"pattern": "^[{}]$"}, SECRET, "pattern", 'must match the pattern "^[{}]$"'),
        ({"format": "email"}, SECRET, "format", 'must be a valid "email"'),
        ({"minimum": 1.5}, 1, "minimum", "must be 1.5 or more"),
        ({"maximum": 1}, 2, "maximum", "must be 1 or less"),
        ({"exclusiveMinimum": 1}, 1, "exclusiveMinimum", "must be more than 1"),
        ({"exclusiveMaximum": 1}, 1, "exclusiveMaximum", "must be less than 1"),
        ({"multipleOf": 2}, 3, "multipleOf", "must be a multiple of 2"),
        ({"minItems": 2}, [SECRET], "minItems", "must have at least 2 item(s)"),
        ({"maxItems": 0}, [SECRET], "maxItems", "must have at most 0 item(s)"),
        ({"minProperties": 2}, {SECRET: 1}, "minProperties", "must have at least 2 member(s)"),
        ({"maxProperties": 0}, {SECRET: 1}, "maxProperties", "must have at most 0 member(s)"),
        ({"uniqueItems": True}, [SECRET] * 2, "uniqueItems", "must not have equal items"),
        ({"contains": {"type": "null"}}, [SECRET], "contains", "must have an item (or the"),
        ({"not": {"type": "string"}}, SECRET, "not", "must not match what the contract"),
        (
            {"additionalProperties": False, "properties": {"a": {}}},
            {SECRET: 1},
            "additionalProperties",
            "has 1 member that the contract does not declare",
        ),
        (
            {"unevaluatedProperties": False, "properties": {"a": {}}},
            {SECRET: 1, "hunter23": 2},
            "unevaluatedProperties",
            "has 2 members that the contract does not declare",
        ),
        (
            {"prefixItems": [{}], "unevaluatedItems": False},
            [1, SECRET],
            "unevaluatedItems",
            "has 1 item that the contract does not declare",
        ),
        (
            {"$schema": DRAFT_7, "items": [{}], "additionalItems": False},
            [1, SECRET],
            "additionalItems",
            "must have at most 1 item(s)",
        ),
        (
            {"$schema": DRAFT_7, "contentEncoding": "base64"},
            f"%{SECRET}",
            "contentEncoding",
            'must be encoded as "base64"',
        ),
        (
            {"$schema": DRAFT_7, "contentMediaType": "application/json"},
            f"{{{SECRET}",
            "contentMediaType",
            'must be of the media type "application/json"',
        ),
        (
            {"propertyNames": {"maxLength": 3}},
            {SECRET: 1},
            "propertyNames",
            "has a member whose name is not allowed: must have at most 3 character(s)",
        ),
        (
            {"oneOf": [{"minLength": 1}, {"type": "string"}]},
            SECRET,
            "oneOf",
            "must match exactly one of the alternatives, and matches several",
        ),
        (
            {"anyOf": [OTHER, TAGGED]},
            {"kind": "a", "n": 1, "x": SECRET},
            "anyOf",
            "must match one of 2 alternatives, and matches none; number 2 wants: "
            "/data/n must be 5 or more",
        ),
        (
            {
                "oneOf": [
                    {"type": "integer"},
                    {"properties": {"x": {"maxLength": 1}}, "minLength": 9},
                ]
            },
            SECRET,
            "oneOf",
            "matches none; number 2 wants: /data must have at least 9 character(s)",
        ),
    ],
)
def test_each_keyword(
    write_contracts: WriteContracts, schema: Any, data: Any, keyword: str, detail: str
) -> None:
    (violation,) = violations(write_contracts, schema, data)
    assert violation.keyword == keyword
    assert detail in violation.detail


def test_a_pattern_that_cannot_be_decided_refuses(write_contracts: WriteContracts) -> None:
    (violation,) = violations(write_contracts, {"pattern": r"^((a|a)+)+(?<!c)\2x$"}, "a" * 300)
    assert violation.detail == "cannot be matched with the contract's pattern within reason"


def test_a_keyword_that_has_no_words_here_is_named() -> None:
    error = SimpleNamespace(kind=SimpleNamespace(name="custom"), instance_path=[])
    violation = explain(cast("jsonschema_rs.ValidationError", error), {}, frozenset())
    assert violation == Violation("/data", "custom", 'does not satisfy the schema\'s "custom"')


@pytest.mark.parametrize(
    ("data", "pointer", "detail"),
    [
        ({"map": {"x": "ok", SECRET: 1}}, "/data/map", "in its member number 2: must be string"),
        (
            {"map": {"x": "ok"}, "maps": {SECRET: {"a": 1}}},
            "/data/maps",
            "in its member number 1 or deeper: must be string",
        ),
        ({"map": {"maps": 1}}, "/data/map/maps", "must be string"),
    ],
)
def test_a_pointer_stops_before_a_name_that_is_payload(
    write_contracts: WriteContracts, data: Any, pointer: str, detail: str
) -> None:
    strings = {"additionalProperties": {"type": "string"}}
    schema = {"properties": {"map": strings, "maps": {"additionalProperties": strings}}}
    (violation,) = violations(write_contracts, schema, data)
    assert violation.pointer == pointer
    assert violation.detail.startswith(detail)


def test_names_in_alternatives_are_not_told_either(write_contracts: WriteContracts) -> None:
    strings = {"additionalProperties": {"type": "string"}}
    (violation,) = violations(write_contracts, {"anyOf": [strings]}, {SECRET: 1})
    assert violation.detail.endswith("number 1 wants: it must be string, and is integer")


def test_alternatives_within_alternatives_end(write_contracts: WriteContracts) -> None:
    schema: Any = {"type": "string"}
    for _ in range(6):
        schema = {"anyOf": [schema]}
    (violation,) = violations(write_contracts, schema, 1)
    assert violation.detail.count("wants") == 3


def test_pointers_and_details_are_bounded(write_contracts: WriteContracts) -> None:
    recursive = {"properties": {"child": {"$ref": "#"}, "leaf": {"enum": ["x" * 50] * 30}}}
    deep: Any = {"leaf": SECRET}
    for _ in range(200):
        deep = {"child": deep}
    (violation,) = violations(write_contracts, recursive, deep)
    assert len(violation.pointer) <= MAX_POINTER
    assert violation.pointer.endswith("/child")
    assert len(violation.detail) <= MAX_DETAIL
    assert violation.detail.startswith("in its member number 1 or deeper: must be one of")


def test_a_deep_place_in_nested_arrays(write_contracts: WriteContracts) -> None:
    recursive = {"anyOf": [{"type": "array", "items": {"type": "array"}}]}
    (violation,) = violations(
        write_contracts, {"items": {"$ref": "#"}, "type": "array"}, _nest(400)
    )
    assert len(violation.pointer) <= MAX_POINTER
    assert violation.detail.startswith("somewhere inside: must be array")
    assert violations(write_contracts, recursive, [1])[0].pointer == "/data"


def _nest(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value
