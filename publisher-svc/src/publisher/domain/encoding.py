"""How events and control frames stand on one transport's wire.

Pages are built in `WEBSOCKET`, the transport that most subscribers use; the others are derived from
its bytes, once per page, without looking into the event. RFC 6455 section 5.2 gives the header.
What an encoding makes depends on nothing but its arguments, so that its bytes can be shared by all
whose encoding is equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from contracts.frames import event_frame, event_in

Buffer = bytes | memoryview
"""Wire bytes; a part of a page is a view of it, not a copy."""

Seal = Callable[[list[Buffer], str], list[Buffer]]
"""Makes a write's events into the bytes of the wire; the text is the cursor after them."""


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
class Batching:
    """How several events share a frame."""

    limit_bytes: int
    """A frame's events stay below this (before compression), but one alone may be larger."""
    pack: Callable[[bytes], bytes]
    """The frame's JSON as bytes for the wire; may take a while, since it may compress."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """A transport's form. Equal names are equal bytes for the same write."""

    name: str
    wrap: Callable[[bytes], bytes] = field(compare=False)
    """A control frame's JSON as bytes for the wire; empty where the transport has none."""
    transport: str = field(default="", compare=False)
    """What people call it."""
    form: str = field(default="", compare=False)
    """How events stand in a page's view; equal forms share views."""
    event: Callable[[int, bytes], bytes] | None = field(default=None, compare=False)
    """An event's offset and frame (the JSON) in that form; None: as pages are built."""
    seal: Seal | None = field(default=None, compare=False)
    """What is done to every write of events; None: nothing."""
    several: Encoding | None = field(default=None, compare=False)
    """What to go on with when the topic gets a second partition; None: this one."""
    batching: Batching | None = field(default=None, compare=False)
    """Events go out in frames of several; None: one each."""


def encode_event(partition: int, offset: int, event: bytes) -> bytes:
    """The WebSocket frame of one event: built once, shared by all subscribers."""
    return websocket_text(event_frame(partition, offset, event))


def _no_control(_: bytes) -> bytes:
    return b""


def _bare_event(_: int, frame: bytes) -> bytes:
    return websocket_text(event_in(frame))


WEBSOCKET = Encoding("websocket", websocket_text, "websocket")

CLOUDEVENTS = Encoding(
    "cloudevents.json", _no_control, "websocket-cloudevents", "cloudevents.json", _bare_event
)
"""The CloudEvents WebSocket binding's subprotocol: bare events, and so nothing to resume from."""


def websocket_batch(
    name: str, limit_bytes: int, pack: Callable[[bytes], bytes] = websocket_text
) -> Encoding:
    """Several events in a text frame, for who asks for it."""
    return Encoding(name, websocket_text, name, name, batching=Batching(limit_bytes, pack))
