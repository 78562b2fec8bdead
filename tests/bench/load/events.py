"""The benchmarks' events: every byte follows from partition, number, kind and time stamp.

So whoever receives one can tell whether it is the right one, and whole. A template says how, for
the writers here and for the verifiers: ``%P`` partition, ``%O`` number, ``%N`` number in 12 digits,
``%K`` number modulo `KINDS` in 2 digits, ``%T`` nanoseconds of the epoch in 19 digits. Numbers
count per partition from 0 and are the record's offset: each topic has one writer, the benchmark.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

KINDS = 50
"""Distinct event types where events are of more than one."""

EVENT_BYTES = 300
_MARK = re.compile(rb"%([PONKT])")
_WIDTHS = {b"P": "d", b"O": "d", b"N": "012d", b"K": "02d", b"T": "019d"}


def event_template(kind: bytes = b"message.posted", size_bytes: int = EVENT_BYTES) -> bytes:
    """An event of `size_bytes`; a `kind` with ``%K`` makes `KINDS` types of it."""
    head = (
        b'{"specversion":"1.0","id":"bench-%P-%N","source":"/bench","type":"' + kind + b'",'
        b'"time":"2026-01-01T00:00:00Z","data":{"text":"%T '
    )
    tail = b'"}}'
    known = len(made(head)(0, 0, 0)) + len(tail)
    return head + b"x" * (size_bytes - known) + tail


def frame_template(event: bytes) -> bytes:
    """The publisher's frame of such an event; docs/protocol.md, section 3."""
    return b'{"type":"event","partition":%P,"offset":%O,"event":' + event + b"}"


def made(template: bytes) -> Callable[[int, int, int], bytes]:
    """What makes bytes of it: called with partition, number and time stamp."""
    marks = _MARK.findall(template)
    text = template.decode().replace("{", "{{").replace("}", "}}")
    for mark in set(marks):
        text = text.replace(f"%{mark.decode()}", f"{{{mark.decode()}:{_WIDTHS[mark]}}}")

    def make(partition: int, number: int, stamp_ns: int) -> bytes:
        values = {"P": partition, "O": number, "N": number, "K": number % KINDS, "T": stamp_ns}
        return text.format_map(values).encode()

    return make


def stamp_ns() -> int:
    """Now, as ``%T`` has it."""
    return time.time_ns()
