from __future__ import annotations

import os
from typing import Any

import pytest

from contracts.catalogue import shipped_directory
from contracts.check import Report, check_directory

from .conftest import WriteContracts

SCHEMA = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}
GOOD: dict[str, Any] = {
    "schemas/t/1.json": SCHEMA,
    "examples/t/1/valid/one.json": {"a": 1},
    "examples/t/1/invalid/missing-a.json": {},
}
WHOLE = {"specversion": "1.0", "id": "i", "source": "/s", "type": "t", "data": {"a": 1}}


def check(write_contracts: WriteContracts, files: dict[str, Any]) -> Report:
    return check_directory(write_contracts({p: c for p, c in files.items() if c is not None}))


def test_the_shipped_contracts_are_well() -> None:
    report = check_directory(shipped_directory())
    assert (report.faults, report.notes) == ((), ())
    assert len(report.contracts) == 4
    assert report.examples > 40


def test_a_schema_that_cannot_be_read_is_told_once(write_contracts: WriteContracts) -> None:
    (fault,) = check(write_contracts, {**GOOD, "schemas/t/1.json": "{"}).faults[:2]
    assert "not JSON" in fault.what


def test_a_pipe_is_not_waited_for(write_contracts: WriteContracts) -> None:
    directory = write_contracts(GOOD)
    os.mkfifo(directory / "schemas" / "t" / "2.json")
    (fault,) = check_directory(directory).faults
    assert (fault.path, fault.what) == ("schemas/t/2.json", "it is not a regular file")


def test_a_small_directory_that_is_well(write_contracts: WriteContracts) -> None:
    report = check(write_contracts, GOOD)
    assert (report.faults, report.examples) == ((), 2)


@pytest.mark.parametrize(
    ("files", "path", "said"),
    [
        ({"examples/t/1/valid/one.json": None}, "examples/t/1/valid", "no valid example"),
        (
            {"examples/t/1/invalid/missing-a.json": {"a": "x"}},
            "examples/t/1/invalid",
            'no invalid example lacks the required property "a"',
        ),
        (
            {"examples/t/1/valid/two.json": {"a": "x"}},
            "examples/t/1/valid/two.json",
            "it should be valid, but t/1 refuses it: /data/a must be integer, and is string",
        ),
        (
            {"examples/t/1/invalid/two.json": {"a": 2}},
            "examples/t/1/invalid/two.json",
            "it should be invalid, but t/1 accepts it",
        ),
        ({"examples/t/1/valid/two.json": "{"}, "examples/t/1/valid/two.json", "not JSON"),
        ({"examples/t/2/valid/a.json": {}}, "examples/t/2/valid/a.json", "schemas/t/2.json"),
        ({"examples/t/1/good/a.json": {}}, "examples/t/1/good/a.json", "it is in no place"),
        ({"examples/t/1/a.json": {}}, "examples/t/1/a.json", "it is in no place"),
        ({"examples/t/1/valid/b.yaml": "a: 1"}, "examples/t/1/valid/b.yaml", "write it as JSON"),
        ({"schemas/t/2.yml": "a: 1"}, "schemas/t/2.yml", "write it as JSON"),
        ({"schemas/t/v2.json": {}}, "schemas/t/v2.json", "name the file 1.json"),
        ({"schemas/part.json": {"type": "objekt"}}, "schemas/part.json", "not a valid schema"),
        ({"schemas/part.json": {"$ref": "x.json"}}, "schemas/part.json", "does not exist"),
    ],
)
def test_each_fault_names_its_file(
    write_contracts: WriteContracts, files: dict[str, Any], path: str, said: str
) -> None:
    (fault,) = check(write_contracts, GOOD | files).faults
    assert fault.path == path
    assert said in fault.what


def test_a_schema_that_does_not_compile_is_one_fault(write_contracts: WriteContracts) -> None:
    report = check(write_contracts, GOOD | {"schemas/t/1.json": {"type": "objekt"}})
    assert [fault.path for fault in report.faults] == ["schemas/t/1.json"]
    assert report.examples == 0


def test_everything_is_reported_at_once(write_contracts: WriteContracts) -> None:
    files = {"schemas/a/1.json": "{", "schemas/b/1.json": {"type": 5}, "schemas/t/1.json": SCHEMA}
    paths = [fault.path for fault in check(write_contracts, files).faults]
    assert paths == [
        "schemas/a/1.json",
        "schemas/b/1.json",
        "examples/t/1/valid",
        "examples/t/1/invalid",
    ]


def test_a_directory_without_schemas(write_contracts: WriteContracts) -> None:
    (fault,) = check(write_contracts, {"x.json": {}}).faults
    assert fault.path == "schemas"


def test_schemas_that_require_nothing_need_no_invalid_example(
    write_contracts: WriteContracts,
) -> None:
    files = {"schemas/t/1.json": True, "examples/t/1/valid/x.json": 5}
    assert check(write_contracts, files).faults == ()


def test_an_unknown_format_is_a_note(write_contracts: WriteContracts) -> None:
    schema = {**SCHEMA, "format": "phone"}
    report = check(write_contracts, GOOD | {"schemas/t/1.json": schema})
    assert report.faults == ()
    (note,) = report.notes
    assert (note.path, '"phone"' in note.what) == ("schemas/t/1.json", True)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({}, []),
        ({"dataschema": "https://x.example/t/1"}, []),
        ({"id": ""}, ["/id must be"]),
        ({"type": "other"}, ["/type must be t"]),
        ({"dataschema": "https://x.example/t/2"}, ["/dataschema must end in /t/1"]),
        ({"data": {}}, ["/data the property"]),
        ({"id": "", "type": "", "source": "", "data": {}}, ["; and 2 more"]),
    ],
)
def test_an_example_may_be_a_whole_event(
    write_contracts: WriteContracts, event: dict[str, Any], said: list[str]
) -> None:
    report = check(write_contracts, GOOD | {"examples/t/1/valid/whole.json": WHOLE | event})
    assert [fault.path for fault in report.faults] == ["examples/t/1/valid/whole.json"] * len(said)
    assert all(one in fault.what for fault in report.faults for one in said)


def test_an_invalid_whole_event_covers_a_required_property(
    write_contracts: WriteContracts,
) -> None:
    files = GOOD | {"examples/t/1/invalid/missing-a.json": {**WHOLE, "data": {}}}
    assert check(write_contracts, files).faults == ()
