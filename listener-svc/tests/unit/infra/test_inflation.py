"""Compressed bodies, bit by bit."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.infra.inflation import SLICE_BYTES, Inflater, InflationError


def inflate(encoding: str, data: bytes, chunk: int) -> bytes:
    inflater, out = Inflater(encoding), b""
    for at in range(0, len(data), chunk):
        out += b"".join(inflater.feed(data[at : at + chunk]))
    inflater.finish()
    return out


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(1, 50))
def test_members_of_gzip_in_any_chunks(members: list[bytes], chunk: int) -> None:
    packed = b"".join([gzip.compress(member) for member in members])
    assert inflate("gzip", packed, chunk) == b"".join(members)


@given(st.binary(), st.integers(1, 50))
def test_deflate_in_any_chunks(data: bytes, chunk: int) -> None:
    assert inflate("deflate", zlib.compress(data), chunk) == data


def test_a_bomb_comes_in_slices() -> None:
    bomb = gzip.compress(b"\0" * (5 << 20))
    slices = [len(piece) for piece in Inflater("gzip").feed(bomb)]
    assert max(slices) <= SLICE_BYTES
    assert sum(slices) == 5 << 20


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"plain"),
        ("gzip", gzip.compress(b"x")[:-1]),
        ("gzip", gzip.compress(b"x")[:-5] + b"wrong"),
        ("gzip", gzip.compress(b"x") + b"x"),
        ("deflate", zlib.compress(b"x") + b"x"),
        ("deflate", zlib.compress(b"x" * 100)[:5]),
        ("deflate", gzip.compress(b"x")),
    ],
)
def test_what_is_not_whole_or_not_valid_is_an_error(encoding: str, body: bytes) -> None:
    with pytest.raises(InflationError):
        inflate(encoding, body, 7)


def test_an_empty_body_is_empty() -> None:
    assert inflate("gzip", b"", 1) == b""
