"""A contract ready to judge: its compiled validator, and all that is wrong with an event's data.

Looking for every violation costs microseconds for each, and jsonschema-rs finds them all before it
hands out the first. So their number is bounded beforehand, by the size of the data and, for schemas
that recur through alternatives, by its depth. The envelope and the choice of the contract are the
judge's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import jsonschema_rs

from contracts.catalogue import Catalogue, Contract
from contracts.errors import Fault, InvalidCatalogueError
from contracts.explanation import explain, words_of
from contracts.recursion import growth
from contracts.violation import Violation

MAX_VIOLATIONS = 50
MAX_VALUES = 10_000
_MAX_TRIES = 1_000
"""Of alternatives within alternatives while looking for violations: some 100 ms."""


@dataclass(frozen=True, slots=True)
class CompiledContract:
    """One contract, compiled.

    At most `max_violations` + 1 violations of one event are told (the last says: there are more),
    and only the first if its data has more than `max_values` JSON values. None is told apart if its
    data is so deep that the alternatives of a recursive schema would be tried too often.
    """

    contract: Contract
    validator: jsonschema_rs.Validator = field(repr=False)
    words: frozenset[str] = field(repr=False)
    growth: int = 1
    max_violations: int = MAX_VIOLATIONS
    max_values: int = MAX_VALUES

    def violations(self, event: Mapping[str, Any]) -> tuple[Violation, ...]:
        """What is wrong with the event's `data`; an absent one is judged as ``null``."""
        if event.get("data_base64") is not None:
            said = "contracts judge JSON: send the value itself as data"
            return (Violation("/data_base64", "not", said),)
        data = event.get("data")
        if self.validator.is_valid(data):
            return ()
        if "data" not in event:
            return (Violation("", "required", 'the member "data" is required by the contract'),)
        found = tuple([explain(error, data, self.words) for error in self._errors(data)])
        # what was refused stays refused, also where no violation was looked for
        return found or (Violation("/data", "schema", "must satisfy the contract's schema"),)

    def _errors(self, data: object) -> list[jsonschema_rs.ValidationError]:
        depth = _depth(data, self.max_values)
        if depth is None and self.growth == 1:
            try:
                self.validator.validate(data)
            except jsonschema_rs.ValidationError as error:
                return [error]
        if depth is None or self.growth**depth > _MAX_TRIES:
            return []
        return list(islice(self.validator.iter_errors(data), self.max_violations + 1))


def compile_contracts(
    catalogue: Catalogue, *, max_violations: int = MAX_VIOLATIONS, max_values: int = MAX_VALUES
) -> dict[tuple[str, int], CompiledContract]:
    """Every contract of `catalogue`, by type and version.

    Raises:
        InvalidCatalogueError: schemas do not compile; it names each of them.
    """
    compiled: dict[tuple[str, int], CompiledContract] = {}
    words: dict[int, frozenset[str]] = {}
    faults: list[Fault] = []
    for contract in [contract for versions in catalogue.types.values() for contract in versions]:
        documents = contract.documents
        if id(documents) not in words:
            words[id(documents)] = words_of(documents)
        try:
            validator = documents.compile(contract.path)
        except InvalidCatalogueError as error:
            faults.extend(error.faults)
            continue
        compiled[contract.type, contract.version] = CompiledContract(
            contract,
            validator,
            words[id(documents)],
            growth(documents, contract.path),
            max_violations,
            max_values,
        )
    if faults:
        raise InvalidCatalogueError(*faults)
    return compiled


def _depth(data: object, max_values: int) -> int | None:
    """How deep `data` is nested; None if it has more than `max_values` JSON values."""
    level = [data]
    count, depth = 1, 0
    while True:
        inner: list[object] = []
        for node in level:
            if isinstance(node, dict | list):
                count += len(node)
                if count > max_values:
                    return None
                inner.extend(node.values() if isinstance(node, dict) else node)
        if not inner:
            return depth
        level, depth = inner, depth + 1
