"""Golden events: every example of the named contracts, as whole events."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.catalogue import load_catalogue, serving_catalogue
from contracts.judge import Accepted, Judge
from contracts.testing.errors import ContractBroken
from contracts.testing.golden import golden_events


def test_a_version_or_all_versions() -> None:
    catalogue = serving_catalogue(None)
    second = [str(each) for each in golden_events(catalogue, ["order.placed/2"])]
    both = [str(each) for each in golden_events(catalogue, ["order.placed"])]
    assert "order.placed/2:smallest" in second
    assert set(second) < set(both)
    assert "order.placed/1:smallest" in both
    judge = Judge(catalogue)
    for each in golden_events(catalogue, catalogue.types):
        verdict = judge.judge(each.event)
        assert isinstance(verdict, Accepted)
        assert f"{verdict.type}/{verdict.version}" == each.contract


def test_a_contract_without_examples_is_told(tmp_path: Path) -> None:
    schema = tmp_path / "schemas" / "a" / "1.json"
    schema.parent.mkdir(parents=True)
    schema.write_text(json.dumps({}))
    with pytest.raises(ContractBroken, match="a/1 has no golden example; add examples/a/1/valid"):
        golden_events(load_catalogue(tmp_path), ["a"])
