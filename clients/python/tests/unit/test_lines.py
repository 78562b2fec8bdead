"""Chunks become lines."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from broadcaster.lines import Line, LineSplitter


def split(*chunks: bytes, max_bytes: int = 100) -> list[Line]:
    splitter = LineSplitter(max_bytes)
    return [line for chunk in chunks for line in splitter.feed(chunk)] + list(splitter.finish())


def test_a_line_over_several_chunks() -> None:
    assert split(b"a", b"b\nc", b"", b"d") == [Line(1, b"ab"), Line(2, b"cd")]


def test_endings_of_both_kinds_and_blank_lines() -> None:
    assert split(b"a\r\n\nb\n") == [Line(1, b"a"), Line(2, b""), Line(3, b"b")]


def test_a_byte_order_mark_is_no_text() -> None:
    assert split(b"\xef\xbb\xbfa\n\xef\xbb\xbfb") == [Line(1, b"a"), Line(2, b"\xef\xbb\xbfb")]


def test_a_line_above_the_bound_is_dropped_and_its_neighbours_are_not() -> None:
    assert split(b"ok\n" + b"x" * 3, b"x" * 3 + b"\nok\n", max_bytes=5) == [
        Line(1, b"ok"),
        Line(2, None),
        Line(3, b"ok"),
    ]
    assert split(b"x" * 9, max_bytes=5) == [Line(1, None)]


def test_the_bound_itself_is_allowed() -> None:
    assert split(b"x" * 5 + b"\n", max_bytes=5) == [Line(1, b"x" * 5)]


def test_nothing_is_no_line() -> None:
    assert split() == split(b"") == []


def test_a_dropped_line_is_not_held() -> None:
    splitter = LineSplitter(10)
    for _ in range(100):
        assert list(splitter.feed(b"x" * 9)) == []
        assert len(splitter._rest) <= 10


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=6))
def test_where_the_chunks_end_does_not_matter(content: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    chunks = [content[a:b] for a, b in itertools.pairwise(places)]
    assert split(*chunks) == split(content)
