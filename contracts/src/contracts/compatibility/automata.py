"""An automaton for one regular expression: which texts it is found in.

States are made when they are first reached. Where the expression is found is of no interest, so a
state in which it has been found already stays so whatever follows.
"""

from __future__ import annotations

from contracts.compatibility.expressions import (
    Char,
    Choice,
    Edge,
    Expression,
    Ranges,
    Repeat,
    parse,
)

_MAX_NODES = 6000
_BEGIN, _FOUND = 0, 1


class TooLargeError(Exception):
    """More nodes than an automaton may have."""


class Automaton:
    """Reads a text, a character at a time; a state is a number, the first is 0."""

    def __init__(self, expression: Expression) -> None:
        """Prepare for `expression`.

        Raises:
            TooLargeError: it repeats too much.
        """
        self.ranges: set[Ranges] = set()
        self._steps: list[list[tuple[Ranges, int]]] = [[], []]
        self._jumps: list[list[tuple[str, int]]] = [[], []]
        start = self._node()
        self._jumps[_BEGIN].append(("", start))
        self._jumps[self._add(expression, start)].append(("", _FOUND))
        self._sets: list[frozenset[int]] = []
        self._numbers: dict[frozenset[int], int] = {}
        self._next: dict[tuple[int, int], int] = {}
        self._number(self._closed({_BEGIN}, "^"))

    def step(self, state: int, character: int) -> int:
        """The state after one more character."""
        key = (state, character)
        if key not in self._next:
            before = self._sets[state]
            if _FOUND in before:
                self._next[key] = state
            else:
                after = {
                    to
                    for node in before
                    for ranges, to in self._steps[node]
                    if any(low <= character <= high for low, high in ranges)
                }
                self._next[key] = self._number(self._closed({_BEGIN, *after}, ""))
        return self._next[key]

    def ends(self, state: int, *, empty: bool) -> bool:
        """Whether the expression is found in a text that ends in `state`."""
        return _FOUND in self._closed(self._sets[state], "^$" if empty else "$")

    def lost(self, state: int) -> bool:
        """Whether it is found neither here, where one character or more was read, nor later."""
        return not any(self._steps[node] for node in self._sets[state]) and not self.ends(
            state, empty=False
        )

    def _number(self, found: frozenset[int]) -> int:
        known = self._numbers.setdefault(found, len(self._sets))
        if known == len(self._sets):
            self._sets.append(found)
        return known

    def _closed(self, nodes: set[int] | frozenset[int], passed: str) -> frozenset[int]:
        found, pending = set(nodes), list(nodes)
        while pending:
            for mark, to in self._jumps[pending.pop()]:
                if to not in found and (not mark or mark in passed):
                    found.add(to)
                    pending.append(to)
        return frozenset({_FOUND}) if _FOUND in found else frozenset(found)

    # -- building -------------------------------------------------------------------------------

    def _node(self) -> int:
        if len(self._steps) >= _MAX_NODES:
            raise TooLargeError
        self._steps.append([])
        self._jumps.append([])
        return len(self._steps) - 1

    def _add(self, expression: Expression, start: int) -> int:
        """Add `expression` from the node `start` on; the node where it ends."""
        match expression:
            case Char():
                self.ranges.add(expression.ranges)
                end = self._node()
                self._steps[start].append((expression.ranges, end))
                return end
            case Edge():
                end = self._node()
                self._jumps[start].append((expression.mark, end))
                return end
            case Choice():
                end = self._node()
                for item in expression.items:
                    first = self._node()
                    self._jumps[start].append(("", first))
                    self._jumps[self._add(item, first)].append(("", end))
                return end
            case Repeat():
                return self._repeat(expression, start)
            case _:
                for item in expression.items:
                    start = self._add(item, start)
                return start

    def _repeat(self, expression: Repeat, start: int) -> int:
        for _ in range(expression.least):
            start = self._add(expression.item, start)
        if expression.most is None:
            inner, end = self._node(), self._node()
            self._jumps[start].append(("", inner))
            self._jumps[self._add(expression.item, inner)].append(("", inner))
            self._jumps[inner].append(("", end))
            return end
        end = self._node()
        self._jumps[start].append(("", end))
        for _ in range(expression.most - expression.least):
            start = self._add(expression.item, start)
            self._jumps[start].append(("", end))
        return end


def automaton(pattern: str) -> Automaton | None:
    """The automaton of `pattern`; None: it is beyond the grammar, or too large."""
    expression = parse(pattern)
    if expression is None or _has_word_edge(expression):
        return None
    try:
        return Automaton(expression)
    except (TooLargeError, RecursionError):
        return None


def _has_word_edge(expression: Expression) -> bool:
    match expression:
        case Edge():
            return expression.mark == "b"
        case Char():
            return False
        case Repeat():
            return _has_word_edge(expression.item)
        case _:
            return any(map(_has_word_edge, expression.items))
