"""When a subscriber that does not read is given up: a pure policy, with the clock handed in.

Slow is fine, for it costs only colder reads; stalled is not, for it holds a socket and its buffer.
Progress is what counts: one byte drained within the limit and the subscriber stays.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standstill:
    """Since when a socket has not drained, and how much it held then."""

    since_s: float
    buffered_bytes: int


def observe(
    before: Standstill | None, *, paused: bool, buffered_bytes: int, now_s: float
) -> Standstill | None:
    """The standstill as of now; None while the socket takes bytes."""
    if not paused:
        return None
    if before is None or buffered_bytes < before.buffered_bytes:
        return Standstill(now_s, buffered_bytes)
    return before


def is_stalled(standstill: Standstill | None, *, limit_s: float, now_s: float) -> bool:
    """Whether it has lasted longer than the limit."""
    return standstill is not None and now_s - standstill.since_s > limit_s
