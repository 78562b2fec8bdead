"""The judge: is this event what its contract says?

A `Judge` compiles every contract of a catalogue once, up front, so that an event costs a few
microseconds and a broken schema is found at the start. It answers with a value: `Accepted`, or
`Rejected` with the problem and every violation. It fills no attributes in and knows no transport.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs

from contracts.catalogue import Catalogue, Contract
from contracts.envelope import RESERVED_TYPE_PREFIX, judge_envelope
from contracts.errors import InvalidCatalogueError
from contracts.explanation import explain, words_of
from contracts.problem import Problem, ProblemType
from contracts.violation import Violation

_ABSENT = object()
_MAX_NAMED = 8
"""Types or versions that a refusal lists."""
_MAX_FAULTS = 5
"""Broken schemas that one error names."""


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
class _Compiled:
    contract: Contract
    is_valid: Callable[[Any], bool]
    validator: jsonschema_rs.Validator
    words: frozenset[str]
    accepted: Accepted


class Judge:
    """Judges parsed events by a catalogue.

    At most `max_violations` are told of one event. An event of more than `max_values` JSON values
    is told only the first one, because looking for all of them costs microseconds for each.
    """

    __slots__ = ("_compiled", "_max_values", "_max_violations", "_nearest", "_newest", "catalogue")

    def __init__(
        self, catalogue: Catalogue, *, max_violations: int = 50, max_values: int = 10_000
    ) -> None:
        """Compile the catalogue.

        Raises:
            InvalidCatalogueError: schemas do not compile; the message names the files.
        """
        self.catalogue = catalogue
        self._max_violations = max_violations
        self._max_values = max_values
        self._compiled = _compile(catalogue)
        self._newest = {
            name: self._compiled[name, versions[-1].version]
            for name, versions in catalogue.types.items()
        }
        # the same wrong type comes again and again from one producer; the search is not cheap
        self._nearest = lru_cache(maxsize=256)(self._known_types)

    def judge(self, event: Mapping[str, Any]) -> Accepted | Rejected:
        """Whether `event`, a parsed CloudEvent, satisfies the envelope's rules and its contract.

        An absent `data` is judged as ``null``.
        """
        if not judge_envelope(event):
            if event.get("dataschema") is None:
                compiled = self._newest.get(event["type"])
            else:
                compiled = self._find(event)
            if (
                compiled is not None
                and "data_base64" not in event
                and compiled.is_valid(event.get("data"))
            ):
                return compiled.accepted
        return self._reject(event)

    def _find(self, event: Mapping[str, Any]) -> _Compiled | None:
        type_, dataschema = event.get("type"), event.get("dataschema")
        if not isinstance(type_, str) or not isinstance(dataschema, str | None):
            return None
        contract = self.catalogue.find(type_, dataschema)
        return None if contract is None else self._compiled[contract.type, contract.version]

    def _reject(self, event: Mapping[str, Any]) -> Accepted | Rejected:
        attributes = judge_envelope(event)
        compiled = self._find(event)
        found = attributes + (() if compiled is None else self._data_violations(event, compiled))
        if attributes:
            return self._violated(ProblemType.INVALID_EVENT, "its attributes", found)
        if compiled is None:
            return Rejected(self._unknown(event))
        if not found:  # `data_base64: null` beside valid data: unset, so there is nothing to refuse
            return compiled.accepted
        return self._violated(ProblemType.CONTRACT_VIOLATION, compiled.contract.name, found)

    def _violated(self, type_: ProblemType, rules: str, found: tuple[Violation, ...]) -> Rejected:
        told = found[: self._max_violations]
        more = len(found) > len(told)
        count = f"more than {len(told)} places" if more else _places(len(found))
        what = "the rules for" if type_ is ProblemType.INVALID_EVENT else "the contract"
        detail = (
            f"The event violates {what} {rules} in {count} and was not stored. Correct what "
            "errors lists and send it again."
        )
        errors = [violation.document() for violation in told]
        return Rejected(Problem(type_, detail, {"errors": errors}), told)

    def _data_violations(
        self, event: Mapping[str, Any], compiled: _Compiled
    ) -> tuple[Violation, ...]:
        if event.get("data_base64") is not None:
            return (
                Violation(
                    "/data_base64", "not", "contracts judge JSON: send the value itself as data"
                ),
            )
        data = event.get("data")
        if compiled.is_valid(data):
            return ()
        if "data" not in event:
            return (Violation("", "required", 'the member "data" is required by the contract'),)
        errors = (
            islice(compiled.validator.iter_errors(data), self._max_violations + 1)
            if _has_at_most(self._max_values, data)
            else _first_error(compiled.validator, data)
        )
        return tuple([explain(error, data, compiled.words) for error in errors])

    def _unknown(self, event: Mapping[str, Any]) -> Problem:
        type_ = event["type"]
        if type_.startswith(RESERVED_TYPE_PREFIX):
            return Problem(
                ProblemType.RESERVED_TYPE,
                f"Types that begin with {RESERVED_TYPE_PREFIX} are reserved; use another.",
            )
        versions = self.catalogue.types.get(type_)
        if versions is None:
            known = list(self._nearest(type_[:100]))
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
        near = get_close_matches(type_, names[:1000], n=_MAX_NAMED, cutoff=0.5)
        return tuple(near or names[:_MAX_NAMED])


def _compile(catalogue: Catalogue) -> dict[tuple[str, int], _Compiled]:
    compiled: dict[tuple[str, int], _Compiled] = {}
    words: dict[int, frozenset[str]] = {}
    faults: list[str] = []
    for contract in [contract for versions in catalogue.types.values() for contract in versions]:
        documents = contract.documents
        if id(documents) not in words:
            words[id(documents)] = words_of(documents)
        try:
            validator = documents.compile(contract.path)
        except InvalidCatalogueError as error:
            faults.append(str(error))
            continue
        accepted = Accepted(contract.type, contract.version)
        compiled[contract.type, contract.version] = _Compiled(
            contract, validator.is_valid, validator, words[id(documents)], accepted
        )
    if faults:
        rest = f"; and {len(faults) - _MAX_FAULTS} more" if len(faults) > _MAX_FAULTS else ""
        raise InvalidCatalogueError("; ".join(faults[:_MAX_FAULTS]) + rest)
    return compiled


def _has_at_most(limit: int, data: object) -> bool:
    """Whether `data` has no more than `limit` JSON values; looks at no more than that."""
    pending = [data]
    count = 0
    while pending:
        node = pending.pop()
        count += 1
        if isinstance(node, dict):
            if count + len(pending) + len(node) > limit:
                return False
            pending.extend(node.values())
        elif isinstance(node, list):
            if count + len(pending) + len(node) > limit:
                return False
            pending.extend(node)
    return True


def _first_error(
    validator: jsonschema_rs.Validator, data: object
) -> list[jsonschema_rs.ValidationError]:
    try:
        validator.validate(data)
    except jsonschema_rs.ValidationError as error:
        return [error]
    return []


def _places(count: int) -> str:
    return "1 place" if count == 1 else f"{count} places"
