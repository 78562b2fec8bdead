"""The consumer's promise: my handler takes every golden example of the versions that I support."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contracts.catalogue import Catalogue, Contract
from contracts.examples import valid_examples, whole_event
from contracts.testing.errors import ContractBroken
from contracts.testing.named import contracts_named


@dataclass(frozen=True, slots=True)
class GoldenEvent:
    """An example as the CloudEvent that a subscriber gets; never to be changed by a handler."""

    contract: str
    """``order.placed/2``."""
    name: str
    """Of the example's file."""
    event: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.contract}:{self.name}"


def golden_events(catalogue: Catalogue, names: Iterable[str]) -> list[GoldenEvent]:
    """Every valid example of the named contracts (``order.placed/2``, or all of ``order.placed``).

    Raises:
        ContractBroken: there is no such contract, or one has no examples to hold a handler to.
    """
    contracts = [each for name in names for each in contracts_named(catalogue, name)]
    return [golden for contract in contracts for golden in _of(contract)]


def _of(contract: Contract) -> list[GoldenEvent]:
    found = [
        GoldenEvent(contract.name, name, whole_event(contract, example))
        for name, example in valid_examples(contract).items()
    ]
    if not found:
        raise ContractBroken(
            f"{contract.name} has no golden example; add examples/{contract.name}/valid/<name>.json"
        )
    return found
