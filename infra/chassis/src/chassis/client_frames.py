"""What a WebSocket's client sends, cut at its frames: whole texts at once, the rest as it is.

The usual frames (a text message in one masked frame, RFC 6455 section 5.2, or a pong, that is
wholly here) are unmasked here, which takes a fraction of what the library takes for them.
Everything else is handed on byte for byte for the library to judge: other control frames,
fragments, binary messages, unfinished large ones, what is too long, no text, or breaks the
protocol. Invariant: texts and pieces come in the order in which they arrived, and the library is
never left within a frame while something is taken here. Holds no more than `HELD_BYTES` of an
unfinished frame. Nothing here closes, answers, or knows a transport.
"""

from __future__ import annotations

from websockets.frames import apply_mask  # type: ignore[attr-defined] # in C where it can be

HELD_BYTES = 16 << 10
"""An unfinished text frame of at most so many bytes is kept for the next read."""

_TEXT, _PONG = 0x81, 0x8A
_CONTINUATION, _CLOSE = 0x0, 0x8
_MASKED = 0x80
_CONTROL_BYTES = 125
_KNOWN = frozenset([0x0, 0x1, 0x2, 0x8, 0x9, 0xA])
"""Opcodes."""


class ClientFrames:
    """One connection's. `feed`, then `texts` and `piece` in turns until a piece is empty."""

    __slots__ = ("_at", "_data", "_max_bytes", "_owed", "broken", "pongs")

    def __init__(self, max_bytes: int) -> None:
        """`max_bytes` is what a message may have; longer ones are the library's to refuse."""
        self._max_bytes = max_bytes
        self._data = b""
        self._at = 0
        self._owed = 0
        """Bytes of a frame for the library that it has not been given."""
        self.broken = False
        """The protocol was broken: all that follows is the library's."""
        self.pongs: list[bytes] = []
        """What pongs said that were met between texts; whoever looks takes it away."""

    @property
    def held_bytes(self) -> int:
        """What is kept: between reads, the beginning of a frame."""
        return len(self._data)

    def feed(self, data: bytes) -> None:
        """Take what arrived."""
        self._data = self._data + data if self._data else data

    def texts(self, *, within_message: bool) -> list[str]:
        """The text messages up to the next frame that is not one, or the end of the data.

        `within_message`: the library holds fragments, so a text frame is an error for it to see.
        """
        found: list[str] = []
        data, at, end = self._data, self._at, len(self._data)
        usual = not (self._owed or self.broken or within_message)
        while usual and end - at >= 6:
            first, length, start = data[at], data[at + 1] - _MASKED, at + 6
            if first == _PONG and 0 <= length <= _CONTROL_BYTES and start + length <= end:
                at = start + length
                self.pongs.append(apply_mask(data[start:at], data[start - 4 : start]))
                continue
            if first != _TEXT:
                break
            if length == 126:
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 8
            elif length == 127:
                length, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 14
            stop = start + length
            if stop > end or not 0 <= length <= self._max_bytes:
                break
            try:
                text = apply_mask(data[start:stop], data[start - 4 : start]).decode()
            except UnicodeDecodeError:
                break
            found.append(text)
            at = stop
        self._at = at
        return found

    def piece(self, *, within_message: bool) -> bytes:
        """What comes next and is the library's; empty: all that is here was taken, or is held."""
        if not self._owed and not self.broken:
            self._look(within_message)
        end = len(self._data)
        stop = end if self.broken else min(end, self._at + self._owed)
        piece = self._data[self._at : stop]
        self._owed -= 0 if self.broken else len(piece)
        self._at = stop
        if not piece or stop == end:  # keep the beginning of a frame, not the read that it came in
            self._data, self._at = self._data[stop:], 0
        return piece

    def rest(self) -> bytes:
        """All that is left: the connection ends, and the library sees it through."""
        self.broken = True
        return self.piece(within_message=False)

    def _look(self, within_message: bool) -> None:
        """At the next frame's header, once it is there: how much of it is the library's."""
        data, at = self._data, self._at
        here = len(data) - at
        if here < 2:
            return
        first, length, header = data[at], data[at + 1] & ~_MASKED, 6
        control = bool(first & _CLOSE)
        if (
            first & 0x70
            or first & 0x0F not in _KNOWN
            or not data[at + 1] & _MASKED
            or (control and (length > _CONTROL_BYTES or first < _MASKED))
        ):
            self.broken = True
            return
        if length >= 126:
            header = 8 if length == 126 else 14
            if here < header:
                return
            length = int.from_bytes(data[at + 2 : at + header - 4], "big")
        size = header + length
        if first == _TEXT and not within_message and here < size <= HELD_BYTES:
            return
        self._owed = size
