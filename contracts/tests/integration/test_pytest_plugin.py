"""The plugin as another project has it: found by its entry point, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(120)

SETTINGS = """
[pytest]
contracts_dir = agreed
contracts_consumer = shop
addopts = -p no:schemathesis -p no:cacheprovider --strict-markers
"""
SCHEMA = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "required": ["grams"],
    "properties": {"grams": {"type": "number", "minimum": 0, "exclusiveMinimum": True}},
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    for path, value in {
        "agreed/schemas/parcel.weighed/1.json": SCHEMA,
        "agreed/examples/parcel.weighed/1/valid/light.json": {"grams": 1},
        "agreed/examples/parcel.weighed/1/valid/heavy.json": {"grams": 9000},
    }.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value))
    return tmp_path


def run(project: Path, test: str) -> tuple[int, str]:
    (project / "test_it.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "test_it.py"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_producer_is_told_what_is_wrong(project: Path) -> None:
    status, told = run(
        project,
        """
def test_good(producer_contract):
    producer_contract.check_data({"grams": 1}, "parcel.weighed/1")

def test_bad(producer_contract):
    producer_contract.check_data({"grams": 0}, "parcel.weighed/1")
""",
    )
    assert status == 1
    assert "PASSED test_it.py::test_good" in told
    assert "FAILED test_it.py::test_bad" in told
    assert "/data/grams" in told


def test_a_handler_is_run_with_each_golden_example(project: Path) -> None:
    status, told = run(
        project,
        """
import pytest

@pytest.mark.contract("parcel.weighed", "message.posted/1")
def test_handler(golden_event):
    assert golden_event.event["data"].get("grams", 0) < 5000
""",
    )
    assert status == 1
    assert "PASSED test_it.py::test_handler[parcel.weighed/1:light]" in told
    assert "FAILED test_it.py::test_handler[parcel.weighed/1:heavy]" in told
    assert "PASSED test_it.py::test_handler[message.posted/1:hello]" in told


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ("", 'mark it with @pytest.mark.contract("order.placed/2")'),
        ('@pytest.mark.contract("parcel.wayed/1")', "no contract has the type 'parcel.wayed'"),
    ],
)
def test_a_test_that_names_no_contract_is_an_error(project: Path, mark: str, told: str) -> None:
    status, said = run(project, f"import pytest\n{mark}\ndef test_handler(golden_event): ...\n")
    assert status != 0
    assert told in said


def test_a_pact_is_written_under_the_projects_name(project: Path) -> None:
    status, told = run(
        project,
        """
def test_pact(message_pact):
    reads = {"data": {"grams": 12}}
    message_pact.reads("a parcel", "parcel.weighed/1", reads, lambda event: event["data"]["grams"])
""",
    )
    assert status == 0, told
    pact = json.loads((project / "pacts" / "shop-broadcaster.json").read_text())
    assert pact["consumer"] == {"name": "shop"}


def test_a_directory_that_cannot_be_read_is_told(project: Path) -> None:
    (project / "agreed/schemas/parcel.weighed/1.json").write_text("{")
    status, told = run(project, "def test_it(producer_contract): ...\n")
    assert status != 0
    assert "contracts_dir: schemas/parcel.weighed/1.json: not JSON" in told
