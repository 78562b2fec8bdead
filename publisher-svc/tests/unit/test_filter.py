"""Filters: what passes, what can be asked for."""

from __future__ import annotations

import pytest

from publisher.domain.filter import EVERYTHING, MAX_TERMS, Filter, InvalidFilterError, parse_filter


def test_everything_takes_everything() -> None:
    assert parse_filter(None, []) is EVERYTHING
    assert EVERYTHING.takes_all
    assert EVERYTHING.takes_all_types
    assert EVERYTHING.takes_type("")
    assert EVERYTHING.takes_key(None)


@pytest.mark.parametrize(
    ("types", "name", "passes"),
    [
        ("a", "a", True),
        ("a", "ab", False),
        ("a,b", "b", True),
        ("order.*", "order.placed", True),
        ("order.*", "order.placed.late", True),
        ("order.*", "order", False),
        ("order.*", "orders.placed", False),
        ("order.*", "reorder.placed", False),
        ("a", "", False),
        ("bestellung.größe", "bestellung.größe", True),
    ],
)
def test_types(types: str, name: str, passes: bool) -> None:
    wanted = parse_filter(types, [])
    assert wanted.takes_type(name) is passes
    assert not wanted.takes_all
    assert not wanted.takes_all_types
    assert wanted.takes_key(None)


def test_keys_are_the_records_bytes() -> None:
    wanted = parse_filter(None, ["k", "ü"])
    assert (wanted.takes_key(b"k"), wanted.takes_key("ü".encode())) == (True, True)
    assert (wanted.takes_key(b"K"), wanted.takes_key(None), wanted.takes_key(b"")) == (
        False,
        False,
        False,
    )
    assert wanted.takes_all_types
    assert not wanted.takes_all
    assert wanted.takes_type("any")


@pytest.mark.parametrize(
    "types", ["", ",", "a,", ",a", "a b", " a", "*", ".*", "a*", "*.a", "a.*.b", "a.**", "a\t"]
)
def test_bad_types(types: str) -> None:
    with pytest.raises(InvalidFilterError):
        parse_filter(types, [])


def test_an_empty_key_is_refused() -> None:
    with pytest.raises(InvalidFilterError, match="key needs a value"):
        parse_filter(None, ["a", ""])


def test_too_many_terms_are_refused() -> None:
    most = ",".join(f"t{n}" for n in range(MAX_TERMS))
    parse_filter(most, [f"k{n}" for n in range(MAX_TERMS)])
    for types, keys in ((most + ",x.*", []), (None, ["k"] * (MAX_TERMS + 1))):
        with pytest.raises(InvalidFilterError, match="at most"):
            parse_filter(types, keys)


def test_equal_however_it_was_written() -> None:
    assert parse_filter("a,b.*,c.*,a", ["x", "y"]) == parse_filter("c.*,b.*,a", ["y", "x", "x"])
    assert hash(parse_filter("a", [])) == hash(Filter(types=frozenset({"a"})))
