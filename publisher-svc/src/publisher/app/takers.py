"""Which groups of the live lane take a type: asked of each filter once a type, not once a poll.

Most polls bring few types, most filters are narrow, and there may be as many filters as
subscribers. Filters by key alone take every type and are not asked. Knows nothing of members.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    """See the module. It looks into `groups`; `changed` tells it when a group came or went."""

    def __init__(self, groups: Mapping[Key, Members]) -> None:
        self._groups = groups
        self._by_type: dict[str, list[tuple[Key, Members]]] = {}
        self._taking_all: list[tuple[Key, Members]] | None = None
        self._narrow: list[tuple[Key, Members]] = []
        self._remembered = 0

    def __len__(self) -> int:
        """Of how many types is remembered who takes them."""
        return len(self._by_type)

    def changed(self) -> None:
        """Another group, or one less."""
        self._by_type.clear()
        self._taking_all = None

    def of(self, types: Iterable[str]) -> list[tuple[Key, Members]]:
        """The groups whose filters take any of these types, each once."""
        if self._taking_all is None:
            groups = list(self._groups.items())
            self._taking_all = [each for each in groups if each[0][0].takes_all_types]
            self._narrow = [each for each in groups if not each[0][0].takes_all_types]
            self._remembered = 0
        names = sorted(types)
        if not names:
            return []
        # by identity, for a filter's hash is looked up in Python
        takers = {id(each): each for name in names for each in self._of(name)}
        return [*self._taking_all, *takers.values()]

    def _of(self, name: str) -> list[tuple[Key, Members]]:
        takers = self._by_type.get(name)
        if takers is None:
            takers = [each for each in self._narrow if each[0][0].takes_type(name)]
            if len(self) >= MOST_TYPES or self._remembered + len(takers) > MOST_TAKERS:
                self._by_type.clear()
                self._remembered = 0
            self._by_type[name] = takers
            self._remembered += len(takers)
        return takers
