"""Integers that 64 bits cannot hold."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.domain.exactness import LEAST, MOST, is_inexact, may_be_inexact


@given(st.integers(-(10**25), 10**25) | st.sampled_from([LEAST, LEAST - 1, MOST, MOST + 1]))
def test_exactly_the_integers_beyond_64_bits_are_found(number: int) -> None:
    text = b'{"n":[%d],"e+":"e+"}' % number
    value = orjson.loads(text)
    found = may_be_inexact(value, orjson.dumps(value)) and is_inexact(text, None)
    assert found == (not LEAST <= number <= MOST)


@pytest.mark.parametrize("number", [b"1e300", b"-1.5E+20", b"18446744073709551616.0", b"0.1"])
def test_doubles_stand(number: bytes) -> None:
    assert not is_inexact(b"[%b]" % number, None)


def test_of_an_array_the_items_are_told_apart() -> None:
    text = b'[{"n":1e30},{"n":[99999999999999999999]},"99999999999999999999"]'
    assert [is_inexact(text, item) for item in range(3)] == [False, True, False]
    assert is_inexact(text, None)


def test_digits_without_end_cost_nothing() -> None:
    assert is_inexact(b"[" + b"9" * 100_000 + b"]", 0)


def test_what_is_too_deep_to_tell_is_not_taken() -> None:
    assert is_inexact(b"[" * 5000 + b"1" + b"]" * 5000, None)
