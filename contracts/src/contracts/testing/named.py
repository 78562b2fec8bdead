"""Contracts by the names that tests use: ``order.placed/2``, or ``order.placed`` for them all."""

from __future__ import annotations

from contracts.catalogue import Catalogue, Contract
from contracts.testing.errors import ContractBroken


def contracts_named(catalogue: Catalogue, name: str) -> tuple[Contract, ...]:
    """The contract of a version, or of all versions, oldest first.

    Raises:
        ContractBroken: there is none; it says which there are.
    """
    type_, slash, version = name.partition("/")
    versions = catalogue.types.get(type_)
    if versions is None:
        known = ", ".join(catalogue.types)
        raise ContractBroken(f"no contract has the type {type_!r}; known are {known}")
    if not slash:
        return versions
    found = tuple(each for each in versions if str(each.version) == version)
    if not found:
        known = ", ".join(each.name for each in versions)
        raise ContractBroken(f"there is no contract {name}; of this type there are {known}")
    return found


def contract_named(catalogue: Catalogue, name: str) -> Contract:
    """The contract of one version; without a version, the newest.

    Raises:
        ContractBroken: there is none; it says which there are.
    """
    return contracts_named(catalogue, name)[-1]
