from __future__ import annotations

import random
from itertools import islice
from typing import Any

import pytest

from contracts.compatibility import texts
from contracts.compatibility.dialects import asserted_format
from contracts.compatibility.places import matches
from contracts.compatibility.samples import Samples
from contracts.compatibility.variants import Variants

from .edits import EDITS
from .schemas import version_of


@pytest.mark.parametrize(
    "pattern",
    [
        "^[A-Z]{3}$",
        r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,4})?$",
        "^[A-Z0-9][A-Z0-9-]{1,31}$",
        r"^\d{4}-\d{2}$",
        "a|b|cd+",
        "^(?:x[^y]z)*$",
        r"^\u0041\x42\.\w+?\s$",
        "[a-]",
        "",
    ],
)
def test_a_text_for_a_pattern(pattern: str) -> None:
    rng = random.Random(1)
    drawn = [texts.of_pattern(pattern, rng) for _ in range(50)]
    assert all(text is not None and matches(pattern, text) for text in drawn)


@pytest.mark.parametrize(
    "pattern", ["(?=a)b", r"(a)\1", "[", "a{", "(a", r"\p{L}", "*", "[^\\d\\D]"]
)
def test_a_pattern_beyond_the_grammar_has_no_sample(pattern: str) -> None:
    rng = random.Random(1)
    drawn = [texts.of_pattern(pattern, rng) for _ in range(5)]
    assert all(text is None or "[^" in pattern for text in drawn)


@pytest.mark.parametrize("name", sorted(texts.FORMATS))
def test_the_samples_of_a_format_are_valid(name: str) -> None:
    assert asserted_format(name, 20)
    judge = version_of({"type": "string", "format": name}).judge
    assert [text for text in texts.FORMATS[name] if not judge.is_valid(text)] == []


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name.replace(" ", "-"))
def test_samples_of_a_schema_are_mostly_valid(edit: Any) -> None:
    version = version_of(edit.older)
    samples = Samples(version.normal, random.Random(1))
    plain = [samples.plain() for _ in range(20)]
    assert sum(map(version.judge.is_valid, plain)) >= 10
    assert any(
        map(version.judge.is_valid, islice(Variants(samples, version.normal).everywhere(), 50))
    )


def test_variants_of_a_recursive_schema_end() -> None:
    node = {"properties": {"l": {"$ref": "#"}, "r": {"$ref": "#"}, "v": {"type": "integer"}}}
    version = version_of({"type": "object", **node})
    samples = Samples(version.normal, random.Random(1))
    assert len(list(Variants(samples, version.normal).everywhere())) < 2000


def test_a_schema_that_asks_for_ever_more_of_itself_is_given_up() -> None:
    version = version_of({"type": "array", "minItems": 3, "items": {"$ref": "#"}})
    assert isinstance(Samples(version.normal, random.Random(1)).plain(), list)
