"""Patterns as the validator takes them: every answer about languages is held against it."""

from __future__ import annotations

import jsonschema_rs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from contracts.compatibility.automata import automaton
from contracts.compatibility.expressions import LAST, parse
from contracts.compatibility.languages import Found, Texts, apart, search, within
from contracts.compatibility.places import matches

_ATOMS = ["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", "(a|b)", "(?:ab|a)", "^", "$", r"\.", "(|a)"]
_QUANTIFIERS = ["", "", "*", "+", "?", "{2}", "{1,2}", "{1,}", "+?"]


def _patterns() -> st.SearchStrategy[str]:
    anchors = {"^", "$"}
    piece = st.builds(
        lambda atom, mark: atom if atom in anchors else atom + mark,
        st.sampled_from(_ATOMS),
        st.sampled_from(_QUANTIFIERS),
    )
    joined = st.lists(piece, min_size=1, max_size=4).map("".join)
    return st.lists(joined, min_size=1, max_size=2).map("|".join)


_TEXTS = st.text(alphabet="ab1.\n ", max_size=6)


def assume_judged_rightly(pattern: str, text: str) -> None:
    """The validator's usual engine joins repeats that stand side by side, and ``a+a*a+`` then takes
    ``a``; its other one, which knows no look-around, does not.
    """
    plain = jsonschema_rs.validator_for(
        {"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions()
    )
    assume(plain.is_valid(text) == matches(pattern, text))


@settings(max_examples=150, deadline=None)
@given(_patterns(), _TEXTS)
def test_an_automaton_finds_what_the_validator_finds(pattern: str, text: str) -> None:
    machine = automaton(pattern)
    assert machine is not None
    assume_judged_rightly(pattern, text)
    state = 0
    for letter in text:
        state = machine.step(state, ord(letter))
    assert machine.ends(state, empty=not text) == matches(pattern, text)


@settings(max_examples=150, deadline=None)
@given(_patterns(), _patterns(), st.lists(_TEXTS, min_size=5, max_size=20))
def test_what_is_said_of_two_patterns_holds_for_texts(
    one: str, other: str, tried: list[str]
) -> None:
    inside, outside = Texts(frozenset({one})), Texts(frozenset({other}))
    found = search(inside, outside)
    assert found is not None
    if found.text is not None:
        assume_judged_rightly(one, found.text)
        assume_judged_rightly(other, found.text)
        assert matches(one, found.text)
        assert not matches(other, found.text)
    for text in tried:
        assume_judged_rightly(one, text)
        assume_judged_rightly(other, text)
        if within(inside, outside) and matches(one, text):
            assert matches(other, text)
        assert not (apart(inside, outside) and matches(one, text) and matches(other, text))


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\d$",
        r"^\D$",
        r"^\w$",
        r"^\W$",
        r"^\s$",
        r"^\S$",
        "^.$",
        "^[^a]$",
        r"^[^\s\d]$",
    ],
)
def test_a_set_has_the_characters_that_the_validator_says(pattern: str) -> None:
    machine = automaton(pattern)
    assert machine is not None
    edges = {at for one in machine.ranges for pair in one for at in pair}
    near = {0, LAST, *(code + by for code in edges for by in (-1, 0, 1))}
    for code in near:
        if 0 <= code <= LAST and not 0xD800 <= code <= 0xDFFF:
            state = machine.step(0, code)
            assert machine.ends(state, empty=False) == matches(pattern, chr(code)), hex(code)


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            "(?=a)",
            "(?!a)a",
            "(?<=a)b",
            r"(a)\1",
            r"\p{L}",
            "(?i)a",
            "a{2}{3}",
            "a++",
            "[a&&b]",
            "[--/]",
        ),
        *("[[a]]", r"\<", r"\u{41}", "[a", "(a", "*", "a{", r"\cA", r"\ud83d", "[]", "a)", "[z-a]"),
    ],
)
def test_what_is_beyond_the_grammar_is_not_read(pattern: str) -> None:
    assert parse(pattern) is None
    assert automaton(pattern) is None
    assert search(Texts(frozenset({pattern})), Texts(least=1)) is None


def test_a_word_edge_is_read_and_not_searched() -> None:
    assert parse(r"\ba") is not None
    assert automaton(r"\ba") is None


@pytest.mark.parametrize(
    ("inside", "outside", "answer"),
    [
        (Texts(frozenset({"^[0-9]{4,5}$"})), Texts(frozenset({"^[0-9]{5}$"})), Found("0000")),
        (Texts(frozenset({"^[A-Z]{3}$"})), Texts(least=3, most=3), Found(None)),
        (Texts(most=4), Texts(most=3), Found("aaaa")),
        (Texts(frozenset({"^a*$"}), 2, 3), Texts(frozenset({"^aa"})), Found(None)),
        (Texts(frozenset({"^a", "b$"})), Texts(frozenset({"^a.*b$"})), Found("a\nb")),
        (Texts(frozenset({"^a$", "^b$"})), None, Found(None)),
        (Texts(least=1_000_000), Texts(most=5), None),
        (Texts(frozenset({"^(a{1,99}){1,99}$"})), Texts(most=5), None),
    ],
)
def test_a_search(inside: Texts, outside: Texts | None, answer: Found | None) -> None:
    assert search(inside, outside) == answer


def test_a_search_that_takes_too_long_is_given_up() -> None:
    many = Texts(frozenset({"a.{18}b"}))
    assert search(many, Texts(frozenset({"a.{18}[bc]", "b.{17}c"}))) is None
