"""Which events a subscriber wants: by type and by key, never by parsing an event.

A filter is a value: equal filters share blocks. It is asked once per distinct type or key of a
page, not once per event.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_TERMS = 100
"""More types or keys than this in one request are refused."""

_TYPE = re.compile(r"[^\s,*]+(\.\*)?")


class InvalidFilterError(ValueError):
    """The message says what is wrong with the parameter."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Events whose type is in `types` or begins with one of `prefixes`, and whose key is in `keys`.

    An empty part lets everything through.
    """

    types: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    keys: frozenset[bytes] = frozenset()

    @property
    def takes_all(self) -> bool:
        """Nothing is filtered."""
        return not (self.types or self.prefixes or self.keys)

    @property
    def takes_all_types(self) -> bool:
        """Only keys are filtered, if anything is."""
        return not (self.types or self.prefixes)

    def takes_type(self, name: str) -> bool:
        """Whether events of this type pass."""
        return self.takes_all_types or name in self.types or name.startswith(self.prefixes)

    def takes_key(self, key: bytes | None) -> bool:
        """Whether events with this key pass."""
        return not self.keys or key in self.keys


EVERYTHING = Filter()


def parse_filter(types: str | None, keys: list[str]) -> Filter:
    """Read ``type=a,order.*`` and the repeatable ``key=``.

    Raises:
        InvalidFilterError: an empty term, a ``*`` anywhere but after a last dot, or too many terms.
    """
    exact: set[str] = set()
    prefixes: set[str] = set()
    for term in [] if types is None else types.split(","):
        if not _TYPE.fullmatch(term):
            raise InvalidFilterError(
                "type takes event types separated by commas, each whole (order.placed) or ending "
                "in .* (order.*)"
            )
        if term.endswith(".*"):
            prefixes.add(term[:-1])
        else:
            exact.add(term)
    if any(not key for key in keys):
        raise InvalidFilterError("key needs a value; events without a key cannot be asked for")
    if len(exact) + len(prefixes) > MAX_TERMS or len(keys) > MAX_TERMS:
        raise InvalidFilterError(f"at most {MAX_TERMS} types and {MAX_TERMS} keys in one request")
    if not (exact or prefixes or keys):
        return EVERYTHING
    return Filter(
        frozenset(exact), tuple(sorted(prefixes)), frozenset(key.encode() for key in keys)
    )
