"""HTTP binary mode."""

from __future__ import annotations

from listener.domain.binding import binary_event


def test_headers_become_attributes_and_the_body_data() -> None:
    headers = [
        ("host", "x"),
        ("ce-specversion", "1.0"),
        ("ce-id", "a%20b"),
        ("ce-type", '"message.posted"'),
        ("ce-data", "no"),
    ]
    assert binary_event(headers, "application/json", {"text": "x"}) == {
        "specversion": "1.0",
        "id": "a b",
        "type": "message.posted",
        "datacontenttype": "application/json",
        "data": {"text": "x"},
    }
