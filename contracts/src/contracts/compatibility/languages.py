"""Texts that satisfy some patterns and lengths and not others, found by automata.

A search goes through all automata at once, the shortest text first, so its answer is exact: a text,
or that there is none. It gives up beyond a bound of its work, and on expressions that are not read.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from contracts.compatibility.automata import Automaton, automaton
from contracts.compatibility.depth import check_time
from contracts.compatibility.expressions import LAST, Ranges

_MAX_VISITS = 20_000
_MAX_LENGTH = 5000
_PLEASANT = "aAbBxX0129-_. /"
"""What a text is written with, where there is a choice."""
_SURROGATES = (0xD800, 0xDFFF)


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts in which every one of `patterns` is found, of `least` to `most` characters."""

    patterns: frozenset[str] = frozenset()
    least: int = 0
    most: float = math.inf

    @classmethod
    def of(cls, parts: Iterable[dict[str, Any]]) -> Texts:
        """What all of `parts` admit, as far as patterns and lengths say so."""
        listed = list(parts)
        return cls(
            frozenset(part["pattern"] for part in listed if "pattern" in part),
            max(
                (math.ceil(part["minLength"]) for part in listed if "minLength" in part), default=0
            ),
            min((part["maxLength"] for part in listed if "maxLength" in part), default=math.inf),
        )


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome of a search: the shortest `text`, or, where that is None, that there is none."""

    text: str | None


def within(inside: Texts, outside: Texts) -> bool:
    """Whether it is proved that all texts of `inside` are among those of `outside`."""
    if outside.patterns <= inside.patterns:
        outside = Texts(frozenset(), outside.least, outside.most)
    if not outside.patterns and outside.least <= inside.least and inside.most <= outside.most:
        return True
    return search(inside, outside) == Found(None)


def apart(one: Texts, other: Texts) -> bool:
    """Whether it is proved that no text is in both."""
    both = Texts(
        one.patterns | other.patterns, max(one.least, other.least), min(one.most, other.most)
    )
    return search(both, None) == Found(None)


@lru_cache(maxsize=4096)
def search(inside: Texts, outside: Texts | None) -> Found | None:
    """A text that is `inside` and not `outside`; None: the search was given up."""
    bounds = [b for one in (inside, outside) if one is not None for b in (one.least, one.most)]
    longest = int(max(b for b in bounds if b < math.inf)) + 1
    wanted = [automaton(pattern) for pattern in sorted(inside.patterns)]
    refused = [automaton(pattern) for pattern in sorted(outside.patterns if outside else ())]
    known = [one for one in (*wanted, *refused) if one is not None]
    if len(known) < len(wanted) + len(refused) or longest > _MAX_LENGTH:
        return None
    return _Search(known, len(wanted), inside, outside, longest).run()


@dataclass(frozen=True, slots=True)
class _Search:
    automata: Sequence[Automaton]
    wanted: int
    """The first so many automata are of `inside`."""
    inside: Texts
    outside: Texts | None
    longest: int
    """Lengths from here on are alike."""

    def run(self) -> Found | None:
        letters = _letters(self.automata)
        first = ((0,) * len(self.automata), 0)
        came: dict[Any, Any] = {first: None}
        pending = deque([first])
        while pending:
            check_time()
            here = pending.popleft()
            if self._ends(*here):
                return Found(_written(here, came))
            if len(came) > _MAX_VISITS:
                return None
            states, length = here
            for letter in letters:
                after = tuple(
                    one.step(state, letter)
                    for one, state in zip(self.automata, states, strict=True)
                )
                there = (after, min(length + 1, self.longest))
                if there not in came and not self._lost(*there):
                    came[there] = (here, letter)
                    pending.append(there)
        return Found(None)

    def _ends(self, states: tuple[int, ...], length: int) -> bool:
        if not self.inside.least <= length <= self.inside.most:
            return False
        matched = [
            one.ends(state, empty=length == 0)
            for one, state in zip(self.automata, states, strict=True)
        ]
        if not all(matched[: self.wanted]):
            return False
        if self.outside is None or not self.outside.least <= length <= self.outside.most:
            return True
        return not all(matched[self.wanted :])

    def _lost(self, states: tuple[int, ...], length: int) -> bool:
        return length > self.inside.most or any(
            one.lost(state)
            for one, state in zip(self.automata[: self.wanted], states, strict=False)
        )


def _letters(automata: Iterable[Automaton]) -> list[int]:
    """A character for each set of characters that no automaton tells apart."""
    ranges: list[Ranges] = sorted({one for each in automata for one in each.ranges})
    begins = {0, _SURROGATES[0], _SURROGATES[1] + 1}
    begins.update(at for one in ranges for low, high in one for at in (low, high + 1))
    chosen: dict[tuple[bool, ...], int] = {}
    candidates = [*map(ord, _PLEASANT), *sorted(b for b in begins if b <= LAST)]
    for letter in candidates:
        if not _SURROGATES[0] <= letter <= _SURROGATES[1]:
            alike = tuple(any(low <= letter <= high for low, high in one) for one in ranges)
            chosen.setdefault(alike, letter)
    return list(chosen.values())


def _written(here: Any, came: dict[Any, Any]) -> str:
    letters = []
    while came[here] is not None:
        here, letter = came[here]
        letters.append(chr(letter))
    return "".join(reversed(letters))
