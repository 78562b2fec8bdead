"""Frames with what most tests do not care about filled in."""

from __future__ import annotations

from contracts.frames import hello_frame


def hello(
    cursor: str, *, until: str | None = None, tip: str | None = None, heartbeat_s: float = 15
) -> bytes:
    return hello_frame(
        cursor=cursor,
        until=until,
        tip=tip or cursor,
        truncated=False,
        topic="events",
        instance="fake",
        heartbeat_s=heartbeat_s,
    )
