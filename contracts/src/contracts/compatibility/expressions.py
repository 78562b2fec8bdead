"""Regular expressions of schemas, read into a tree.

The grammar is the common part of ECMA-262's, with the meaning that the validator gives it: digits
and word characters are ASCII, a dot is anything but a line feed, ^ and $ are the ends of the text.
What is beyond it (look-around, back-references, flags, properties of Unicode) is not read: `parse`
says None.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]
"""Code points, from and to inclusive, in order and apart."""

LAST = 0x10FFFF
_SURROGATES = (0xD800, 0xDFFF)


@dataclass(frozen=True, slots=True)
class Char:
    """One character of these."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Edge:
    """Nothing, at a place: ``^``, ``$``, or ``b`` for a word's edge, which is only sampled."""

    mark: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of them."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`item` again and again; `most` None: without an end."""

    item: Expression
    least: int
    most: int | None


Expression: TypeAlias = Char | Edge | Sequence | Choice | Repeat


class _BeyondError(Exception):
    """An expression outside the grammar."""


@lru_cache(maxsize=2048)
def parse(pattern: str) -> Expression | None:
    """The tree of `pattern`; None: it is beyond this grammar."""
    reader = _Reader(pattern)
    try:
        found = reader.alternatives()
        reader.expect("")
    except (_BeyondError, IndexError, ValueError, RecursionError):
        return None
    return found


def union(*ranges: tuple[int, int]) -> Ranges:
    """These ranges in order, joined where they touch."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def inverted(ranges: Ranges) -> Ranges:
    """Every other character."""
    found, begin = [], 0
    for low, high in union(*ranges, _SURROGATES):
        if begin < low:
            found.append((begin, low - 1))
        begin = high + 1
    return (*found, (begin, LAST)) if begin <= LAST else tuple(found)


def _of(characters: str) -> Ranges:
    return union(*((ord(one), ord(one)) for one in characters))


_DIGIT: Ranges = ((0x30, 0x39),)
_WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE = union(
    *((0x9, 0xD), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A)),
    *((0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
_SETS: dict[str, Ranges] = {
    "d": _DIGIT,
    "D": inverted(_DIGIT),
    "w": _WORD,
    "W": inverted(_WORD),
    "s": _SPACE,
    "S": inverted(_SPACE),
    **{name: _of(one) for name, one in zip("ntrfv", "\n\t\r\f\v", strict=True)},
}
_ANY = inverted(_of("\n"))
_OTHERWISE_IN_CLASS = ("[", "&&", "--", "~~")
"""What the validator reads as an operation on sets."""


@dataclass(slots=True)
class _Reader:
    pattern: str
    at: int = 0

    def alternatives(self) -> Expression:
        found = [self._sequence()]
        while self._next() == "|":
            self.at += 1
            found.append(self._sequence())
        return found[0] if len(found) == 1 else Choice(tuple(found))

    def expect(self, wanted: str) -> None:
        if self._next() != wanted:
            raise _BeyondError
        self.at += len(wanted)

    def _next(self) -> str:
        return self.pattern[self.at] if self.at < len(self.pattern) else ""

    def _take(self) -> str:
        taken = self.pattern[self.at]
        self.at += 1
        return taken

    def _sequence(self) -> Expression:
        items: list[Expression] = []
        while self._next() not in {"", "|", ")"}:
            items.append(self._quantified(self._atom()))
        return Sequence(tuple(items))

    def _quantified(self, item: Expression) -> Expression:
        mark = self._next()
        if mark in {"*", "+", "?"} and mark:
            self.at += 1
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[mark]
        elif mark == "{":
            end = self.pattern.index("}", self.at)
            low, comma, high = self.pattern[self.at + 1 : end].partition(",")
            least, most = int(low), (int(high) if high else None) if comma else int(low)
            self.at = end + 1
        else:
            return item
        if self._next() == "?":  # lazy: another match, the same texts
            self.at += 1
        if self._next() in {"*", "+", "?", "{"} and self._next():
            raise _BeyondError
        if most is not None and most < least:
            raise _BeyondError
        return Repeat(item, least, most)

    def _atom(self) -> Expression:
        taken = self._take()
        if taken in "^$":
            return Edge(taken)
        if taken == "(":
            return self._group()
        if taken == "[":
            return Char(self._class())
        if taken == ".":
            return Char(_ANY)
        if taken == "\\":
            if self._next() in {"b", "B"} and self._next():
                self.at += 1
                return Edge("b")
            return Char(self._escape())
        if taken in "*+?{":
            raise _BeyondError
        return Char(_of(taken))

    def _group(self) -> Expression:
        if self._next() == "?":
            if self.pattern.startswith("?:", self.at):
                self.at += 2
            elif self.pattern.startswith("?<", self.at) and self.pattern[self.at + 2].isalpha():
                self.at = self.pattern.index(">", self.at) + 1
            else:
                raise _BeyondError
        inner = self.alternatives()
        self.expect(")")
        return inner

    def _escape(self) -> Ranges:
        letter = self._take()
        if letter in {"u", "x"}:
            return self._code(4 if letter == "u" else 2)
        if letter in _SETS:
            return _SETS[letter]
        if letter.isalnum() or letter in "<>" or not letter.isascii():
            raise _BeyondError
        return _of(letter)

    def _code(self, digits: int) -> Ranges:
        self.at += digits
        code = int(self.pattern[self.at - digits : self.at], 16)
        if self.at > len(self.pattern) or _SURROGATES[0] <= code <= _SURROGATES[1]:
            raise _BeyondError
        return ((code, code),)

    def _class(self) -> Ranges:
        negated = self._next() == "^"
        self.at += negated
        found: list[tuple[int, int]] = []
        if self._next() == "]":
            raise _BeyondError
        while self._next() != "]":
            if self.pattern.startswith(_OTHERWISE_IN_CLASS, self.at):
                raise _BeyondError
            low = self._member()
            if self._next() == "-" and self.pattern[self.at + 1] != "]":
                self.at += 1
                high = self._member()
                if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1]:
                    raise _BeyondError
                if high[0][0] != high[0][1] or low[0][0] > high[0][0]:
                    raise _BeyondError
                found.append((low[0][0], high[0][0]))
            else:
                found.extend(low)
        self.at += 1
        return inverted(union(*found)) if negated else union(*found)

    def _member(self) -> Ranges:
        taken = self._take()
        return self._escape() if taken == "\\" else _of(taken)
