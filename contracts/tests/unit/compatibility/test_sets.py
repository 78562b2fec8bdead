"""What changed between two sets of contracts, and what speaks against taking it."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from contracts.catalogue import Catalogue, Contract
from contracts.compatibility.decision import Decider
from contracts.compatibility.policy import Compatibility, Policy
from contracts.compatibility.sets import Kind, compare_sets
from contracts.documents import Documents

from .containment_here import ContainmentHere
from .edit import NUMBER, TEXT, WHOLE, object_of

A = object_of({"a": WHOLE})
WIDER = object_of({"a": NUMBER})
TITLED = {**A, "title": "A"}


def catalogue(**types: list[Any]) -> Catalogue:
    by_path = {
        f"schemas/{type_}/{number}.json": schema
        for type_, schemas in types.items()
        for number, schema in enumerate(schemas, start=1)
        if schema is not None
    }
    documents = Documents(Path("/nowhere"), MappingProxyType(by_path), MappingProxyType({}))
    return Catalogue(
        MappingProxyType(
            {
                type_: tuple(
                    Contract(type_, number, f"schemas/{type_}/{number}.json", documents)
                    for number, schema in enumerate(schemas, start=1)
                    if schema is not None
                )
                for type_, schemas in types.items()
            }
        )
    )


def told(before: Catalogue, after: Catalogue, policy: Policy) -> list[tuple[Kind, str, int]]:
    decider = Decider(containment=ContainmentHere())
    return [
        (change.kind, change.contract.name, len(change.faults()))
        for change in compare_sets(before, after, policy, decider)
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"t": [A]}, {"t": [A]}, []),
        ({"t": [A]}, {"t": [TITLED]}, [(Kind.REWORDED, "t/1", 0)]),
        ({"t": [A]}, {}, [(Kind.REMOVED, "t/1", 1)]),
        ({}, {"t": [A]}, [(Kind.ADDED, "t/1", 0)]),
        # what changed in place must fit both ways, whatever the policy
        ({"t": [A]}, {"t": [WIDER]}, [(Kind.CHANGED, "t/1", 1)]),
        ({"t": [A]}, {"t": [A, WIDER]}, [(Kind.ADDED, "t/2", 0)]),
        # a gap that is filled is held against the version above it too
        (
            {"t": [A, None, A]},
            {"t": [A, WIDER, A]},
            [(Kind.ADDED, "t/2", 1), (Kind.ADDED, "t/2", 0)],
        ),
        # against every earlier version, the nearest first
        (
            {"t": [object_of({"a": TEXT}), A]},
            {"t": [object_of({"a": TEXT}), A, WIDER]},
            [(Kind.ADDED, "t/3", 0), (Kind.ADDED, "t/3", 1)],
        ),
    ],
)
def test_changes_and_what_speaks_against_them(
    before: dict[str, list[Any]],
    after: dict[str, list[Any]],
    expected: list[tuple[Kind, str, int]],
) -> None:
    policy = Policy(Compatibility.BACKWARD)
    assert told(catalogue(**before), catalogue(**after), policy) == expected
