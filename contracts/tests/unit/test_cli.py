from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts import cli

from .conftest import WriteContracts

EVENT = '{"specversion":"1.0","type":"message.posted","data":{"text":"hello"}}'
BAD = '{"specversion":"1.0","type":"message.posted","data":{"a":"hunter2"}}'


@pytest.fixture(autouse=True)
def _no_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONTRACTS_DIR", raising=False)


def run(*arguments: str, text: str | None = None, status: int = 0, **env: str) -> str:
    result = CliRunner().invoke(cli.app, arguments, input=text, env=env)
    assert result.exit_code == status, result.output
    return result.output


def test_check_of_the_shipped_contracts() -> None:
    assert "4 contracts, 52 examples, 2 comparisons: all is well" in run("check")


def test_check_prints_a_line_for_each_fault_and_fails(write_contracts: WriteContracts) -> None:
    files = {
        "schemas/t/1.json": {"format": "x-[red]"},
        "examples/t/1/valid/[bold].json": "{",
    }
    output = run("check", str(write_contracts(files)), status=1)
    assert output.splitlines() == [
        "error examples/t/1/valid/[bold].json: not JSON: Expecting property name enclosed in "
        "double quotes in line 1, column 2",
        "error examples/t/1/valid: no valid example: add a file with data as producers send it",
        'note schemas/t/1.json: the format "x-[red]" is not one of JSON Schema\'s, '
        "so it is never asserted",
        "1 contract, 0 examples: 2 faults",
    ]


def test_check_of_the_directory_that_the_environment_names(write_contracts: WriteContracts) -> None:
    directory = write_contracts({"schemas/t/1.json": {}, "examples/t/1/valid/a.json": 1})
    assert "1 contract, 1 example: all is well" in run("check", CONTRACTS_DIR=str(directory))


def test_check_of_no_directory_says_whose_contracts_these_are() -> None:
    assert "come with the package" in run("check")


def test_its_version() -> None:
    assert run("--version").startswith("broadcaster-contracts ")


def test_validate_a_file_of_lines(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text(f"{EVENT}\n{BAD}\nhello\n", encoding="utf-8")
    output = run("validate", str(file), status=1)
    assert "line 1: accepted by message.posted/1" in output
    assert "line 2: rejected contract-violation: The event violates the contract" in output
    assert '  /data: the property "text" is required (required)' in output
    assert "line 3: rejected it is not JSON" in output
    assert "3 events: 1 accepted, 2 rejected" in output
    assert "hunter2" not in output


def test_validate_standard_input() -> None:
    assert "1 event: 1 accepted, 0 rejected" in run("validate", "-", text=EVENT)


def test_validate_names_the_whole_event_where_the_pointer_is_empty() -> None:
    text = '{"specversion":"1.0","type":"message.posted"}'
    output = run("validate", "-", text=text, status=1)
    assert '  the event: the member "data" is required' in output


def test_validate_without_events_and_without_a_file(tmp_path: Path) -> None:
    assert "no event in the input" in run("validate", "-", text="\n", status=1)
    assert "cannot be read" in run("validate", str(tmp_path / "none"), status=2)


def test_a_directory_of_ones_own(write_contracts: WriteContracts) -> None:
    directory = str(write_contracts({"schemas/own/3.json": True}))
    assert "own" in run("list", "--contracts-dir", directory)
    assert "own" in run("list", CONTRACTS_DIR=directory)
    event = '{"specversion":"1.0","type":"own"}'
    assert "by own/3" in run("validate", "-", "--contracts-dir", directory, text=event)


def test_list_shows_versions_and_titles() -> None:
    lines = [line.split() for line in run("list").splitlines()]
    assert lines[0] == ["type", "version", "title", "file"]
    assert [
        "order.placed",
        "2",
        *["An", "order", "was", "placed", "schemas/order.placed/2.json"],
    ] in lines


@pytest.mark.parametrize("files", [{"schemas/a/1.json": "{"}, {"schemas/a/1.json": {"type": 5}}])
@pytest.mark.parametrize("command", [["list"], ["validate", "-"], ["asyncapi"]])
def test_a_broken_directory_ends_with_its_faults(
    write_contracts: WriteContracts, command: list[str], files: dict[str, object]
) -> None:
    directory = str(write_contracts(files))
    compiles_nothing = command != ["validate", "-"] and files["schemas/a/1.json"] != "{"
    status = 0 if compiles_nothing else 2
    output = run(*command, "--contracts-dir", directory, text=EVENT, status=status)
    assert compiles_nothing or "error schemas/a/1.json: not" in output


def test_asyncapi_of_one_service_and_of_both() -> None:
    listener = json.loads(run("asyncapi", "--service", "listener"))
    assert "publisher" not in listener["servers"]
    assert {"listener", "publisher"} <= set(json.loads(run("asyncapi"))["servers"])


@pytest.mark.parametrize("service", ["listener", "publisher"])
def test_openapi_of_a_service(service: str) -> None:
    whole = json.loads(run("openapi", "--service", service))
    assert whole["info"]["title"] == f"Broadcaster: {service}"
    assert "/events" in whole["paths"]


def test_the_command_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["contracts", "list"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 0
    assert "sensor.reading" in capsys.readouterr().out
