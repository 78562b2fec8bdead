"""All versions of a type against each other, as the policy asks.

Each version is compared with every earlier one, not only with its predecessor: events of all of
them are retained and consumers of all of them run. Answers that a waiver accepts are not faults;
waivers that accept nothing any more are noted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from contracts.catalogue import Contract
from contracts.compatibility.decision import Breaks, Compatible, Decider, Undecided, Verdict
from contracts.compatibility.policy import POLICY, Direction, Policy, Waived, Waiver
from contracts.compatibility.version import Version
from contracts.errors import Fault
from contracts.violation import bounded

_MAX_SHOWN = 1500
"""Characters of an example in a message; the JSON report has all of it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One answer."""

    older: Contract
    newer: Contract
    direction: Direction
    verdict: Verdict
    schemas: str
    waiver: Waiver | None = None

    @property
    def writer(self) -> Contract:
        """Whose producers emit."""
        return self.older if self.direction is Direction.BACKWARD else self.newer

    @property
    def reader(self) -> Contract:
        """Whose consumers must understand."""
        return self.newer if self.direction is Direction.BACKWARD else self.older

    def fault(self) -> Fault | None:
        """What is wrong, if no waiver accepts it."""
        if self.waiver is not None:
            return None
        match self.verdict:
            case Compatible():
                return None
            case Breaks():
                return self._broken(self.verdict)
            case _:
                return self._unknown(self.verdict)

    def _named(self, contract: Contract) -> str:
        if self.older.name != self.newer.name:
            return contract.name
        return f"{contract.name} as it {'was' if contract is self.older else 'is now'}"

    def _details(self) -> dict[str, Any]:
        return {
            "type": self.newer.type,
            "versions": [self.older.version, self.newer.version],
            "direction": str(self.direction),
            "schemas": self.schemas,
        }

    def _broken(self, verdict: Breaks) -> Fault:
        reader, writer = self._named(self.reader), self._named(self.writer)
        shown = bounded(json.dumps(verdict.instance, ensure_ascii=False), _MAX_SHOWN)
        first = verdict.violations[0] if verdict.violations else None
        where = f"{first.pointer or 'the event'} {first.detail}" if first else "it refuses the data"
        what = (
            f"{self.direction} incompatible: consumers of {reader} refuse what producers of "
            f"{writer} may send: {where}. Example of such data: {shown}"
        )
        more = {
            "verdict": "breaks",
            "pointer": first.pointer if first else "",
            "example": verdict.instance,
            "violations": [violation.document() for violation in verdict.violations],
        }
        return Fault(self.newer.path, what, "compatibility", self._details() | more)

    def _unknown(self, verdict: Undecided) -> Fault:
        places = ", ".join(verdict.places[:5])
        at = f" (at {places})" if places else ""
        what = (
            f"{self.direction} compatibility is undecided: whether consumers of "
            f"{self._named(self.reader)} understand everything of {self._named(self.writer)}: "
            f"{verdict.reason}{at}. Write the schemas "
            f"alike there, or after a review put this into {POLICY}: {self.snippet()}"
        )
        more = {"verdict": "undecided", "reason": verdict.reason, "places": [*verdict.places]}
        return Fault(self.newer.path, what, "compatibility", self._details() | more)

    def snippet(self) -> str:
        """The waiver that would accept the answer, in one line of TOML."""
        versions = f"[{self.older.version}, {self.newer.version}]"
        return (
            f'waivers = [{{ type = "{self.newer.type}", versions = {versions}, '
            f'direction = "{self.direction}", schemas = "{self.schemas}", reason = "…" }}]'
        )


def compare_history(
    contracts: Sequence[Contract], policy: Policy, decider: Decider
) -> Iterator[Comparison]:
    """Every comparison that the policy asks for among the versions of one type, oldest first."""
    versions = [Version(contract) for contract in contracts]
    for older, newer in combinations(versions, 2):
        for direction in policy.compatibility(older.contract.type).directions():
            yield compare(older, newer, direction, decider, policy.waivers)


def compare(
    older: Version,
    newer: Version,
    direction: Direction,
    decider: Decider,
    waivers: Sequence[Waiver] = (),
) -> Comparison:
    """One comparison, with the waiver that accepts its answer."""
    backward = direction is Direction.BACKWARD
    verdict = decider.decide(older, newer) if backward else decider.decide(newer, older)
    schemas = f"{older.digest}-{newer.digest}"
    accepted = {Breaks: Waived.BREAK, Undecided: Waived.UNDECIDED}.get(type(verdict))
    numbers = (older.contract.version, newer.contract.version)
    waiver = next(
        (
            one
            for one in waivers
            if (one.type, one.versions, one.direction) == (newer.contract.type, numbers, direction)
            and (one.accepts, one.schemas) == (accepted, schemas)
        ),
        None,
    )
    return Comparison(older.contract, newer.contract, direction, verdict, schemas, waiver)


def unused(policy: Policy, comparisons: Sequence[Comparison]) -> Iterator[Fault]:
    """A note for each waiver that accepted nothing, and why."""
    used = {id(one.waiver) for one in comparisons if one.waiver is not None}
    for waiver in policy.waivers:
        if id(waiver) not in used:
            yield Fault(POLICY, f"{_why(waiver, comparisons)}: remove or renew it", "waiver")


def _why(waiver: Waiver, comparisons: Sequence[Comparison]) -> str:
    about = f"the waiver for {waiver.name}"
    for one in comparisons:
        place = (one.newer.type, (one.older.version, one.newer.version), one.direction)
        if place == (waiver.type, waiver.versions, waiver.direction):
            if one.schemas != waiver.schemas:
                return f"{about} is stale, a schema has changed since (now {one.schemas})"
            return f"{about} is unused, the answer is no longer {waiver.accepts}"
    return f"{about} is unused, nothing is compared there"
