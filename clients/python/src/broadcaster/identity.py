"""Event ids: UUIDv7 (RFC 9562, 5.7), made by the client so that a retry is the same event."""

from __future__ import annotations

import secrets
import time
from uuid import UUID


def uuid7(unix_ms: int, random_bits: int) -> UUID:
    """48 bits of time, then 74 of `random_bits`, around the version and the variant."""
    high, low = (random_bits >> 62) & 0xFFF, random_bits & (2**62 - 1)
    value = (unix_ms & (2**48 - 1)) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
    return UUID(int=value)


def new_id() -> str:
    """An id that sorts by the time of its making."""
    return str(uuid7(time.time_ns() // 1_000_000, secrets.randbits(74)))
