"""The broadcast over HTTP: lines (NDJSON), Server-Sent Events, and the items of a JSON page.

SSE ids are cursors (docs/protocol.md, "SSE"). On a topic with one partition each event carries its
own; elsewhere, and in bounded streams, whose ids carry the end too, a block without data ends every
write: by the WHATWG's rules it moves ``lastEventId`` and dispatches nothing, and so the events'
bytes are the same for everybody. (It has a name, for clients that dispatch it all the same.) A
write is a chunk (RFC 9112 section 7.1) for HTTP/1.1 and the bare body for HTTP/1.0 and for servers
that frame it themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from publisher.domain.encoding import Buffer, Encoding
from publisher.domain.resume import event_id

_CONTROL = re.compile(rb'\{"type":"([a-z]+)"(?:,"cursor":"([^"]*)")?')
_RETRY = re.compile(rb'"retry_after_ms":([0-9]+)\}$')


@dataclass(frozen=True, slots=True)
class Framing:
    """How a write's body is put on the wire, and what ends the body."""

    name: str
    frame: Callable[[list[Buffer]], list[Buffer]]
    end: Callable[[], bytes]


def chunk(buffers: list[Buffer]) -> list[Buffer]:
    """The buffers as one chunk."""
    return [b"%x\r\n" % sum(map(len, buffers)), *buffers, b"\r\n"]


CHUNKED = Framing("chunked", chunk, lambda: b"0\r\n\r\n")
BARE = Framing("bare", lambda buffers: buffers, bytes)


def ndjson(framing: Framing) -> Encoding:
    """The WebSocket's frames, a line each."""
    return Encoding(
        f"ndjson/{framing.name}",
        lambda frame: b"".join(framing.frame([frame, b"\n"])),
        "ndjson",
        "ndjson",
        lambda _, frame: frame + b"\n",
        None if framing is BARE else lambda buffers, _: framing.frame(buffers),
    )


def sse(framing: Framing, generation: str, partitions: int, end: str | None) -> Encoding:
    """Server-Sent Events; `end` is the cursor at which a bounded stream ends."""

    def wrap(frame: bytes) -> bytes:
        return b"".join(framing.frame([_control_block(frame, end)]))

    def mark(buffers: list[Buffer], cursor: str) -> list[Buffer]:
        return framing.frame(
            [*buffers, b"event: cursor\nid: %b\n\n" % event_id(cursor, end).encode()]
        )

    name = f"{framing.name}@{generation}"
    marked = Encoding(f"sse/{name}/{end or ''}", wrap, "sse", "sse", _data_block, mark)
    if partitions != 1 or end is not None:
        return marked
    suffix = generation.encode()

    def block(offset: int, frame: bytes) -> bytes:
        return b"id: 0:%d@%b\ndata: %b\n\n" % (offset + 1, suffix, frame)

    form = f"sse@{generation}"
    seal = None if framing is BARE else lambda buffers, _: framing.frame(buffers)
    return Encoding(f"sse-ids/{name}", wrap, "sse", form, block, seal, marked)


def _data_block(_: int, frame: bytes) -> bytes:
    return b"data: %b\n\n" % frame


def _control_block(frame: bytes, end: str | None) -> bytes:
    """A named event; with a cursor it has an id, with a time to wait it sets the client's."""
    head = _CONTROL.match(frame)
    kind, cursor = (b"message", None) if head is None else head.groups()
    lines = [b"event: %b\n" % kind]
    if cursor:
        lines.append(b"id: %b\n" % event_id(cursor.decode(), end).encode())
    if retry := _RETRY.search(frame):
        lines.append(b"retry: %b\n" % retry[1])
    return b"".join([*lines, b"data: ", frame, b"\n\n"])


def retry_line(ms: int) -> bytes:
    """How long an EventSource is to wait before it reconnects; begins the block that follows."""
    return b"retry: %d\n" % ms


ITEMS = Encoding(
    "json-page",
    lambda _: b"",
    "json",
    "items",
    lambda _, frame: b"{%b," % frame[len(b'{"type":"event",') :],
)
"""The items of a JSON page, each with a comma behind it."""
