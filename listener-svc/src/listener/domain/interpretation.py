"""What is an event? Decides what a parsed text becomes before anybody judges it.

A JSON object with ``specversion`` is an event and is left as it is. Anything else becomes the
``data`` of the type that the producer named with ``as``; a text that is not JSON, or a JSON
scalar, as ``{"text": …}`` (docs/protocol.md, section 2). Invariant: a mapping handed out has
``specversion`` and is nobody else's to change. Does not parse, complete or validate.
"""

from __future__ import annotations

from typing import Any

from contracts.problem import Problem, ProblemType

HINT = (
    "send a CloudEvent (a JSON object with specversion), or name a type for plain data by "
    "connecting with ?as=TYPE"
)


def interpret(value: object, text: str, default_type: str | None) -> dict[str, Any] | Problem:
    """The event that a JSON `value` stands for; `text` is how it was written, for scalars."""
    if type(value) is dict:
        if "specversion" in value:
            return value
        if default_type is not None:
            return wrap(default_type, value)
        return Problem(
            ProblemType.NOT_AN_EVENT, f"this JSON object is no event, it has no specversion; {HINT}"
        )
    if default_type is None:
        return Problem(ProblemType.NOT_AN_EVENT, f"this JSON is not an object, so no event; {HINT}")
    if type(value) is list:
        return wrap(default_type, value)
    return wrap(default_type, {"text": without_line_end(text)})


def without_line_end(text: str) -> str:
    """The text less one closing line break: line tools such as websocat send it with each line."""
    return text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")


def interpret_plain(text: str, default_type: str | None, fault: str) -> dict[str, Any] | Problem:
    """The event that a `text` which is not JSON stands for; `fault` is what the parser said."""
    if default_type is None:
        return Problem(ProblemType.INVALID_JSON, f"this text is not JSON ({fault}); {HINT}")
    return wrap(default_type, {"text": without_line_end(text)})


def wrap(type_: str, data: object) -> dict[str, Any]:
    """Plain data as an event of `type_`; the rest is filled in later."""
    return {
        "specversion": "1.0",
        "type": type_,
        "datacontenttype": "application/json",
        "data": data,
    }
