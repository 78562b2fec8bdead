"""What a request's query may say: ``as=TYPE``, once, and nothing else.

Invariant: a misspelt parameter is refused, never ignored, since ignoring it would store events as
something else than was meant. Values are not repeated in refusals.
"""

from __future__ import annotations

from collections.abc import Iterable

from contracts.problem import Problem, ProblemType

_MAX_NAME = 40


def default_type_of(
    parameters: Iterable[tuple[str, str]], configured: str | None
) -> str | Problem | None:
    """The type for what is no event: the request's, else the configured one, if there is any."""
    named: str | None = None
    for name, value in parameters:
        if name != "as":
            return _refuse(f"there is no parameter {name[:_MAX_NAME]!r} here; as=TYPE is all")
        if named is not None:
            return _refuse("the parameter as may be given once")
        if not value:
            return _refuse("the parameter as names an event type, like as=message.posted")
        named = value
    return configured if named is None else named


def _refuse(detail: str) -> Problem:
    return Problem(ProblemType.INVALID_REQUEST, detail)
