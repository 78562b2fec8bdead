"""A Kafka record as the listener stores it: key, value, headers (docs/protocol.md, section 1).

Invariant: the value is the serialisation of what was judged, nothing else. The broker sets the
timestamp. Which partition a record goes to is not decided here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

CONTENT_TYPE = ("content-type", b"application/cloudevents+json")

OVERHEAD_BYTES = 64
"""What a record costs beside key, value and header values: varints, header names, our own entry."""

_join = b"".join
"""Of a serialisation and nothing: the same bytes in a place of their size. The serialiser hands out
its whole buffer, 4 KiB for the smallest event, which would stay for as long as the event waits."""

_new = tuple.__new__

_FIXED_BYTES = OVERHEAD_BYTES + len(CONTENT_TYPE[1])


class Record(NamedTuple):
    """One record; a tuple because one is made for every event, and so by `tuple.__new__`."""

    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]
    size_bytes: int
    """At least what the record takes in a batch."""
    identity: str | None = None
    """Whose event it is and which one, where its producer named it: what a retry has in common
    with the first attempt."""


@lru_cache(maxsize=1024)
def _type_header(type_: str) -> tuple[str, bytes]:
    return ("ce_type", type_.encode())


def record_of(event: dict[str, Any], value: bytes, identity: str | None = None) -> Record:
    """The record of an accepted `event`; `value` is its serialisation."""
    value = _join((value, b""))
    ce_type = _type_header(event["type"])
    ce_id = event["id"].encode()
    headers = [CONTENT_TYPE, ce_type, ("ce_id", ce_id)]
    size = _FIXED_BYTES + len(value) + len(ce_type[1]) + len(ce_id)
    trace = event.get("traceparent")
    if trace is not None:
        encoded = str(trace).encode()
        headers.append(("traceparent", encoded))
        size += len(encoded) + len("traceparent")
    partition_key = event.get("partitionkey")
    if partition_key is None:
        return _new(Record, (None, value, headers, size, identity))
    key = str(partition_key).encode()
    return _new(Record, (key, value, headers, size + len(key), identity))
