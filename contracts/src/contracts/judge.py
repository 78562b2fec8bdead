"""The judge: is this event what its contract says?

A `Judge` compiles every contract of a catalogue once, up front, so that an event costs a few
microseconds and a broken schema is found at the start. It answers with a value: `Accepted`, or
`Rejected` with the problem and every violation. It fills no attributes in and knows no transport.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from heapq import nlargest
from typing import Any

from contracts.catalogue import Catalogue
from contracts.compiled import MAX_VALUES, MAX_VIOLATIONS, CompiledContract, compile_contracts
from contracts.envelope import RESERVED_TYPE_PREFIX, judge_envelope
from contracts.problem import Problem, ProblemType
from contracts.violation import Violation

_MAX_NAMED = 8
"""Types or versions that a refusal lists."""
_MAX_COMPARED = 100
"""Characters of a wrong type that are compared with the known ones."""
_NEAR = 0.25
"""Part of the trigrams that two names share when one may be meant for the other."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The event satisfies this contract."""

    type: str
    version: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """The event was refused; `problem` is complete, with the violations among its members."""

    problem: Problem
    violations: tuple[Violation, ...] = ()


@dataclass(frozen=True, slots=True)
class _Ready:
    """What the hot path needs of a contract, within one attribute's reach."""

    is_valid: Callable[[Any], bool]
    accepted: Accepted
    compiled: CompiledContract


class Judge:
    """Judges parsed events by a catalogue.

    At most `max_violations` are told of one event, and only the first if its data has more than
    `max_values` JSON values: looking for all of them costs microseconds for each.
    """

    __slots__ = ("_max_violations", "_nearest", "_newest", "_ready", "_trigrams", "catalogue")

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        max_violations: int = MAX_VIOLATIONS,
        max_values: int = MAX_VALUES,
    ) -> None:
        """Compile the catalogue.

        Raises:
            InvalidCatalogueError: schemas do not compile; it names their files.
        """
        self.catalogue = catalogue
        self._max_violations = max_violations
        compiled = compile_contracts(
            catalogue, max_violations=max_violations, max_values=max_values
        )
        self._ready = {
            key: _Ready(found.validator.is_valid, Accepted(*key), found)
            for key, found in compiled.items()
        }
        self._newest = {
            name: self._ready[name, versions[-1].version]
            for name, versions in catalogue.types.items()
        }
        self._trigrams = [(name, _trigrams(name)) for name in catalogue.types]
        # the same wrong type comes again and again from one producer; the search is not cheap
        self._nearest = lru_cache(maxsize=256)(self._known_types)

    def judge(self, event: Mapping[str, Any]) -> Accepted | Rejected:
        """Whether `event`, a parsed CloudEvent, satisfies the envelope's rules and its contract.

        An absent `data` is judged as ``null``.
        """
        try:
            if not judge_envelope(event):
                if event.get("dataschema") is None:
                    ready = self._newest.get(event["type"])
                else:
                    ready = self._find(event)
                if (
                    ready is not None
                    and "data_base64" not in event
                    and ready.is_valid(event.get("data"))
                ):
                    return ready.accepted
            return self._reject(event)
        except ValueError:  # the validator's bound of levels
            return Rejected(TOO_DEEP)

    def _find(self, event: Mapping[str, Any]) -> _Ready | None:
        type_, dataschema = event.get("type"), event.get("dataschema")
        if not isinstance(type_, str) or not isinstance(dataschema, str | None):
            return None
        contract = self.catalogue.find(type_, dataschema)
        return None if contract is None else self._ready[contract.type, contract.version]

    def _reject(self, event: Mapping[str, Any]) -> Accepted | Rejected:
        attributes = judge_envelope(event)
        ready = self._find(event)
        found = attributes + (() if ready is None else ready.compiled.violations(event))
        if attributes:
            rules = "the rules for CloudEvents"
            return self._violated(ProblemType.INVALID_EVENT, rules, found)
        if ready is None:
            return Rejected(self._unknown(event))
        if not found:  # `data_base64: null` beside valid data: unset, so there is nothing to refuse
            return ready.accepted
        rules = f"the contract {ready.compiled.contract.name}"
        return self._violated(ProblemType.CONTRACT_VIOLATION, rules, found)

    def _violated(self, type_: ProblemType, rules: str, found: tuple[Violation, ...]) -> Rejected:
        told = found[: self._max_violations]
        count = str(len(told)) if len(told) == len(found) else f"more than {len(told)}"
        places = "place" if count == "1" else "places"
        detail = (
            f"The event violates {rules} in {count} {places}. "
            "Correct what errors lists and send it again."
        )
        errors = [violation.document() for violation in told]
        return Rejected(Problem(type_, detail, {"errors": errors}), told)

    def _unknown(self, event: Mapping[str, Any]) -> Problem:
        type_ = event["type"]
        if type_.startswith(RESERVED_TYPE_PREFIX):
            return Problem(
                ProblemType.RESERVED_TYPE,
                f"Types that begin with {RESERVED_TYPE_PREFIX} are reserved; use another.",
            )
        versions = self.catalogue.types.get(type_)
        if versions is None:
            known = list(self._nearest(type_[:_MAX_COMPARED]))
            count = len(self.catalogue.types)
            return Problem(
                ProblemType.UNKNOWN_TYPE,
                f"None of the {count} contracts here has the event's type. Known or nearest: "
                f"{', '.join(known)}. Correct the type, or add a contract for it.",
                {"known": known},
            )
        newest = [contract.name for contract in reversed(versions)][:_MAX_NAMED]
        return Problem(
            ProblemType.UNKNOWN_VERSION,
            f"The event's dataschema names no version of {type_} that is known here. It ends in "
            f"one of: {', '.join(newest)}. Without dataschema the newest applies.",
            {"known": newest},
        )

    def _known_types(self, type_: str) -> tuple[str, ...]:
        names = list(self.catalogue.types)
        if len(names) <= _MAX_NAMED:
            return tuple(names)
        wanted = _trigrams(type_)
        scored = [(len(wanted & own) / len(wanted | own), name) for name, own in self._trigrams]
        near = [name for score, name in nlargest(_MAX_NAMED, scored) if score >= _NEAR]
        return tuple(near or names[:_MAX_NAMED])


TOO_DEEP = Problem(
    ProblemType.INVALID_EVENT, "the event is nested too deeply; 200 levels are taken for certain"
)


def _trigrams(name: str) -> frozenset[str]:
    """A cheap likeness: names with one slip share most of their runs of three characters."""
    padded = f"  {name} "
    return frozenset([padded[at : at + 3] for at in range(len(padded) - 2)])
