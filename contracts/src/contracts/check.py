"""The contract check: is a directory of contracts fit to be relied on?

It looks at every schema, every `$ref`, every golden example and every name, and reports all faults
at once, as values; then it compares the versions of each type as the policy asks. It reads files
and changes nothing.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs

from contracts.catalogue import Catalogue, Contract, read_catalogue
from contracts.compatibility.decision import TIME_LIMIT_S, Decider
from contracts.compatibility.history import Comparison, compare_history, unused
from contracts.compatibility.policy import read_policy
from contracts.compiled import CompiledContract
from contracts.documents import SCHEMAS, Documents, json_files, read_json
from contracts.envelope import judge_envelope
from contracts.errors import Fault, InvalidCatalogueError
from contracts.examples import EXAMPLES, is_whole_event
from contracts.explanation import words_of
from contracts.violation import Violation

_FOREIGN_SUFFIXES = frozenset({".yaml", ".yml", ".json5", ".jsonc", ".toml", ".xml"})
_MAX_TOLD = 3
"""Violations that a finding about an example names."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the check found: `faults` fail it, `notes` are worth a look."""

    contracts: tuple[Contract, ...]
    examples: int
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...]
    comparisons: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True)
class _Example:
    path: str
    contract: CompiledContract
    valid: bool
    value: Any

    def violations(self) -> tuple[Violation, ...]:
        """Of the envelope, if it is a whole event, of its name, and of its data."""
        if not is_whole_event(self.value):
            return self.contract.violations({"data": self.value})
        contract = self.contract.contract
        found = [*judge_envelope(self.value)]
        if self.value.get("type") != contract.type:
            found.append(Violation("/type", "const", f"must be {contract.type}, as its folder is"))
        dataschema = self.value.get("dataschema")
        if isinstance(dataschema, str) and not dataschema.endswith(f"/{contract.name}"):
            said = f"must end in /{contract.name}, as its folder does"
            found.append(Violation("/dataschema", "pattern", said))
        return (*found, *self.contract.violations(self.value))


def check_directory(directory: Path, *, time_limit_s: float = TIME_LIMIT_S) -> Report:
    """Check the contracts and examples of `directory`; each comparison within `time_limit_s`."""
    catalogue, documents, faults = read_catalogue(directory)
    faults.extend(_unread(directory))
    notes: list[Fault] = []
    validators: dict[str, jsonschema_rs.Validator] = {}
    for path in documents.by_path:
        try:
            validators[path] = documents.compile(path)
        except InvalidCatalogueError as error:
            faults.extend(error.faults)
            continue
        notes.extend(_unknown_format(documents, path))
    contracts = tuple([one for versions in catalogue.types.values() for one in versions])
    words = words_of(documents)
    compiled = {
        f"{EXAMPLES}/{contract.name}": CompiledContract(contract, validators[contract.path], words)
        for contract in contracts
        if contract.path in validators
    }
    examples = list(_read_examples(directory, catalogue, compiled, faults))
    for example in examples:
        faults.extend(_misjudged(example))
    for folder, contract in compiled.items():
        faults.extend(_uncovered(folder, contract, [e for e in examples if e.contract is contract]))
    sound = frozenset(validators)
    comparisons = _compared(directory, catalogue, sound, (faults, notes), time_limit_s)
    return Report(contracts, len(examples), tuple(faults), tuple(notes), comparisons)


def _compared(
    directory: Path,
    catalogue: Catalogue,
    sound: frozenset[str],
    found: tuple[list[Fault], list[Fault]],
    time_limit_s: float,
) -> tuple[Comparison, ...]:
    """Every comparison among schemas that compile; what is wrong goes to `found`."""
    faults, notes = found
    policy, wrong = read_policy(directory, catalogue.types)
    faults.extend(wrong)
    comparisons: list[Comparison] = []
    with closing(Decider(time_limit_s)) as decider:
        for versions in catalogue.types.values():
            try:
                compiled = [one for one in versions if one.path in sound]
                comparisons.extend(compare_history(compiled, policy, decider))
            except InvalidCatalogueError as error:
                faults.extend(error.faults)
    faults.extend(fault for one in comparisons if (fault := one.fault()) is not None)
    notes.extend(unused(policy, comparisons))
    return tuple(comparisons)


def _unread(directory: Path) -> Iterator[Fault]:
    for folder in (SCHEMAS, EXAMPLES):
        for root, _, files in os.walk(directory / folder):
            for name in sorted(files):
                if Path(name).suffix.lower() in _FOREIGN_SUFFIXES:
                    path = Path(root, name).relative_to(directory).as_posix()
                    yield Fault(path, "it is not read: write it as JSON, in a file named *.json")


def _unknown_format(documents: Documents, path: str) -> Iterator[Fault]:
    try:
        documents.compile(path, known_formats_only=True)
    except InvalidCatalogueError as error:
        cause = error.__cause__
        named = cause.instance if isinstance(cause, jsonschema_rs.ValidationError) else None
        what = f'the format "{named}"' if isinstance(named, str) else "a format"
        yield Fault(path, f"{what} is not one of JSON Schema's, so it is never asserted")


def _read_examples(
    directory: Path,
    catalogue: Catalogue,
    compiled: dict[str, CompiledContract],
    faults: list[Fault],
) -> Iterator[_Example]:
    known = {f"{EXAMPLES}/{one.name}" for found in catalogue.types.values() for one in found}
    for path, file in json_files(directory, EXAMPLES):
        segments = path.split("/")
        folder = "/".join(segments[:3])
        if len(segments) != 5 or segments[3] not in {"valid", "invalid"}:
            layout = f"examples are {EXAMPLES}/<type>/<version>/valid/*.json or …/invalid/*.json"
            faults.append(Fault(path, f"it is in no place where examples are looked for: {layout}"))
        elif folder not in known:
            schema = f"{SCHEMAS}/{segments[1]}/{segments[2]}.json"
            if any(fault.path == schema for fault in faults):
                continue  # it is there, and what is wrong with it is told
            faults.append(Fault(path, f"there is no contract {schema}; move it or add that file"))
        elif folder in compiled:  # a schema that does not compile is a fault already
            try:
                value = read_json(path, file)
            except InvalidCatalogueError as error:
                faults.extend(error.faults)
                continue
            yield _Example(path, compiled[folder], segments[3] == "valid", value)


def _misjudged(example: _Example) -> Iterator[Fault]:
    found = example.violations()
    name = example.contract.contract.name
    if example.valid and found:
        told = "; ".join([f"{v.pointer or 'the event'} {v.detail}" for v in found[:_MAX_TOLD]])
        more = f"; and {len(found) - _MAX_TOLD} more" if len(found) > _MAX_TOLD else ""
        yield Fault(example.path, f"it should be valid, but {name} refuses it: {told}{more}")
    elif not example.valid and not found:
        remedy = "correct the example, or move it to valid/, or tighten the schema"
        yield Fault(example.path, f"it should be invalid, but {name} accepts it: {remedy}")


def _uncovered(
    folder: str, contract: CompiledContract, examples: list[_Example]
) -> Iterator[Fault]:
    if not any(example.valid for example in examples):
        yield Fault(
            f"{folder}/valid", "no valid example: add a file with data as producers send it"
        )
    missing: Counter[str] = Counter()
    for example in examples:
        if not example.valid:
            missing.update(_missing_properties(contract, example.value))
    schema = contract.contract.schema
    required = schema.get("required", []) if isinstance(schema, dict) else []
    for name in required:
        if name not in missing:
            yield Fault(
                f"{folder}/invalid",
                f'no invalid example lacks the required property "{name}": '
                f"add a file with everything but {name}",
            )


def _missing_properties(contract: CompiledContract, value: Any) -> Iterator[str]:
    data = value.get("data") if is_whole_event(value) else value
    for error in contract.validator.iter_errors(data):
        kind = error.kind
        if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required) and not error.instance_path:
            yield kind.property
