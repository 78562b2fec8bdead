"""The one check of a record's value, made when its frame is built; nothing parses it after that.

An event is a JSON object in UTF-8; that it is one line too, `publisher.domain.page` sees to.
Anything else (a text, a tombstone, another format) is foreign: skipped, counted, never put into a
frame that it would break.
"""

from __future__ import annotations

import sys

import orjson


def event_type(value: bytes | None) -> str | None:
    """The CloudEvent's type; ``""`` for an object without one; None for a foreign record."""
    if value is None:
        return None
    try:
        event = orjson.loads(value)
    except (orjson.JSONDecodeError, RecursionError):
        return None
    if type(event) is not dict:
        return None
    name = event.get("type")
    # Interned: an index of a million events holds its few type names once.
    return sys.intern(name) if type(name) is str else ""
