"""Frames on the wire: RFC 6455's three lengths, each in its shortest form."""

from __future__ import annotations

import pytest
from publisher_fakes.sink import payloads_of

from publisher.domain.encoding import WEBSOCKET, encode_event, websocket_payload, websocket_text


@pytest.mark.parametrize(
    ("size", "header"),
    [
        (0, "8100"),
        (125, "817d"),
        (126, "817e007e"),
        (65_535, "817effff"),
        (65_536, "817f0000000000010000"),
        (70_000, "817f0000000000011170"),
    ],
)
def test_lengths(size: int, header: str) -> None:
    payload = b"x" * size
    frame = websocket_text(payload)
    assert frame == bytes.fromhex(header) + payload
    assert websocket_payload(frame) == payload
    assert WEBSOCKET.wrap(payload) == frame
    assert payloads_of(frame + frame) == [payload, payload]


def test_an_events_bytes_are_not_touched() -> None:
    event = b'{ "id" : "\xc3\xbc", "n": 1.0e5 }'
    payload = websocket_payload(encode_event(3, 42, event))
    assert payload == b'{"type":"event","partition":3,"offset":42,"event":' + event + b"}"
