"""The CloudEvents HTTP binding's binary mode: attributes in ``ce-`` headers, data in the body.

CloudEvents HTTP protocol binding 1.0.2, section 3.1; only JSON bodies, since contracts judge JSON.
Pure: headers and the parsed body come in, an event or a refusal goes out. Invariant: no attribute
is lost or altered in silence.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from typing import Any
from urllib.parse import unquote

from contracts.problem import Problem, ProblemType

PREFIX = "ce-"
MARK = "ce-specversion"
"""The header whose presence means binary mode."""


class Absent(Enum):
    """In place of data, where the body is empty."""

    DATA = auto()


def is_binary(names: Iterable[str]) -> bool:
    """Whether a request with headers of these names means binary mode."""
    return any(name.startswith(PREFIX) for name in names)


def binary_event(
    headers: Iterable[tuple[str, str]], content_type: str, data: object
) -> dict[str, Any] | Problem:
    """The event of a binary-mode request; values are percent-decoded (section 3.1.3.2).

    Without a content type the data is JSON all the same, as in an event that names none.
    """
    attributes: dict[str, Any] = {}
    for name, value in headers:
        if not name.startswith(PREFIX):
            continue
        attribute = name.removeprefix(PREFIX)
        if attribute in attributes:
            return _refuse("a ce- header may be given once")
        try:
            attributes[attribute] = unquote(value.strip('"'), errors="strict")
        except UnicodeDecodeError:
            return _refuse("a ce- header's percent-encoding is not UTF-8")
    if "specversion" not in attributes:
        return _refuse(f"there are ce- headers without {MARK}; send it too: {MARK}: 1.0")
    for name in ("data", "datacontenttype"):  # the body's and Content-Type's part
        attributes.pop(name, None)
    if data is not Absent.DATA:
        if content_type:
            attributes["datacontenttype"] = content_type
        attributes["data"] = data
    return attributes


def _refuse(detail: str) -> Problem:
    return Problem(ProblemType.NOT_AN_EVENT, detail)
