from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from typer.testing import CliRunner

from contracts.cli import app
from contracts.dead_letter import dead_letter
from contracts.problem import Problem, ProblemType
from contracts.resubmitting import _batches

EVENT = {"specversion": "1.0", "id": "e", "source": "/s", "type": "message.posted"}
VALID = EVENT | {"data": {"text": "x"}}


def letter(content: object) -> dict[str, Any]:
    problem = Problem(ProblemType.CONTRACT_VIOLATION, "wrong")
    return dead_letter(problem, "ann", content, id_="d", time="t", max_bytes=1000)


def run(*lines: object, to: str | None = None) -> tuple[int, str]:
    text = "".join([line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines])
    arguments = ["resubmit", "-", *(["--to", to] if to else [])]
    result = CliRunner().invoke(app, arguments, input=text, env={"CONTRACTS_DIR": ""})
    return result.exit_code, result.output


def test_without_an_address_it_only_judges() -> None:
    frame = {"type": "event", "partition": 0, "offset": 7, "event": letter(VALID)}
    code, said = run({"type": "hello"}, frame, letter(VALID), "no json\n", {"type": "end"})
    assert code == 0
    assert "2 dead letters: 2 valid now, 0 not" in said
    assert "Nothing was sent" in said


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("content", [EVENT, "a text", VALID | {"data": {"text": ""}}])
def test_what_is_still_invalid_or_no_event_remains(content: object) -> None:
    code, said = run(letter(VALID), letter(content))
    assert code == 1
    assert "1 valid now, 1 not" in said


def test_an_address_that_is_none_is_refused_before_anything_is_sent() -> None:
    code, said = run(letter(VALID), to="file:///etc/passwd")
    assert code == 2
    assert "--to" in said


def test_a_file_of_something_else_is_said_to_be_one() -> None:
    code, said = run({"type": "event", "partition": 0, "offset": 7, "event": VALID})
    assert code == 0
    assert "0 dead letters" in said
    assert "No line is a dead letter" in said


def test_a_listener_that_is_not_there_is_told_in_plain_words(unused_port: int) -> None:
    code, said = run(letter(VALID), to=f"http://127.0.0.1:{unused_port}/events")
    assert code == 2
    assert "does not answer as a listener: " in said
    assert "Connection refused" in said
    assert "urlopen" not in said


def test_batches_are_bounded_in_number_and_size() -> None:
    assert [len(batch) for batch in _batches([VALID] * 250)] == [100, 100, 50]
    large = VALID | {"data": {"text": "x" * 600_000}}
    assert [len(batch) for batch in _batches([large, large, VALID])] == [1, 2]
    assert list(_batches([])) == []
