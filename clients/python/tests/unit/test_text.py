"""What people read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.cli.text import advice, event_line, nack_lines, printable
from broadcaster.refusal import Refusal
from broadcaster.subscription import Received


def line(**event: object) -> str:
    return event_line(Received(0, 42, dict(event), b"")).plain


def test_an_event() -> None:
    assert line(time="T", type="a.b", partitionkey="k", data={"x": [1]}) == (
        '0:42  T  a.b  k  {"x":[1]}'
    )


def test_an_event_with_little_in_it() -> None:
    assert line(type="a.b") == "0:42  -  a.b"
    assert line(type="a.b", data=None) == "0:42  -  a.b  null"
    assert line(type="a.b", data_base64="AAEC") == "0:42  -  a.b  base64 AAEC"


@given(st.text())
def test_nothing_printed_can_steer_a_terminal(text: str) -> None:
    assert printable(text).isprintable()


@given(st.text(), st.text())
def test_nor_can_an_event(type_: str, key: str) -> None:
    assert line(type=type_, partitionkey=key).isprintable()


def test_ordinary_text_stays() -> None:
    assert printable("Grüße, 世界 👋") == "Grüße, 世界 👋"
    assert printable("a\x1b[2Jb") == r"a\x1b[2Jb"


def test_a_nack_lists_every_violation() -> None:
    errors = [{"pointer": "", "keyword": "required", "detail": "no id"}, {"pointer": "/a"}]
    refusal = Refusal("contract-violation", "It violates", "2", 400, False, {"errors": errors})
    assert nack_lines("line 7", refusal) == [
        "line 7: It violates (contract-violation): 2",
        "    (the whole)  required  no id",
        "    /a    ",
    ]


@pytest.mark.parametrize("kind", ["cursor-expired", "cursor-ahead", "cursor-foreign"])
def test_cursor_problems_have_a_way_out(kind: str) -> None:
    assert "--" in advice(Refusal(kind, "title"))


def test_no_advice_is_better_than_bad_advice() -> None:
    assert advice(Refusal("from-the-future", "title")) == ""
