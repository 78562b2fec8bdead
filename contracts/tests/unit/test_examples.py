from __future__ import annotations

from contracts.catalogue import load_catalogue, serving_catalogue
from contracts.examples import is_whole_event, valid_examples, whole_event
from contracts.judge import Accepted, Judge

from .conftest import WriteContracts


def test_each_shipped_example_as_an_event_is_accepted_by_its_own_version() -> None:
    catalogue = serving_catalogue(None)
    judge = Judge(catalogue)
    for contract in [one for versions in catalogue.types.values() for one in versions]:
        examples = valid_examples(contract)
        assert examples
        for example in examples.values():
            verdict = judge.judge(whole_event(contract, example))
            assert verdict == Accepted(contract.type, contract.version)


def test_a_whole_event_stays_as_it_is(write_contracts: WriteContracts) -> None:
    event = {"specversion": "1.0", "id": "mine", "source": "/s", "type": "t", "data": 1}
    files = {"schemas/t/1.json": True, "examples/t/1/valid/b.json": event}
    (contract,) = load_catalogue(write_contracts(files)).types["t"]
    (example,) = valid_examples(contract).values()
    assert is_whole_event(example)
    assert whole_event(contract, example) == event


def test_a_directory_without_examples_has_none(write_contracts: WriteContracts) -> None:
    (contract,) = load_catalogue(write_contracts({"schemas/t/1.json": True})).types["t"]
    assert valid_examples(contract) == {}
