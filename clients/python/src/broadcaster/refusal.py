"""A problem as a client reads it (RFC 9457), whatever its type.

Tolerant on purpose: a newer service may name problems that this version of the client does not
know, and a proxy may answer with no problem at all. `contracts.problem` is the services' side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from contracts.problem import ProblemType

_RETRIABLE_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


class Violation(NamedTuple):
    """One violation of a contract: where in the event, which keyword, and what is wrong."""

    pointer: str
    keyword: str
    detail: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was refused. `members` holds the problem's own extras."""

    type: str
    title: str
    detail: str = ""
    status: int = 0
    retriable: bool = False
    members: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}" if self.detail else self.title

    @property
    def retry_after_s(self) -> float:
        """How long the service asks to wait before the next attempt; 0: it does not say."""
        said = self.members.get("retry_after_s")
        if isinstance(said, bool) or not isinstance(said, int | float):
            return 0.0
        return max(0.0, float(said))

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Every violation that a contract's refusal lists; empty for other problems."""
        listed = self.members.get("errors")
        if not isinstance(listed, list):
            return ()
        return tuple(
            Violation(*(str(entry.get(name, "")) for name in Violation._fields))
            for entry in listed
            if isinstance(entry, dict)
        )


def read_refusal(document: object) -> Refusal:
    """Read a problem object; anything missing or odd becomes something that can be shown."""
    members = dict(document) if isinstance(document, dict) else {}
    kind = str(members.pop("type", "unknown"))
    title = str(members.pop("title", kind))
    detail = str(members.pop("detail", ""))
    status = members.pop("status", 0)
    retriable = members.pop("retriable", False)
    return Refusal(
        type=kind,
        title=title,
        detail=detail,
        status=status if isinstance(status, int) else 0,
        retriable=retriable is True,
        members=members,
    )


def refusal_of_status(status: int, body: bytes) -> Refusal:
    """What an HTTP answer to the handshake says: its problem if it has one, else its status."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if isinstance(document, dict) and "title" in document:
        return read_refusal({"status": status, "retriable": status in _RETRIABLE_STATUS} | document)
    for known in ProblemType:
        if known.value.status == status:
            return Refusal(
                known.value.name,
                known.value.title,
                f"HTTP {status} at the handshake",
                status,
                status in _RETRIABLE_STATUS,
            )
    return Refusal(
        "http-status",
        f"HTTP {status} instead of a WebSocket",
        "",
        status,
        status in _RETRIABLE_STATUS,
    )


def refusal_of_close(code: int, reason: str) -> Refusal:
    """What a close code says when no ``error`` frame came before it."""
    for known in ProblemType:
        if known.value.close_code == code:
            return Refusal(
                known.value.name,
                known.value.title if code >= 4401 else "The request was refused",
                reason or f"closed with {code}",
                known.value.status,
                known.value.retriable,
            )
    return Refusal("closed", f"The connection was closed with {code}", reason)
