"""Sample texts: for a length, a format, or a regular expression.

The expression's grammar is the common part of ECMA-262's: what is beyond it (look-around,
back-references) yields no sample. Samples are suggestions, never answers: whoever takes one
checks it with the validator.
"""

from __future__ import annotations

import random
import string
from dataclasses import dataclass

FORMATS: dict[str, tuple[str, ...]] = {
    "date-time": ("2026-11-22T10:15:00Z", "2024-02-29T23:59:59.5+02:00"),
    "date": ("2026-11-22", "2024-02-29"),
    "time": ("10:15:00Z", "23:59:59.5+02:00"),
    "duration": ("PT15M", "P1Y2M3DT4H"),
    "email": ("someone@example.org", "a.b+c@example.org"),
    "idn-email": ("someone@example.org", "jürgen@exämple.org"),
    "hostname": ("host.example.org", "localhost"),
    "idn-hostname": ("host.example.org", "exämple.org"),
    "ipv4": ("192.0.2.1", "0.0.0.0"),  # noqa: S104 - a sample text, not an address to bind to
    "ipv6": ("2001:db8::1", "::"),
    "uri": ("https://example.org/a?b=c#d", "urn:example:a"),
    "uri-reference": ("/a/b?c=d", "https://example.org/", "#"),
    "iri": ("https://example.org/ä", "urn:example:ä"),
    "iri-reference": ("/ä", "https://example.org/"),
    "uri-template": ("/a/{b}", "/a"),
    "uuid": ("0199f3c0-5c1e-7b2a-9d40-1f6f2a7c8e01", "00000000-0000-0000-0000-000000000000"),
    "json-pointer": ("/a/0", ""),
    "relative-json-pointer": ("1/a", "0"),
    "regex": ("^a+$", ""),
}
_WORD = string.ascii_letters + string.digits + "_"
_ANY = string.ascii_lowercase + string.ascii_uppercase + string.digits + " -_.,é"
_MORE = 3
"""Repetitions beyond the least that an unbounded quantifier is tried with."""


def of_length(length: int) -> str:
    """A text of so many characters."""
    return ("abcdefghijklmnopqrstuvwxyz" * (length // 26 + 1))[:length]


def of_pattern(pattern: str, rng: random.Random) -> str | None:
    """A text in which `pattern` is probably found; None: the expression is beyond this grammar."""
    try:
        return _Reader(pattern, rng).alternatives()
    except (_BeyondError, IndexError, ValueError):
        return None


class _BeyondError(Exception):
    """An expression outside the grammar."""


@dataclass(slots=True)
class _Reader:
    """Reads the expression and writes a sample as it goes."""

    pattern: str
    rng: random.Random
    at: int = 0

    def alternatives(self) -> str:
        found = [self._sequence()]
        while self._next() == "|":
            self.at += 1
            found.append(self._sequence())
        return self.rng.choice(found)

    def _next(self) -> str:
        return self.pattern[self.at] if self.at < len(self.pattern) else ""

    def _take(self) -> str:
        taken = self.pattern[self.at]
        self.at += 1
        return taken

    def _sequence(self) -> str:
        written: list[str] = []
        while self._next() not in {"", "|", ")"}:
            start = self.at
            sample = self._atom()
            end = self.at
            least, most = self._quantifier()
            count = self.rng.randint(least, min(most, least + _MORE))
            if count == 0:
                continue
            written.append(sample)
            for _ in range(count - 1):  # each repetition is drawn anew
                after = self.at
                self.at = start
                written.append(self._atom())
                self.at = max(after, end)
        return "".join(written)

    def _quantifier(self) -> tuple[int, int]:
        mark = self._next()
        if mark in {"*", "+", "?"}:
            self.at += 1
            found = {"*": (0, 99), "+": (1, 99), "?": (0, 1)}[mark]
        elif mark == "{":
            end = self.pattern.index("}", self.at)
            low, comma, high = self.pattern[self.at + 1 : end].partition(",")
            found = (int(low), int(high or 10_000) if comma else int(low))
            self.at = end + 1
        else:
            return 1, 1
        if self._next() == "?":
            self.at += 1
        return found

    def _atom(self) -> str:
        taken = self._take()
        if taken in "^$":
            return ""
        if taken == "(":
            return self._group()
        if taken == "[":
            return self._class()
        if taken == ".":
            return self.rng.choice(_ANY)
        if taken == "\\":
            return self._escape()
        if taken in "*+?{":
            raise _BeyondError
        return taken

    def _group(self) -> str:
        if self._next() == "?":
            if not self.pattern.startswith("?:", self.at):
                raise _BeyondError
            self.at += 2
        inner = self.alternatives()
        if self._take() != ")":
            raise _BeyondError
        return inner

    def _escape(self) -> str:
        taken = self._take()
        if taken in "bB":
            return ""
        if taken == "u":
            self.at += 4
            return chr(int(self.pattern[self.at - 4 : self.at], 16))
        if taken == "x":
            self.at += 2
            return chr(int(self.pattern[self.at - 2 : self.at], 16))
        return self.rng.choice(self._set(taken))

    def _set(self, letter: str) -> str:
        known = {
            "d": string.digits,
            "w": _WORD,
            "s": " ",
            "D": string.ascii_letters + " ",
            "W": " -.,",
            "S": _WORD + "-",
            "n": "\n",
            "t": "\t",
            "r": "\r",
        }
        if letter in known:
            return known[letter]
        if letter.isalnum():
            raise _BeyondError
        return letter

    def _class(self) -> str:
        negated = self._next() == "^"
        self.at += negated
        members: set[str] = set()
        while self._next() != "]":
            low = self._member()
            if self._next() == "-" and self.pattern[self.at + 1] != "]" and len(low) == 1:
                self.at += 1
                high = self._member()
                members.update(map(chr, range(ord(low), min(ord(high), ord(low) + 200) + 1)))
            else:
                members.update(low)
        self.at += 1
        allowed = sorted(members if not negated else set(_ANY + _WORD + "!/:") - members)
        if not allowed:
            raise _BeyondError
        return self.rng.choice(allowed)

    def _member(self) -> str:
        taken = self._take()
        if taken != "\\":
            return taken
        letter = self._take()
        if letter == "u":
            self.at += 4
            return chr(int(self.pattern[self.at - 4 : self.at], 16))
        return "\b" if letter == "b" else self._set(letter)
