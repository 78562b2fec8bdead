"""Whether changed contracts may take the place of those in force, by their directory's policy.

What producers send and consumers take at present goes by the set in force, so a change is held
against that: a version that goes, one that means something else than it did, and a new one that
does not fit those before it are faults, as they are for ``contracts diff`` and ``contracts check``,
with the same waivers. Invariant: bounded in time; what could not be compared in it is a fault, not
an assumption. Reads `policy.toml`, changes nothing, knows no shelf. Runs beside the event loop.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from contracts.catalogue import Catalogue
from contracts.compatibility.decision import TIME_LIMIT_S, Decider
from contracts.compatibility.policy import POLICY, Compatibility, Policy, read_policy
from contracts.compatibility.sets import Change, Kind, compare_sets
from contracts.errors import Fault, InvalidCatalogueError


class Strictness(StrEnum):
    """Which directories are held to their policy."""

    DECLARED = "declared"
    """Those that have one."""
    ALWAYS = "always"
    """All; without a file it is the strictest."""
    OFF = "off"


class ContractReview:
    """Reviews changes of one directory."""

    def __init__(self, directory: Path, strictness: Strictness, limit_s: float) -> None:
        """`limit_s` bounds one review, give or take a comparison."""
        self._directory = directory
        self._strictness = strictness
        self._limit_s = limit_s

    def __call__(self, in_force: Catalogue, new: Catalogue) -> None:
        """Let the change pass.

        Raises:
            InvalidCatalogueError: it breaks the policy; every break is named.
        """
        declared = (self._directory / POLICY).is_file()
        if self._strictness is Strictness.OFF:
            return
        if self._strictness is Strictness.DECLARED and not declared:
            return
        policy, faults = read_policy(self._directory, new.types)
        with closing(Decider(min(TIME_LIMIT_S, self._limit_s))) as decider:
            changes = compare_sets(
                _held_to(policy, in_force), _held_to(policy, new), policy, decider
            )
            faults.extend(_faults(changes, time.monotonic() + self._limit_s))
        if faults:
            raise InvalidCatalogueError(*faults)


def _held_to(policy: Policy, catalogue: Catalogue) -> Catalogue:
    """The types that the policy leaves not free."""
    held = {
        type_: versions
        for type_, versions in catalogue.types.items()
        if policy.compatibility(type_) is not Compatibility.NONE
    }
    return Catalogue(MappingProxyType(held))


def _faults(changes: Iterator[Change], deadline_s: float) -> Iterator[Fault]:
    """What speaks against them, as far as they could be compared in time."""
    try:
        while time.monotonic() <= deadline_s:
            change = next(changes, None)
            if change is None:
                return
            for fault in change.faults():
                what = f"{_HINTS.get(change.kind, '')}{fault.what}"
                yield Fault(fault.path, what, fault.rule, fault.details)
    except InvalidCatalogueError as error:
        yield from error.faults
        return
    yield Fault(POLICY, _OUT_OF_TIME, "compatibility")


_HINTS = {
    Kind.REMOVED: f'put it back, or set the type\'s compatibility to "none" in {POLICY}: ',
    Kind.CHANGED: "it was changed in place, make a new version of it instead: ",
}
_OUT_OF_TIME = (
    "not everything was compared, the time for this review was over; run contracts check, and "
    "raise LISTENER_CONTRACTS_POLICY_LIMIT_S or set LISTENER_CONTRACTS_POLICY=off"
)
