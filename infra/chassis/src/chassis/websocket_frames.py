"""Server text frames as bytes, so that one frame can be written to many sockets.

Unmasked, unfragmented, no extension bits: RFC 6455 section 5.2. Not a WebSocket implementation: the
handshake, control frames and everything that a client sends stay with uvicorn and websockets.
"""

from __future__ import annotations

from collections.abc import Iterable

_TEXT = 0x81  # FIN and opcode 1
_SHORT = [bytes((_TEXT, length)) for length in range(126)]


def header(length: int) -> bytes:
    """The header of a text frame whose payload has `length` bytes: 2, 4 or 10 bytes."""
    if length < 126:
        return _SHORT[length]
    if length < 65536:
        return b"\x81\x7e" + length.to_bytes(2, "big")
    return b"\x81\x7f" + length.to_bytes(8, "big")


def text_frame(payload: bytes) -> bytes:
    """One complete text frame; `payload` is UTF-8."""
    return header(len(payload)) + payload


def text_frames(payloads: Iterable[bytes]) -> bytes:
    """Complete text frames, one behind the other."""
    parts: list[bytes] = []
    add = parts.append
    for payload in payloads:
        length = len(payload)
        add(_SHORT[length] if length < 126 else header(length))
        add(payload)
    return b"".join(parts)
