"""Problems: RFC 9457 objects, the one form in which both services refuse anything.

`ProblemType` is the catalogue: a type's name, title, HTTP status, WebSocket close code and whether
the same request may be sent again. It is the only table from failure to status or close code.
Payloads are never echoed in ``detail``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

import orjson

from contracts.close import CloseCode

MEDIA_TYPE = "application/problem+json"


class _Entry(NamedTuple):
    name: str
    title: str
    status: int
    close_code: CloseCode
    retriable: bool


class ProblemType(Enum):
    """Every problem that a client may be told. ``value.name`` is the wire's ``type``."""

    # the publisher's: cursors
    INVALID_CURSOR = _Entry(
        "invalid-cursor", "The cursor cannot be read", 400, CloseCode.BAD_REQUEST, False
    )
    CURSOR_AHEAD = _Entry(
        "cursor-ahead",
        "The cursor lies beyond the end of the log",
        409,
        CloseCode.CURSOR_AHEAD,
        False,
    )
    CURSOR_FOREIGN = _Entry(
        "cursor-foreign",
        "The cursor belongs to another topic",
        409,
        CloseCode.CURSOR_FOREIGN,
        False,
    )
    CURSOR_EXPIRED = _Entry(
        "cursor-expired",
        "The log no longer holds the cursor's events",
        410,
        CloseCode.CURSOR_EXPIRED,
        False,
    )
    # both services'
    INVALID_REQUEST = _Entry(
        "invalid-request", "The request cannot be served", 400, CloseCode.BAD_REQUEST, False
    )
    UNAUTHENTICATED = _Entry(
        "unauthenticated", "Credentials are missing or wrong", 401, CloseCode.UNAUTHENTICATED, False
    )
    FORBIDDEN = _Entry("forbidden", "Not allowed", 403, CloseCode.FORBIDDEN, False)
    NOT_FOUND = _Entry(
        "not-found", "There is nothing at this address", 404, CloseCode.BAD_REQUEST, False
    )
    METHOD_NOT_ALLOWED = _Entry(
        "method-not-allowed", "The method is not offered here", 405, CloseCode.BAD_REQUEST, False
    )
    NOT_ACCEPTABLE = _Entry(
        "not-acceptable", "No form that is offered is accepted", 406, CloseCode.BAD_REQUEST, False
    )
    UPGRADE_REQUIRED = _Entry(
        "upgrade-required", "This address is a WebSocket's", 426, CloseCode.BAD_REQUEST, False
    )
    INTERNAL = _Entry("internal", "The service failed", 500, CloseCode.INTERNAL_ERROR, True)
    UNAVAILABLE = _Entry(
        "unavailable", "The service cannot do this now", 503, CloseCode.TRY_AGAIN_LATER, True
    )
    RATE_EXCEEDED = _Entry(
        "rate-exceeded", "Too much, too fast", 429, CloseCode.RATE_EXCEEDED, True
    )
    REQUEST_TIMEOUT = _Entry(
        "request-timeout", "The request did not come in time", 408, CloseCode.STALLED, True
    )
    # the publisher's: subscribers
    TOO_MANY_SUBSCRIBERS = _Entry(
        "too-many-subscribers", "This instance is full", 503, CloseCode.TRY_AGAIN_LATER, True
    )
    TOO_MANY_CONNECTIONS = _Entry(
        "too-many-connections", "This instance is full", 503, CloseCode.TRY_AGAIN_LATER, True
    )
    STALLED = _Entry("stalled", "The subscriber stopped reading", 408, CloseCode.STALLED, True)
    TOO_MUCH_INPUT = _Entry(
        "too-much-input",
        "A subscriber's own frames are too large or too many",
        400,
        CloseCode.POLICY_VIOLATION,
        False,
    )
    # the listener's: events
    INVALID_JSON = _Entry("invalid-json", "Not JSON", 400, CloseCode.BAD_REQUEST, False)
    NOT_AN_EVENT = _Entry("not-an-event", "Not a CloudEvent", 400, CloseCode.BAD_REQUEST, False)
    INVALID_EVENT = _Entry(
        "invalid-event",
        "The CloudEvent's attributes are not valid",
        400,
        CloseCode.BAD_REQUEST,
        False,
    )
    RESERVED_TYPE = _Entry(
        "reserved-type", "The event's type is reserved", 400, CloseCode.BAD_REQUEST, False
    )
    UNKNOWN_TYPE = _Entry(
        "unknown-type", "No contract has this type", 400, CloseCode.BAD_REQUEST, False
    )
    UNKNOWN_VERSION = _Entry(
        "unknown-version", "No contract has this version", 400, CloseCode.BAD_REQUEST, False
    )
    CONTRACT_VIOLATION = _Entry(
        "contract-violation", "The event violates its contract", 400, CloseCode.BAD_REQUEST, False
    )
    TOO_LARGE = _Entry("too-large", "Larger than the limit", 413, CloseCode.TOO_BIG, False)
    NONE_ACCEPTED = _Entry(
        "none-accepted", "No event of the batch was accepted", 400, CloseCode.BAD_REQUEST, False
    )
    UNSUPPORTED_MEDIA_TYPE = _Entry(
        "unsupported-media-type",
        "The content type is not taken here",
        415,
        CloseCode.BAD_REQUEST,
        False,
    )
    OUTCOME_UNKNOWN = _Entry(
        "outcome-unknown",
        "Handed to Kafka, no answer in time",
        503,
        CloseCode.TRY_AGAIN_LATER,
        True,
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal. `detail` is a sentence to a person; `members` are the type's own extras."""

    type: ProblemType
    detail: str
    members: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.type.value.status

    @property
    def close_code(self) -> CloseCode:
        """The WebSocket close code."""
        return self.type.value.close_code

    @property
    def retriable(self) -> bool:
        """Whether the same request may succeed later."""
        return self.type.value.retriable

    def document(self) -> dict[str, Any]:
        """The RFC 9457 object, ready for JSON."""
        entry = self.type.value
        return {
            "type": entry.name,
            "title": entry.title,
            "status": entry.status,
            "detail": self.detail,
            "retriable": entry.retriable,
            **self.members,
        }

    def encode(self) -> bytes:
        """The object as JSON, the body of an ``application/problem+json`` answer."""
        return orjson.dumps(self.document())
