"""Whether changed contracts may take the place of those in force, by their directory's policy.

What producers send and consumers take at present goes by the set in force, so a change is held
against that: a version that goes, one that means something else than it did, and a new one that
does not fit those before it are faults, as they are for ``contracts diff`` and ``contracts check``,
with the same waivers. Invariant: bounded in time; what could not be compared in it is a fault, not
an assumption. Reads `policy.toml`, changes nothing, knows no shelf. Runs beside the event loop.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from enum import StrEnum
from itertools import combinations
from pathlib import Path

from contracts.catalogue import Catalogue, Contract
from contracts.compatibility.decision import TIME_LIMIT_S, Decider
from contracts.compatibility.history import compare
from contracts.compatibility.policy import (
    POLICY,
    Compatibility,
    Direction,
    Policy,
    Waiver,
    read_policy,
)
from contracts.compatibility.version import Version
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
            comparing = _Comparing(policy, decider, time.monotonic() + self._limit_s)
            for type_ in sorted(in_force.types.keys() | new.types.keys()):
                before, after = in_force.types.get(type_, ()), new.types.get(type_, ())
                if policy.compatibility(type_) is not Compatibility.NONE:
                    faults.extend(comparing.faults_of(before, after))
        if faults:
            raise InvalidCatalogueError(*faults)


class _Comparing:
    """The comparisons of one review."""

    def __init__(self, policy: Policy, decider: Decider, deadline: float) -> None:
        self._policy = policy
        self._decider = decider
        self._deadline = deadline

    def faults_of(self, before: Sequence[Contract], after: Sequence[Contract]) -> Iterator[Fault]:
        """What is wrong with the change of one type's versions."""
        old = {one.version: one for one in before}
        new = {one.version: one for one in after}
        for number in sorted(old.keys() - new.keys()):
            yield Fault(old[number].path, _GONE, "compatibility")
        for number in sorted(old.keys() & new.keys()):
            # its events are stored and its consumers run: no waiver is about that
            yield from self._compared(old[number], new[number], tuple(Direction), (), _IN_PLACE)
        added = new.keys() - old.keys()
        for one, other in combinations(after, 2):  # oldest first
            if one.version in added or other.version in added:
                directions = self._policy.compatibility(other.type).directions()
                yield from self._compared(one, other, directions, self._policy.waivers)

    def _compared(
        self,
        older: Contract,
        newer: Contract,
        directions: Sequence[Direction],
        waivers: Sequence[Waiver],
        hint: str = "",
    ) -> Iterator[Fault]:
        try:
            pair = Version(older), Version(newer)
            if pair[0].digest == pair[1].digest and pair[0].normal.draft == pair[1].normal.draft:
                return
            for direction in directions:
                if time.monotonic() > self._deadline:
                    yield Fault(newer.path, f"{older.name}: {_OUT_OF_TIME}", "compatibility")
                    return
                fault = compare(*pair, direction, self._decider, waivers).fault()
                if fault is not None:
                    yield Fault(fault.path, hint + fault.what, "compatibility")
        except InvalidCatalogueError as error:
            yield from error.faults


_GONE = (
    "it is gone, and events that name it would be refused; put it back, or set the type's "
    f'compatibility to "none" in {POLICY}'
)
_IN_PLACE = "it was changed in place, make a new version of it instead: "
_OUT_OF_TIME = (
    "they were not compared, the time for this review was over; run contracts check, and raise "
    "LISTENER_CONTRACTS_POLICY_LIMIT_S or set LISTENER_CONTRACTS_POLICY=off"
)
