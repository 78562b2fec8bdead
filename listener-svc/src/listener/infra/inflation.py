"""Content-Encoding of request bodies: gzip and deflate, inflated bit by bit.

Sans I/O. Invariant: hands out slices of bounded size, so that whoever counts them can stop long
before a bomb has gone off; what is not whole or not valid raises, it never ends early in silence.
Bounding the sum is the reader's part.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

SLICE_BYTES = 64 << 10

ENCODINGS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
"""Those taken, by what zlib calls them. ``deflate`` is zlib's format (RFC 9110 section 8.4.1.2)."""


class InflationError(Exception):
    """The body is not what its Content-Encoding says; the message says how."""

    code = "invalid-request"
    retriable = False


class Inflater:
    """One body of one encoding; members of a gzip body may follow each other (RFC 1952)."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._window_bits = ENCODINGS[encoding]
        self._member = zlib.decompressobj(self._window_bits)
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` inflates to, in slices.

        Raises:
            InflationError: it is not of this encoding.
        """
        while data:
            self._begun = True
            try:
                piece = self._member.decompress(data, SLICE_BYTES)
            except zlib.error as error:
                raise InflationError(f"the body is not valid {self._encoding}") from error
            if piece:
                yield piece
            if self._member.eof:
                data = self._member.unused_data
                if data and self._window_bits == zlib.MAX_WBITS:
                    raise InflationError("something follows the end of the deflate body")
                if data:
                    self._member = zlib.decompressobj(self._window_bits)
            else:
                data = self._member.unconsumed_tail

    def finish(self) -> None:
        """The body is over.

        Raises:
            InflationError: it was cut short.
        """
        if self._begun and not self._member.eof:
            raise InflationError(f"the {self._encoding} body is cut short")
