"""How an event becomes a frame of one transport, and how one transport's frame becomes another's.

Pages are built in `WEBSOCKET`, the transport that most subscribers use; the others are derived from
its bytes, once per page, without looking into the event. RFC 6455 section 5.2 gives the header.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contracts.frames import event_frame


def websocket_text(payload: bytes) -> bytes:
    """One unmasked server text frame."""
    length = len(payload)
    if length < 126:
        return b"\x81%c%b" % (length, payload)
    if length < 65536:
        return b"\x81\x7e%b%b" % (length.to_bytes(2, "big"), payload)
    return b"\x81\x7f%b%b" % (length.to_bytes(8, "big"), payload)


def websocket_payload(frame: bytes) -> bytes:
    """The payload of one such frame."""
    marker = frame[1]
    return frame[2:] if marker < 126 else frame[4:] if marker == 126 else frame[10:]


@dataclass(frozen=True, slots=True)
class Encoding:
    """A transport's form. `wrap` makes a control frame's JSON into bytes for the wire."""

    name: str
    wrap: Callable[[bytes], bytes]


WEBSOCKET = Encoding("websocket", websocket_text)


def encode_event(partition: int, offset: int, event: bytes) -> bytes:
    """The WebSocket frame of one event: built once, shared by all subscribers."""
    return websocket_text(event_frame(partition, offset, event))
