"""What consumers ignore and what producers emit, place by place."""

from __future__ import annotations

from typing import Any

import pytest

from .schemas import version_of

A, B = {"a": {"type": "integer"}}, {"b": {"type": "string"}}
SHUT = {"additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "value", "understood"),
    [
        ({"properties": A, **SHUT}, {"x": 1}, True),
        ({"properties": A, **SHUT}, {"a": "", "x": 1}, False),
        ({"allOf": [{"properties": A}], "unevaluatedProperties": False}, {"x": 1}, True),
        # a branch stays closed against its siblings' members: b is known at this place
        (
            {"anyOf": [{"properties": A, **SHUT}, {"properties": B, **SHUT}]},
            {"a": "", "x": 1},
            False,
        ),
        ({"anyOf": [{"properties": A, **SHUT}, {"properties": B, **SHUT}]}, {"a": 1, "x": 1}, True),
        (
            {"anyOf": [{"properties": A, **SHUT}, {"properties": B, **SHUT}]},
            {"a": 1, "b": ""},
            False,
        ),
        ({"properties": {"m": {"properties": A, **SHUT}}}, {"m": {"x": 1}}, True),
        ({"items": {"properties": A, **SHUT}}, [{"x": 1}], True),
        # an object that names no member does not say "nothing but what I know"
        ({"properties": A, "additionalProperties": {"type": "null"}}, {"x": 1}, False),
        ({"properties": A, "patternProperties": {"^x": {"type": "null"}}, **SHUT}, {"y": 1}, True),
        ({"properties": A, "patternProperties": {"^x": {"type": "null"}}, **SHUT}, {"x": 1}, False),
    ],
)
def test_consumers_ignore_members_that_they_do_not_know(
    schema: Any, value: Any, understood: bool
) -> None:
    assert version_of(schema).understands(value) is understood


@pytest.mark.parametrize(
    ("schema", "value", "emitted"),
    [
        ({"properties": A}, {"a": 1}, True),
        ({"properties": A}, {"x": 1}, False),
        ({"type": "object"}, {"x": 1}, True),
        ({"properties": A, "additionalProperties": True}, {"x": 1}, True),
        ({"properties": A, "patternProperties": {"^x-": True}}, {"x-y": 1}, True),
        # declared in one part is declared
        ({"allOf": [{"properties": A}, {"properties": B}]}, {"a": 1, "b": ""}, True),
        (
            {
                "allOf": [
                    {"properties": {"m": {"properties": A}}},
                    {"properties": {"m": {"properties": B}}},
                ]
            },
            {"m": {"a": 1, "b": ""}},
            True,
        ),
        ({"oneOf": [{"properties": A, "required": ["a"]}, {"type": "object"}]}, {"x": 1}, True),
        ({"properties": A, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"b": 1}, True),
        (
            {"properties": A, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
            {"b": 1, "x": 1},
            False,
        ),
        ({"properties": {"m": {"type": "object"}}}, {"m": {"x": 1}}, True),
        ({"items": {"properties": A}}, [{"x": 1}], False),
        ({"items": {"properties": A}, "contains": {"properties": B}}, [{"b": ""}], True),
        (
            {"prefixItems": [{"properties": A}], "items": {"properties": B}},
            [{"a": 1}, {"b": ""}],
            True,
        ),
        (
            {"prefixItems": [{"properties": A}], "items": {"properties": B}},
            [{"a": 1}, {"a": 1}],
            False,
        ),
    ],
)
def test_producers_emit_only_what_is_declared(schema: Any, value: Any, emitted: bool) -> None:
    assert version_of(schema).emits(value) is emitted


KIND_A = {"properties": {"k": {"const": "a"}, "x": {"type": "integer"}}, "required": ["k"]}
KIND_B = {"properties": {"k": {"const": "b"}, "y": {"type": "integer"}}, "required": ["k"]}
UNION = {"type": "object", "oneOf": [{**KIND_A, **SHUT}, {**KIND_B, **SHUT}]}


def test_in_a_tagged_union_another_branch_declares_nothing() -> None:
    version = version_of(UNION)
    assert version.emits({"k": "a", "x": 1})
    assert version.understands({"k": "a", "y": ""})
    assert not version.understands({"k": "a", "x": ""})
    opened_only = version_of({"type": "object", "oneOf": [KIND_A, KIND_B]})
    assert not opened_only.emits({"k": "a", "y": 1})


@pytest.mark.parametrize("never", [{"if": False, "else": {"not": True}}, {"anyOf": [False, True]}])
def test_an_alternative_that_nothing_satisfies_does_no_harm(never: Any) -> None:
    assert version_of({**never, "properties": A}).declares_all_of({"a": 1})


@pytest.mark.parametrize("more", [{}, {"patternProperties": {"^x": True}}])
def test_what_counts_as_declared_is_not_ignored(more: Any) -> None:
    keyword = "additionalProperties" if more else "unevaluatedProperties"
    version = version_of({keyword: {"type": "object", **SHUT}, **more})
    value = {"a": {"b": 1}}
    assert not version.declares_all_of(value) or not version.opened_judge.is_valid(value)


def test_a_recursive_schema_is_closed_and_opened_at_every_depth() -> None:
    version = version_of({"properties": {"v": True, "next": {"$ref": "#"}}, **SHUT})
    assert version.emits({"next": {"next": {"v": 1}}})
    assert version.understands({"next": {"next": {"x": 1}}})
    assert not version.declares_all_of({"next": {"next": {"x": 1}}})
