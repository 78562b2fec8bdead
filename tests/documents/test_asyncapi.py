"""The AsyncAPI documents are valid: by AsyncAPI's JSON Schema, and by its parser where Node is."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from contracts import asyncapi
from contracts.asyncapi import LISTENER, PUBLISHER
from contracts.catalogue import serving_catalogue

HERE = Path(__file__).parent
PARSER = HERE / "asyncapi-parser"
EACH = pytest.mark.parametrize("services", [(LISTENER, PUBLISHER), (LISTENER,), (PUBLISHER,)])
_ERROR = 0
"""The parser's severity; higher ones are hints."""


def document(services: tuple[str, ...]) -> dict[str, Any]:
    return asyncapi.document(services, serving_catalogue(None))


@EACH
def test_it_is_asyncapi_3_by_the_schema(services: tuple[str, ...]) -> None:
    schema = json.loads((HERE / "asyncapi-3.0.0.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema_rs.validator_for(schema)
    whole = document(services)
    assert [error.message for error in validator.iter_errors(whole)] == []
    next(iter(whole["operations"].values()))["action"] = "juggle"
    assert not validator.is_valid(whole)


@pytest.fixture(scope="session")
def parser() -> Path:
    """The installed parser; made once for each lock file."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("there is no Node here: AsyncAPI's parser did not judge the documents")
    lock = hashlib.sha256((PARSER / "package-lock.json").read_bytes()).hexdigest()[:12]
    installed = Path(sys.prefix) / "asyncapi-parser" / lock
    if not (installed / "ready").exists():
        shutil.rmtree(installed, ignore_errors=True)
        shutil.copytree(PARSER, installed, ignore=shutil.ignore_patterns("node_modules"))
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=installed, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"npm could not install AsyncAPI's parser: {done.stderr[-300:]}")
        (installed / "ready").touch()
    return installed


@EACH
@pytest.mark.timeout(300)
def test_it_is_asyncapi_3_by_the_parser(parser: Path, services: tuple[str, ...]) -> None:
    whole = document(services)
    told = judged(parser, whole)
    assert [each for each in told["diagnostics"] if each["severity"] == _ERROR] == []
    assert set(told["found"]["channels"]) == set(whole["channels"])
    assert set(told["found"]["operations"]) == set(whole["operations"])


@pytest.mark.timeout(300)
def test_the_parser_would_find_a_message_that_is_no_channels(parser: Path) -> None:
    whole = document((LISTENER,))
    del whole["channels"]["ingest"]["messages"]["ack"]
    assert any(each["severity"] == _ERROR for each in judged(parser, whole)["diagnostics"])


def judged(parser: Path, whole: dict[str, Any]) -> dict[str, Any]:
    command = ["node", "check.mjs"]
    text = asyncapi.encode(whole)
    done = subprocess.run(
        command, cwd=parser, input=text, capture_output=True, text=True, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
