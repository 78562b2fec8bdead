"""What is said of a text that is not JSON: where it went wrong, never what stands there."""

from __future__ import annotations

from typing import Protocol

from contracts.problem import Problem, ProblemType


class Fault(Protocol):
    """A parser's error."""

    msg: str
    lineno: int
    colno: int


def fault_of(error: Fault) -> str:
    """The parser's words, with the place."""
    return f"{error.msg} at line {error.lineno} column {error.colno}"


def not_json(what: str, error: Fault) -> Problem:
    """The answer to `what` (the body, the line) that is not JSON."""
    return Problem(ProblemType.INVALID_JSON, f"{what} is not JSON: {fault_of(error)}")
