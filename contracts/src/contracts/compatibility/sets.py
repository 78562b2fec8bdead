"""Two states of a set of contracts: what changed between them, and whom it breaks.

`compare_sets` is the answer for a command, and for a service that takes up changed contracts while
it runs: every `Change` has its comparisons, and `faults` what speaks against taking it. Contracts
are assumed to compile. It may take as long as the decider may for each pair: not for an event loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from contracts.catalogue import Catalogue, Contract
from contracts.compatibility.decision import Decider
from contracts.compatibility.history import Comparison, compare
from contracts.compatibility.policy import Direction, Policy
from contracts.compatibility.version import Version
from contracts.errors import Fault


class Kind(StrEnum):
    """What became of a version."""

    REMOVED = "removed"
    REWORDED = "reworded"
    """It accepts what it did: a title, say, is another."""
    CHANGED = "changed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of `contract`, compared with `against`: another version, or itself before."""

    kind: Kind
    contract: Contract
    against: Contract | None = None
    comparisons: tuple[Comparison, ...] = ()
    """Of both directions."""
    asked: tuple[Direction, ...] = ()
    """The directions that must hold."""

    def faults(self) -> tuple[Fault, ...]:
        """What speaks against it."""
        if self.kind is Kind.REMOVED:
            what = "removed: events that name it are refused, replays cannot judge it"
            return (Fault(self.contract.path, what, "compatibility"),)
        found = [one.fault() for one in self.comparisons if one.direction in self.asked]
        return tuple(fault for fault in found if fault is not None)


def compare_sets(
    before: Catalogue, after: Catalogue, policy: Policy, decider: Decider
) -> Iterator[Change]:
    """Every version that was removed, changed in place or added; `policy` is the new state's.

    What changed in place must fit both ways, whatever the policy: its events are stored already and
    its consumers run. An added version is compared with every earlier one, and with later ones
    that were there.

    Raises:
        InvalidCatalogueError: a schema does not compile.
    """
    for type_ in sorted({*before.types, *after.types}):
        old = {one.version: one for one in before.types.get(type_, ())}
        new = {one.version: one for one in after.types.get(type_, ())}
        for number in sorted(old.keys() - new.keys()):
            yield Change(Kind.REMOVED, old[number])
        for number in sorted(old.keys() & new.keys()):
            yield from _in_place(old[number], new[number], decider)
        for number in sorted(new.keys() - old.keys()):
            others = [one for one in new.values() if one.version < number or one.version in old]
            yield from _added(new[number], others, policy, decider)


def _in_place(before: Contract, after: Contract, decider: Decider) -> Iterator[Change]:
    old, new = Version(before), Version(after)
    if old.digest == new.digest and old.normal.draft == new.normal.draft:
        if before.schema != after.schema:
            yield Change(Kind.REWORDED, after, before)
        return
    both = tuple(compare(old, new, direction, decider) for direction in Direction)
    yield Change(Kind.CHANGED, after, before, both, tuple(Direction))


def _added(
    contract: Contract, others: list[Contract], policy: Policy, decider: Decider
) -> Iterator[Change]:
    if not others:
        yield Change(Kind.ADDED, contract)
    asked = policy.compatibility(contract.type).directions()
    for one in sorted(others, key=lambda each: each.version, reverse=True):
        older, newer = sorted((contract, one), key=lambda each: each.version)
        pair = Version(older), Version(newer)
        both = tuple(compare(*pair, direction, decider, policy.waivers) for direction in Direction)
        yield Change(Kind.ADDED, contract, one, both, asked)
