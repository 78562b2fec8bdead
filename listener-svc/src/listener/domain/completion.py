"""What the listener fills in where a producer left it out: ``id``, ``source``, ``time``.

``null`` counts as left out (CloudEvents JSON format, section 2.2). Invariant: nothing else that a
producer wrote is changed, not even a wrong value; judging it is the contract's business.
Identifiers and time come from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

MAX_ECHOED_ID = 256
"""Characters. A longer ``id`` is not repeated in answers; `ref` still tells the event."""


def source_of(principal: str) -> str:
    """The ``source`` of events whose producer names none."""
    return f"/producers/{quote(principal, safe='')}"


def complete(
    event: dict[str, Any], source: str, new_id: Callable[[], str], now: Callable[[], str]
) -> bool:
    """Fill the absent members in, in place; True: the ``id`` is the producer's own."""
    named = event.get("id") is not None
    if not named:
        event["id"] = new_id()
    if event.get("source") is None:
        event["source"] = source
    if event.get("time") is None:
        event["time"] = now()
    return named


def answered_id(event: dict[str, Any]) -> str | None:
    """The ``id`` as answers repeat it, or None where it is absent or not fit to be repeated."""
    given = event.get("id")
    return given if type(given) is str and len(given) <= MAX_ECHOED_ID else None
