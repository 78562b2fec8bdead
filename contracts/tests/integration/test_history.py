from __future__ import annotations

from typing import Any

import pytest

from contracts.check import Report, check_directory

from .conftest import WriteContracts

OLD = {"type": "object", "properties": {"a": {"type": "integer"}}}
WIDER = {"type": "object", "properties": {"a": {"type": "number"}}}
UNKNOWN_OLD = {"type": "string", "pattern": "^(?=a)a{1,3}$", "maxLength": 100}
UNKNOWN_NEW = {"type": "string", "pattern": "^(?=a)a{1,3}(?=)$", "maxLength": 100}


def files(*schemas: Any, valid: Any = None) -> dict[str, Any]:
    example = {"a": 1} if valid is None else valid
    found: dict[str, Any] = {}
    for number, schema in enumerate(schemas, start=1):
        found[f"schemas/t/{number}.json"] = schema
        found[f"examples/t/{number}/valid/one.json"] = example
    return found


def check(write_contracts: WriteContracts, files: dict[str, Any], policy: str = "") -> Report:
    return check_directory(write_contracts(files | {"policy.toml": policy}), time_limit_s=3.0)


def test_a_version_is_compared_with_every_earlier_one(write_contracts: WriteContracts) -> None:
    report = check(write_contracts, files(OLD, OLD, OLD), 'compatibility = "full"')
    assert [(c.older.version, c.newer.version, str(c.direction)) for c in report.comparisons] == [
        (older, newer, direction)
        for older, newer in [(1, 2), (1, 3), (2, 3)]
        for direction in ("backward", "forward")
    ]
    assert report.faults == ()


def test_a_break_is_a_fault_that_can_be_acted_on(write_contracts: WriteContracts) -> None:
    report = check(write_contracts, files(OLD, WIDER))
    (fault,) = report.faults
    assert fault.path == "schemas/t/2.json"
    assert fault.what.startswith(
        "forward incompatible: consumers of t/1 refuse what producers of t/2 may send: "
        "/data/a must be integer, and is number. Example of such data: {"
    )
    assert fault.details["pointer"] == "/data/a"
    assert fault.details["versions"] == [1, 2]
    assert set(fault.details["example"]) == {"a"}


@pytest.mark.parametrize(("policy", "faults"), [("backward", 0), ("forward", 1), ("none", 0)])
def test_the_policy_says_what_is_compared(
    write_contracts: WriteContracts, policy: str, faults: int
) -> None:
    report = check(write_contracts, files(OLD, WIDER), f'compatibility = "{policy}"')
    assert len(report.faults) == faults


def snippet(report: Report) -> str:
    (fault,) = report.faults
    return fault.what.partition("policy.toml: ")[2].replace("…", "A reviewer looked at it.")


def test_undecided_fails_until_it_is_waived(write_contracts: WriteContracts) -> None:
    given = files(UNKNOWN_OLD, UNKNOWN_NEW, valid='"a"')
    backward = 'compatibility = "backward"\n'
    report = check(write_contracts, given, backward)
    assert "compatibility is undecided" in report.faults[0].what
    waived = check(write_contracts, given, backward + snippet(report))
    assert (waived.faults, waived.notes) == ((), ())
    assert waived.comparisons[0].waiver is not None


def test_a_waiver_ends_when_a_schema_changes(write_contracts: WriteContracts) -> None:
    backward = 'compatibility = "backward"\n'
    given = files(UNKNOWN_OLD, UNKNOWN_NEW, valid='"a"')
    policy = backward + snippet(check(write_contracts, given, backward))
    changed = files(UNKNOWN_OLD, {**UNKNOWN_NEW, "maxLength": 101}, valid='"a"')
    report = check(write_contracts, changed, policy)
    assert "undecided" in report.faults[0].what
    assert "is stale, a schema has changed since" in report.notes[0].what
    titled = files(UNKNOWN_OLD, {**UNKNOWN_NEW, "title": "As"}, valid='"a"')
    assert check(write_contracts, titled, policy).faults == ()


def waiver(schemas: str, accepts: str, direction: str = "forward") -> str:
    return (
        f'waivers = [{{ type = "t", versions = [1, 2], direction = "{direction}", '
        f'accepts = "{accepts}", schemas = "{schemas}", reason = "Nobody runs version 1." }}]'
    )


def test_a_break_is_accepted_only_by_a_waiver_that_says_so(write_contracts: WriteContracts) -> None:
    given = files(OLD, WIDER)
    schemas = check(write_contracts, given).comparisons[0].schemas
    assert check(write_contracts, given, waiver(schemas, "break")).faults == ()
    report = check(write_contracts, given, waiver(schemas, "undecided"))
    assert len(report.faults) == 1
    assert "no longer undecided" in report.notes[0].what


def test_waivers_that_nothing_needs_are_noted(write_contracts: WriteContracts) -> None:
    report = check(write_contracts, files(OLD), waiver("a-b", "break"))
    assert "nothing is compared there" in report.notes[0].what
    assert report.faults == ()
