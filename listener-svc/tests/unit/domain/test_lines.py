"""Lines out of any chunks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from listener.domain.lines import Lines


def cut(text: bytes, sizes: list[int], max_bytes: int) -> list[bytes | None]:
    lines, found, at = Lines(max_bytes), list[bytes | None](), 0
    for size in sizes:
        found += lines.feed(text[at : at + size])
        at += size
    return found + lines.feed(text[at:]) + lines.end()


def plainly(text: bytes, max_bytes: int) -> list[bytes | None]:
    parts = [part for part in text.split(b"\n") if part.strip(b" \t\r") or len(part) > max_bytes]
    return [part if len(part) <= max_bytes else None for part in parts]


@given(
    st.lists(st.sampled_from([b"a", b"bb", b" ", b"\n", b"\r\n", b"cccc", b"\t"])).map(b"".join),
    st.lists(st.integers(0, 7)),
    st.integers(1, 6),
)
def test_whatever_the_chunks_the_lines_are_the_same(
    text: bytes, sizes: list[int], max_bytes: int
) -> None:
    assert cut(text, sizes, max_bytes) == plainly(text, max_bytes)


def test_a_line_that_is_too_long_is_reported_as_soon_as_it_is_known() -> None:
    lines = Lines(4)
    assert lines.feed(b"abcde") == [None]
    assert lines.feed(b"f" * 1000) == []
    assert lines.feed(b"\nab\n") == [b"ab"]
