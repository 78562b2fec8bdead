"""Which groups of the live lane may take something of a poll: found by its types and keys, and not
by asking each filter each time.

Most polls bring few types and keys, most filters are narrow, and there may be as many filters as
subscribers. Who asks for keys is found by them; of the others each is asked once a type. Knows
nothing of members.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from publisher.domain.encoding import Encoding
from publisher.domain.filter import Filter

MOST_TYPES = 1024
"""Types of which is remembered who takes them."""
MOST_TAKERS = 1 << 18
"""Groups that are remembered for all these types together: two megabytes."""

Key = tuple[Filter, Encoding]
Members = TypeVar("Members")


class Takers(Generic[Members]):
    """See the module. It is told when a group comes and when it goes."""

    def __init__(self) -> None:
        self._taking_all: dict[Key, tuple[Key, Members]] = {}
        self._narrow: dict[Key, tuple[Key, Members]] = {}
        self._by_type: dict[str, list[tuple[Key, Members]]] = {}
        self._by_key: dict[bytes, list[tuple[Key, Members]]] = {}
        self._remembered = 0

    @property
    def by_key(self) -> bool:
        """Somebody asks for keys."""
        return bool(self._by_key)

    def added(self, key: Key, members: Members) -> None:
        """Another group."""
        wanted, group = key[0], (key, members)
        if wanted.keys:
            for each in wanted.keys:
                self._by_key.setdefault(each, []).append(group)
        elif wanted.takes_all_types:
            self._taking_all[key] = group
        else:
            self._narrow[key] = group
            self._forget_types()

    def removed(self, key: Key, members: Members) -> None:
        """One less: the one with these very members."""
        wanted = key[0]
        for each in wanted.keys:
            left = [group for group in self._by_key[each] if group[1] is not members]
            if left:
                self._by_key[each] = left
            else:
                del self._by_key[each]
        if self._narrow.pop(key, None) is not None:
            self._forget_types()
        self._taking_all.pop(key, None)

    def of(self, types: Iterable[str], keys: Iterable[bytes]) -> list[tuple[Key, Members]]:
        """The groups whose filters may take something of these types and keys, each once."""
        names = sorted(types)
        if not names:
            return []
        # by identity, for a filter's hash is looked up in Python
        found = {id(each): each for name in names for each in self._of(name)}
        for key in keys:
            for each in self._by_key.get(key, ()):
                found[id(each)] = each
        return [*self._taking_all.values(), *found.values()]

    def _of(self, name: str) -> list[tuple[Key, Members]]:
        if not self._narrow:
            return []
        takers = self._by_type.get(name)
        if takers is None:
            takers = [each for each in self._narrow.values() if each[0][0].takes_type(name)]
            too_many = self._remembered + len(takers) > MOST_TAKERS
            if len(self._by_type) >= MOST_TYPES or too_many:
                self._forget_types()
            self._by_type[name] = takers
            self._remembered += len(takers)
        return takers

    def _forget_types(self) -> None:
        self._by_type.clear()
        self._remembered = 0
