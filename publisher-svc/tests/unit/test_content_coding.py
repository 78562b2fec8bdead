"""Compressed writes: whatever the pieces, other people's decoders give the very bytes."""

from __future__ import annotations

import gzip
import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.domain.http_encodings import BARE, CHUNKED, Framing, sse
from publisher.infra.content_coding import CODINGS, ContentCodings, compress

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

WRITES = st.lists(st.lists(st.binary(max_size=2000), min_size=1, max_size=3), max_size=5)


def framing_of(name: str, under: Framing = BARE) -> Framing:
    return ContentCodings(CODINGS).code(name)(under)


def decode(name: str, wire: bytes) -> bytes:
    if not wire:
        return b""
    return zstd.decompress(wire) if name == "zstd" else gzip.decompress(wire)


@pytest.mark.parametrize("name", CODINGS)
@given(writes=WRITES)
def test_an_answer_comes_back(name: str, writes: list[list[bytes]]) -> None:
    framing = framing_of(name)
    wire = b"".join(b"".join(framing.frame([*write])) for write in writes) + framing.end()
    assert decode(name, wire) == b"".join(b"".join(write) for write in writes)


@pytest.mark.parametrize("name", CODINGS)
def test_every_write_can_be_read_at_once(name: str) -> None:
    framing = framing_of(name)
    unzip, unzstd = zlib.decompressobj(wbits=31), zstd.ZstdDecompressor()
    for text in (b"one", b"two", b"x" * 100_000):
        wire = b"".join(framing.frame([text]))
        if name == "gzip":
            assert unzip.decompress(wire) == text
            continue
        assert unzstd.decompress(wire) == text
        assert unzstd.eof, "a frame of its own"
        unzstd = zstd.ZstdDecompressor()


def test_a_cut_gzip_answer_is_no_whole_one() -> None:
    framing = framing_of("gzip")
    wire = b"".join(framing.frame([b"one"]))
    with pytest.raises(EOFError):
        gzip.decompress(wire)


def test_chunks_are_around_what_is_compressed() -> None:
    framing = framing_of("zstd", CHUNKED)
    head, *rest = framing.frame([b"x" * 5000])
    assert int(bytes(head), 16) == len(b"".join(rest)) - 2 < 100
    assert framing.end() == b"0\r\n\r\n"


def test_zstd_is_the_same_for_everybody_and_gzip_for_nobody_else() -> None:
    codings = ContentCodings(CODINGS)
    shared, own = codings.code("zstd"), codings.code("gzip")
    assert sse(shared(CHUNKED), "0badcafe", 2, None) == sse(shared(CHUNKED), "0badcafe", 2, None)
    assert sse(shared(CHUNKED), "0badcafe", 2, None) != sse(CHUNKED, "0badcafe", 2, None)
    assert sse(own(CHUNKED), "0badcafe", 2, "e") != sse(own(CHUNKED), "0badcafe", 2, "e")
    assert shared(BARE).frame([b"abc" * 50]) == shared(BARE).frame([b"abc" * 50])


@pytest.mark.parametrize(
    ("accepted", "ends", "chosen"),
    [
        (None, True, None),
        ("", True, None),
        ("identity", True, None),
        ("gzip, deflate, br, zstd", True, "zstd"),
        ("gzip, deflate, br, zstd", False, "zstd"),
        ("gzip, deflate, br", True, "gzip"),
        ("gzip, deflate, br", False, None),
        ("GZIP", True, "gzip"),
        ("zstd;q=0, gzip", True, "gzip"),
        ("zstd;q=0.5, gzip;q=0.8", True, "gzip"),
        ("*", True, "zstd"),
        ("*;q=0", True, None),
        ("*, zstd;q=0", True, "gzip"),
        ("gzip;q=x", True, None),
    ],
)
def test_what_is_accepted_decides(accepted: str | None, ends: bool, chosen: str | None) -> None:
    assert ContentCodings(CODINGS).choose(accepted, ends=ends) == chosen


def test_what_is_not_offered_is_not_chosen() -> None:
    assert ContentCodings(("gzip",)).choose("zstd, gzip", ends=True) == "gzip"
    assert ContentCodings(()).choose("zstd, gzip", ends=True) is None


@pytest.mark.parametrize("name", CODINGS)
def test_a_whole_body(name: str) -> None:
    assert decode(name, compress(name, b"page" * 1000)) == b"page" * 1000
