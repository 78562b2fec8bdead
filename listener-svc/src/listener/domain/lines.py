"""Cuts a stream of bytes into lines, with bounded memory.

Invariant: never holds more than one line's bound and one chunk; a line that is longer is dropped
and reported in its place, once, and the next line is read as if nothing had been. Lines of nothing
but blanks are not reported: they keep a quiet stream open. Does not parse.
"""

from __future__ import annotations

_BLANKS = b" \t\r"


class Lines:
    """One stream; `max_bytes` bounds a line without its end."""

    __slots__ = ("_begun", "_dropping", "_max_bytes")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._begun = bytearray()
        self._dropping = False

    @property
    def held_bytes(self) -> int:
        """Of the line that has begun."""
        return len(self._begun)

    def feed(self, chunk: bytes) -> list[bytes | None]:
        """The lines that `chunk` completes, in order; None for one that is too long."""
        first, *others = chunk.split(b"\n")
        found: list[bytes | None] = []
        self._go_on(first, found)
        if others:
            self._complete(found)
            last = others.pop()
            for line in others:
                if len(line) > self._max_bytes:
                    found.append(None)
                elif line and line.strip(_BLANKS):
                    found.append(line)
            self._go_on(last, found)
        return found

    def end(self) -> list[bytes | None]:
        """The last line, if the stream ended without a line's end."""
        found: list[bytes | None] = []
        self._complete(found)
        return found

    def _go_on(self, part: bytes, found: list[bytes | None]) -> None:
        if self._dropping:
            return
        if len(self._begun) + len(part) > self._max_bytes:
            found.append(None)
            self._begun.clear()
            self._dropping = True
        else:
            self._begun += part

    def _complete(self, found: list[bytes | None]) -> None:
        line = bytes(self._begun)
        self._begun.clear()
        if not self._dropping and line.strip(_BLANKS):
            found.append(line)
        self._dropping = False
