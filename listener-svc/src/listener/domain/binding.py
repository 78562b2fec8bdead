"""The CloudEvents HTTP binding's binary mode: attributes in ``ce-`` headers, data in the body.

CloudEvents HTTP protocol binding 1.0.2, section 3.1; only JSON bodies, since contracts judge JSON.
Pure: headers and the parsed body come in, an event or a refusal goes out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

PREFIX = "ce-"
MARK = "ce-specversion"
"""The header whose presence means binary mode."""


def binary_event(
    headers: Iterable[tuple[str, str]], content_type: str, data: object
) -> dict[str, Any]:
    """The event of a binary-mode request; values are percent-decoded (section 3.1.3.2)."""
    attributes: dict[str, Any] = {}
    for name, value in headers:
        if name.startswith(PREFIX):
            attributes[name.removeprefix(PREFIX)] = unquote(value.strip('"'))
    attributes["datacontenttype"] = content_type
    attributes["data"] = data
    return attributes
