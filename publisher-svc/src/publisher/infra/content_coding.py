"""Compression of what goes out over HTTP, by Accept-Encoding; every write is flushed whole.

zstd: each write is a frame of its own (RFC 8878 section 3.1 allows any number), which depends on
nothing else, so that the live lane's block is compressed once and shared. gzip has one checksum for
a whole answer, and so is made per connection: for answers that end, which never are in the live
lane. Figures: docs/adr/0018-compression-of-http.md.
"""

from __future__ import annotations

import itertools
import sys
import zlib
from collections.abc import Callable
from typing import Literal

from chassis.accepted import weight_of
from publisher.domain.encoding import Buffer
from publisher.domain.http_encodings import Framing

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CODINGS: tuple[Literal["zstd", "gzip"], ...] = ("zstd", "gzip")
"""In the order of preference."""

_LEVEL = 1
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_GZIP_LAST_BLOCK = b"\x03\x00"
_numbers = itertools.count()

Code = Callable[[Framing], Framing]


class ContentCodings:
    """The codings that are offered."""

    def __init__(self, offered: tuple[str, ...]) -> None:
        self._offered = [name for name in CODINGS if name in offered]
        # One for all: each call ends its frame, and all calls are on the event loop.
        self._zstd = zstd.ZstdCompressor(level=_LEVEL)

    def choose(self, accepted: str | None, *, ends: bool) -> str | None:
        """The best that is accepted, if any; `ends`: the answer is one that comes to its end."""
        if accepted is None:
            return None
        names = [name for name in self._offered if ends or name != "gzip"]
        weights = {name: weight_of(accepted, name, "*") for name in names}
        best = max(names, key=lambda name: weights[name], default=None)
        return best if best is not None and weights[best] > 0 else None

    def code(self, name: str | None) -> Code:
        """What makes a framing one of compressed writes."""
        if name == "zstd":
            return self._zstd_framing
        return _gzip_framing if name == "gzip" else lambda framing: framing

    def _zstd_framing(self, framing: Framing) -> Framing:
        def frame(buffers: list[Buffer]) -> list[Buffer]:
            data = self._zstd.compress(b"".join(buffers), zstd.ZstdCompressor.FLUSH_FRAME)
            return framing.frame([data])

        return Framing(f"{framing.name}+zstd", frame, framing.end)


def compress(name: str, body: bytes) -> bytes:
    """A whole body; may run in a thread."""
    if name == "zstd":
        return zstd.compress(body, level=_LEVEL)
    return zlib.compress(body, _LEVEL, wbits=31)


def _gzip_framing(framing: Framing) -> Framing:
    """RFC 1952: head, deflate blocks with nothing left in the compressor, checksum and length."""
    head, checksum, length = _GZIP_HEAD, 0, 0

    def frame(buffers: list[Buffer]) -> list[Buffer]:
        nonlocal head, checksum, length
        data = b"".join(buffers)
        checksum, length = zlib.crc32(data, checksum), length + len(data)
        compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)  # kept, it would hold 260 KiB
        block = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
        begun, head = head, b""
        return framing.frame([begun, block])

    def end() -> bytes:
        tail = [checksum.to_bytes(4, "little"), (length & 0xFFFFFFFF).to_bytes(4, "little")]
        return b"".join(framing.frame([head, _GZIP_LAST_BLOCK, *tail])) + framing.end()

    return Framing(f"{framing.name}+gzip{next(_numbers)}", frame, end)
