"""Message pacts, by Pact's own core: written by a consumer, kept or broken by a provider."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pact import match

from contracts.catalogue import serving_catalogue
from contracts.testing.errors import ContractBroken
from contracts.testing.pact_verification import golden_deliveries, verify_pact
from contracts.testing.pacts import PactFile

CATALOGUE = serving_catalogue(None)
READS = {
    "type": "order.placed",
    "data": {"id": match.like("A-1"), "lines": match.each_like({"sku": match.like("TEA-1")})},
}


def pick(event: dict[str, Any]) -> list[str]:
    return [line["sku"] for line in event["data"]["lines"]]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    pact = PactFile("picker", tmp_path, CATALOGUE)
    pact.reads("an order (to pick)", "order.placed/2", READS, pick)
    pact.reads("an old order", "order.placed/1", {"data": {"id": match.like("A-1")}}, lambda _: 0)
    return pact.path


def test_the_file_holds_what_is_read_and_by_which_contract(written: Path) -> None:
    document = json.loads(written.read_text())
    assert written.name == "picker-broadcaster.json"
    told = {each["description"]: each for each in document["interactions"]}
    assert set(told) == {"an order (to pick)", "an old order"}
    pick_one = told["an order (to pick)"]
    assert pick_one["providerStates"] == [{"name": "order.placed/2"}]
    assert pick_one["contents"]["content"]["data"] == {"id": "A-1", "lines": [{"sku": "TEA-1"}]}


def test_a_handler_that_reads_more_than_it_says_fails(tmp_path: Path) -> None:
    pact = PactFile("picker", tmp_path, CATALOGUE)
    with pytest.raises(KeyError, match="customer"):
        pact.reads("an order", "order.placed/2", READS, lambda event: event["data"]["customer"])
    assert not pact.path.exists()


def test_a_run_begins_the_file_anew_and_an_expectation_is_told_once(written: Path) -> None:
    pact = PactFile("picker", written.parent, CATALOGUE)
    pact.reads("an order", "order.placed/2", READS, pick)
    [only] = json.loads(written.read_text())["interactions"]
    assert only["description"] == "an order"
    with pytest.raises(ContractBroken, match="told already"):
        pact.reads("an order", "order.placed/2", READS, pick)


def test_golden_examples_keep_it(written: Path) -> None:
    verified = verify_pact(written, golden_deliveries(CATALOGUE))
    assert verified.expectations == 2
    assert verified.events >= 4


def test_an_event_that_lacks_what_is_read_breaks_it_and_the_place_is_told(written: Path) -> None:
    golden = golden_deliveries(CATALOGUE)

    def deliver(contract: str) -> dict[str, Any]:
        events = {name: json.loads(json.dumps(each)) for name, each in golden(contract).items()}
        if contract == "order.placed/2":
            del events["smallest"]["data"]["lines"][0]["sku"]
            events["two-lines"]["data"]["id"] = 7
        return events

    with pytest.raises(ContractBroken) as caught:
        verify_pact(written, deliver)
    told = str(caught.value)
    assert "'an order (to pick)', order.placed/2:smallest: $.data.lines[0] " in told
    assert "order.placed/2:two-lines: $.data.id " in told
    assert "as-version-1" not in told


def test_no_event_to_judge_by_is_no_success(written: Path) -> None:
    with pytest.raises(ContractBroken, match=r"there is no event of order\.placed/"):
        verify_pact(written, lambda _: {})


def test_a_file_that_expects_nothing_is_refused(written: Path) -> None:
    document = json.loads(written.read_text())
    written.write_text(json.dumps({**document, "interactions": []}))
    with pytest.raises(ContractBroken, match="each expectation is an asynchronous message"):
        verify_pact(written, golden_deliveries(CATALOGUE))
