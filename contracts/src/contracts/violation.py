"""Violations: what is wrong with an event, where, and by which rule.

A violation states the rule, never the value that broke it: neither `pointer` nor `detail` carries
anything of the event's data, and both are bounded. Who found it (the envelope's rules, a JSON
Schema) is not this module's concern.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MAX_DETAIL = 300
"""Characters of a detail; a longer one (a schema's huge enum, say) ends in an ellipsis."""

MAX_POINTER = 300
"""Characters of a pointer; a deeper place is named by the ancestor that still fits."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule.

    `pointer` is an RFC 6901 JSON pointer into the whole event (``/data/text``; empty: the event
    itself), `keyword` the rule's name as JSON Schema has it, `detail` a clause to a person.
    """

    pointer: str
    keyword: str
    detail: str

    def document(self) -> dict[str, str]:
        """The member of a problem's ``errors``."""
        return {"pointer": self.pointer, "keyword": self.keyword, "detail": self.detail}


def bounded(text: str, limit: int = MAX_DETAIL) -> str:
    """`text`, or its first `limit` characters, the last being an ellipsis."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def pointer_of(segments: Iterable[str | int]) -> str:
    """The JSON pointer of a path (RFC 6901: ``~`` and ``/`` are escaped)."""
    return "".join([f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in segments])
