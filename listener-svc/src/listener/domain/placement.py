"""Which partition a record goes to.

Keyed records go where every Kafka client would put them (the hash is given, so that this stays
pure); records without a key fill one partition's batch at a time. Invariant: equal keys, equal
partition, as long as the number of partitions is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence


class Placement:
    """The choice of partition; `hash_key` is Kafka's murmur2."""

    __slots__ = ("_count", "_current", "_hash_key", "_writable")

    def __init__(self, hash_key: Callable[[bytes], int]) -> None:
        self._hash_key = hash_key
        self._count = 0
        self._writable: Sequence[int] = ()
        self._current = 0

    def update(self, count: int, writable: Sequence[int]) -> None:
        """The topic has `count` partitions, of which `writable` have a leader."""
        self._count = count
        self._writable = writable or range(count)

    @property
    def known(self) -> bool:
        """Whether the topic's partitions are known at all."""
        return self._count > 0

    def partition_of(self, key: bytes | None) -> int:
        """The partition for `key`; only when `known`."""
        if key is None:
            return self._writable[self._current % len(self._writable)]
        return (self._hash_key(key) & 0x7FFFFFFF) % self._count

    def batch_taken(self) -> None:
        """A batch left: records without a key go on with the next partition."""
        self._current = (self._current + 1) % max(1, len(self._writable))
