"""Records: key, value, headers (docs/protocol.md, section 1)."""

from __future__ import annotations

from listener.domain.record import record_of

EVENT = {"specversion": "1.0", "id": "é", "source": "/s", "type": "message.posted"}


def test_without_a_partition_key_there_is_no_key() -> None:
    record = record_of(dict(EVENT), b"{}")
    assert record.key is None
    assert record.value == b"{}"
    assert record.headers == [
        ("content-type", b"application/cloudevents+json"),
        ("ce_type", b"message.posted"),
        ("ce_id", "é".encode()),
    ]


def test_the_partition_key_is_the_key_in_utf_8() -> None:
    assert record_of({**EVENT, "partitionkey": "kü"}, b"{}").key == "kü".encode()
    assert record_of({**EVENT, "partitionkey": None}, b"{}").key is None


def test_a_traceparent_becomes_a_header() -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert record_of({**EVENT, "traceparent": trace}, b"{}").headers[-1] == (
        "traceparent",
        trace.encode(),
    )
    assert len(record_of({**EVENT, "traceparent": None}, b"{}").headers) == 3


def test_the_size_covers_all_parts() -> None:
    small = record_of(dict(EVENT), b"x").size_bytes
    assert record_of(dict(EVENT), b"x" * 101).size_bytes == small + 100
    assert record_of({**EVENT, "partitionkey": "12345"}, b"x").size_bytes == small + 5
    assert record_of({**EVENT, "traceparent": "12345"}, b"x").size_bytes > small + 5
