from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from contracts.cursor import MAX_OFFSET, MAX_PARTITIONS, Cursor, parse_cursor
from contracts.errors import InvalidCursorError

offsets = st.integers(0, MAX_OFFSET)
generations = st.none() | st.text("0123456789abcdef", min_size=8, max_size=8)
cursors = st.builds(
    Cursor, st.lists(offsets, min_size=1, max_size=20).map(tuple), generation=generations
)


@given(cursors)
def test_a_cursor_comes_back_from_its_text(cursor: Cursor) -> None:
    assert parse_cursor(str(cursor)) == cursor


pieces = st.sampled_from(["0:1", "1:0", "1:9", "2:07", "0:", ":1", ",", "@3f9c21aa", "@", " ", "x"])
GRAMMAR = re.compile(r"0:[0-9]{1,19}(,1:[0-9]{1,19}(,2:[0-9]{1,19})?)?(@[0-9a-f]{8})?", re.ASCII)


@given(st.lists(pieces, max_size=6).map("".join) | st.text(max_size=30))
@example("0:1,1:9,2:07@3f9c21aa")
def test_what_is_taken_is_the_grammar_and_the_rest_is_refused(text: str) -> None:
    # no piece has a fourth partition, leading zeros or an offset beyond the bound
    if GRAMMAR.fullmatch(text):
        positions = re.findall(r":([0-9]+)", text)
        assert parse_cursor(text).positions == tuple(map(int, positions))
    else:
        with pytest.raises(InvalidCursorError):
            parse_cursor(text)


@given(cursors, st.integers(0, 30), st.integers(0, MAX_OFFSET - 1))
def test_after_moves_one_partition_and_knows_newer_ones(
    cursor: Cursor, partition: int, offset: int
) -> None:
    moved = cursor.after(partition, offset)
    assert moved.positions[partition] == offset + 1
    assert moved.generation == cursor.generation
    others = [at for p, at in enumerate(moved.positions) if p != partition]
    known = [at for p, at in enumerate(cursor.positions) if p != partition]
    assert others == known + [0] * (len(others) - len(known))
    assume(partition < len(cursor.positions))
    assert len(moved.positions) == len(cursor.positions)


def test_the_forms_of_the_protocol() -> None:
    assert parse_cursor("0:42,1:17@3f9c21aa") == Cursor((42, 17), "3f9c21aa")
    assert parse_cursor("0:42") == Cursor((42,))
    assert str(Cursor((42, 17))) == "0:42,1:17"
    assert parse_cursor(f"0:{MAX_OFFSET}").positions == (MAX_OFFSET,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "pair 1 is not partition:offset"),
        ("42", "pair 1 is not partition:offset"),
        ("0:42,", "pair 2 is not partition:offset"),
        ("0:-1", "pair 1 is not partition:offset"),
        ("0: 1", "pair 1 is not partition:offset"),
        ("0:1\n", "pair 1 is not partition:offset"),
        ("0:٣", "pair 1 is not partition:offset"),
        ("1:17", "pair 1 names partition 1 where 0 belongs"),
        ("0:1,2:3", "pair 2 names partition 2 where 1 belongs"),
        ("0:1,0:3", "pair 2 names partition 0 where 1 belongs"),
        (f"0:{MAX_OFFSET + 1}", "above 2^63-1"),
        ("0:99999999999999999999", "pair 1 is not partition:offset"),
        ("0:1@", "8 digits of 0-9 and a-f"),
        ("0:1@3F9C21AA", "8 digits of 0-9 and a-f"),
        ("0:1@3f9c21aa@3f9c21aa", "8 digits of 0-9 and a-f"),
        (",".join(f"{p}:0" for p in range(MAX_PARTITIONS + 1)), "at most 10000 positions"),
    ],
)
def test_refusals_say_what_and_where(text: str, said: str) -> None:
    with pytest.raises(InvalidCursorError, match=said.replace("^", r"\^")) as caught:
        parse_cursor(text)
    assert caught.value.code == "invalid-cursor"
    assert not caught.value.retriable


def test_a_refusal_does_not_echo_the_text() -> None:
    with pytest.raises(InvalidCursorError) as caught:
        parse_cursor("hunter2:<script>")
    assert "hunter2" not in str(caught.value)


def test_the_most_partitions_that_are_taken() -> None:
    text = ",".join(f"{p}:0" for p in range(MAX_PARTITIONS))
    assert len(parse_cursor(text).positions) == MAX_PARTITIONS
