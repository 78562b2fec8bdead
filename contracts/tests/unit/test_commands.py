"""`contracts diff`, `new` and `example`, and the reports of `check` for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from contracts import cli

from .conftest import WriteContracts

OLD: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "integer"}}}
NEW: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "number"}}}


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(cli.app, arguments, env={"CONTRACTS_DIR": None})
    assert result.exit_code == status, result.output
    return result.output


def two_versions(write_contracts: WriteContracts) -> Path:
    files: dict[str, Any] = {"schemas/t/1.json": OLD, "schemas/t/2.json": NEW}
    examples = {f"examples/t/{number}/valid/one.json": {"a": 1} for number in (1, 2)}
    return write_contracts(files | examples)


def test_check_for_github(write_contracts: WriteContracts) -> None:
    directory = two_versions(write_contracts)
    lines = run("check", str(directory), "--format", "github", status=1).splitlines()
    assert lines[0].startswith(f"::error file={directory}/schemas/t/2.json,title=contracts comp")
    assert "Example of such data: {" in lines[0]
    assert lines[1:] == ["contracts: 2 contracts, 2 examples, 2 comparisons, 1 fault"]


def test_check_as_json(write_contracts: WriteContracts) -> None:
    directory = two_versions(write_contracts)
    report = json.loads(run("check", str(directory), "--format", "json", status=1))
    assert report["well"] is False
    (fault,) = report["faults"]
    assert (fault["direction"], fault["pointer"], fault["verdict"]) == (
        "forward",
        "/data/a",
        "breaks",
    )
    assert [one["verdict"] for one in report["comparisons"]] == ["compatible", "breaks"]


def test_check_as_junit(write_contracts: WriteContracts) -> None:
    directory = two_versions(write_contracts)
    suite = ET.fromstring(run("check", str(directory), "--format", "junit", status=1))  # noqa: S314 - our own
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("5", "1", "0")
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failed == ["t/2 against 1, forward"]


def test_diff_of_two_versions(write_contracts: WriteContracts) -> None:
    directory = str(two_versions(write_contracts))
    lines = run("diff", "t/1", "t/2", "--dir", directory, status=1).splitlines()
    assert lines[0] == "  backward: compatible"
    assert lines[1].startswith("  forward: breaks: consumers of t/1 refuse what producers of t/2")


def test_diff_of_directories(tmp_path: Path) -> None:
    for name, schemas in (("a", {"t": [OLD], "u": [OLD]}), ("b", {"t": [NEW, NEW], "v": [OLD]})):
        for type_, versions in schemas.items():
            for number, schema in enumerate(versions, start=1):
                file = tmp_path / name / "schemas" / type_ / f"{number}.json"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(json.dumps(schema), encoding="utf-8")
    output = run("diff", str(tmp_path / "a"), str(tmp_path / "b"), status=1)
    assert "t/1 changed in place" in output
    assert "consumers of t/1 as it was refuse what producers of t/1 as it is now may send" in output
    assert "t/2 added, after t/1:" in output
    assert "u/1 removed" in output
    assert "v/1 added\n" in output
    same = run("diff", str(tmp_path / "a"), str(tmp_path / "a"))
    assert same == "nothing changed that events or consumers could notice\n"


def test_new_passes_check_and_so_does_the_next_version(tmp_path: Path) -> None:
    directory = str(tmp_path)
    assert "order.shipped/1.json" in run("new", "order.shipped", "--dir", directory)
    assert "order.shipped/2.json" in run("new", "order.shipped", "--dir", directory)
    assert "2 contracts, 8 examples, 2 comparisons: all is well" in run("check", directory)


def test_the_next_version_has_an_identifier_of_its_own(write_contracts: WriteContracts) -> None:
    schema = {"$id": "https://example.org/t/1", **OLD}
    files = {"schemas/t/1.json": schema, "examples/t/1/valid/one.json": {"a": 1}}
    directory = write_contracts(files)
    run("new", "t", "--dir", str(directory))
    copied = json.loads((directory / "schemas/t/2.json").read_text(encoding="utf-8"))
    assert copied["$id"] == "https://example.org/t/2"


@pytest.mark.parametrize("type_", ["broadcaster.own", "../up", "a b"])
def test_a_name_that_cannot_be_a_type_writes_nothing(tmp_path: Path, type_: str) -> None:
    assert "cannot be an event type" in run("new", type_, "--dir", str(tmp_path), status=2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "type_", ["message.posted", "order.placed", "order.placed/1", "sensor.reading"]
)
def test_examples_are_valid_events(tmp_path: Path, type_: str) -> None:
    output = run("example", type_, "--count", "20", "--seed", "7")
    assert output == run("example", type_, "--count", "20", "--seed", "7")
    file = tmp_path / "events"
    file.write_text(output, encoding="utf-8")
    assert "20 accepted, 0 rejected" in run("validate", str(file))
    assert len({json.loads(line)["id"] for line in output.splitlines()}) == 20


def test_an_example_of_what_no_sample_can_be_made_of(write_contracts: WriteContracts) -> None:
    directory = str(write_contracts({"schemas/t/1.json": {"type": "string", "pattern": "(?=b)a"}}))
    said = run("example", "t", "--contracts-dir", directory, status=1)
    assert "Only 0 valid events could be made" in said
    assert "There is no contract x" in run("example", "x", status=2)
