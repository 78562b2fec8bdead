"""The log: one read for hot, cached and cold alike; the only thing that knows which is which.

`read` answers with events, with what must be loaded first (`Miss`), or with `Expired`: below the
log's start it is never silent. Invariant: a reader that goes from position to position by the
answers alone gets every event that the log holds from its first position on, once, in order.
Memory is bounded by the two limits, whatever the readers do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from publisher.domain.cache import BLOCK, PageCache, block_of
from publisher.domain.encoding import Buffer, Encoding
from publisher.domain.filter import Filter
from publisher.domain.page import Page
from publisher.domain.tail import Tail
from publisher.domain.time_index import TimeIndex


class Read(NamedTuple):
    """Buffers to write in order, the next position, and how many events they hold."""

    buffers: list[Buffer]
    next: int
    events: int


@dataclass(frozen=True, slots=True)
class Miss:
    """The page from `start` on, at most up to `stop`, must be loaded before the read can go on."""

    partition: int
    start: int
    stop: int
    tip: int
    """A page may reach beyond `stop` over a hole, never beyond this."""
    revision: int = 0
    """The log's, when this was asked."""


@dataclass(frozen=True, slots=True)
class Expired:
    """The log begins at `earliest`, above the position asked for."""

    partition: int
    position: int
    earliest: int


class Log:
    """See the module. Partitions are 0…n-1."""

    __slots__ = (
        "_cache",
        "_floors",
        "_tail_limit_bytes",
        "_tails",
        "_times",
        "cold",
        "hits",
        "revision",
    )

    def __init__(self, *, tail_limit_bytes: int, cache_limit_bytes: int) -> None:
        self._tail_limit_bytes = tail_limit_bytes
        self._tails: list[Tail] = []
        self._times: list[TimeIndex] = []
        self._floors: list[int] = []
        self._cache = PageCache(cache_limit_bytes)
        self.hits = 0
        """Reads served from the cache."""
        self.cold = 0
        """Reads that had to wait for a page."""
        self.revision = 0
        """Another one after each cut: what was asked for before may not be so any more."""

    @property
    def partitions(self) -> int:
        """How many partitions it has."""
        return len(self._tails)

    @property
    def tips(self) -> tuple[int, ...]:
        """The tip's positions."""
        return tuple([tail.tip for tail in self._tails])

    @property
    def floors(self) -> tuple[int, ...]:
        """The lowest positions that can still be served, as far as is known here."""
        return tuple(self._floors)

    @property
    def tail_bytes(self) -> int:
        """Memory of all tails."""
        return sum(tail.bytes for tail in self._tails)

    @property
    def cache_bytes(self) -> int:
        """Memory of the cache."""
        return self._cache.bytes

    @property
    def cache_pages(self) -> int:
        """About how many pages the cache can hold."""
        return self._cache.capacity

    @property
    def cache_has_room(self) -> bool:
        """One more page drives none out."""
        return self._cache.has_room

    def add_partition(self, *, floor: int, tip: int) -> int:
        """The next partition: the log begins at `floor`, and reading live goes on at `tip`."""
        self._tails.append(Tail(tip))
        self._times.append(TimeIndex())
        self._floors.append(floor)
        return len(self._tails) - 1

    def reset_partition(self, partition: int, *, floor: int, tip: int) -> None:
        """Forget what was read: the log was cut at either end beyond what is held here."""
        self.revision += 1
        self._tails[partition] = Tail(tip)
        self._times[partition].forget()
        self._floors[partition] = floor
        self._cache.forget(partition)

    def clear(self) -> None:
        """Forget everything, partitions included."""
        self.revision += 1
        for partition in range(self.partitions):
            self._cache.forget(partition)
        self._tails.clear()
        self._times.clear()
        self._floors.clear()

    def append(self, page: Page) -> None:
        """Take the newest page from the live consumer and keep to the limit.

        Raises:
            InvariantError: it does not begin at its partition's tip.
        """
        self._times[page.partition].note(page.first, page.first_ms)
        self._tails[page.partition].append(page)
        self._shed()

    def insert(self, page: Page) -> None:
        """Take a page that was loaded on demand, if the log still holds some of it."""
        if page.partition < self.partitions and page.next > self._floors[page.partition]:
            self._times[page.partition].note(page.first, page.first_ms)
            self._cache.insert(page)

    def account(self, page: Page) -> None:
        """Enter what a page of the tail weighs after views were made of it, and keep to the limit.

        One that was merged into its neighbour meanwhile is not held, and nor are its views.
        """
        tail = self._tails[page.partition]
        if tail.page_at(page.first) is page:
            tail.account(page)
            self._shed()

    def expire(self, partition: int, floor: int) -> None:
        """The broker's log now begins at `floor`: nothing below it is served any more."""
        if floor > self._floors[partition]:
            self._floors[partition] = floor
            self._tails[partition].expire(floor)
            self._cache.expire(partition, floor)

    def tail_first(self, partition: int) -> int:
        """The lowest position served from memory without loading."""
        return self._tails[partition].first

    def about_ms(self, partition: int, position: int) -> float | None:
        """About when the record at `position` was written, in memory or not."""
        return self._times[partition].estimate_ms(position)

    def oldest(
        self,
        positions: Sequence[int],
        stop: Sequence[int] | None,
        in_hand: Page | None,
        reached_ms: Sequence[int],
    ) -> int | None:
        """The partition to read next: of those with something to read, the one oldest in time.

        What is in hand is finished first: the granularity is a page, so that cursors which are near
        each other share pages instead of each wanting one of every partition at once. `reached_ms`
        stands in where no time is known.
        """
        ends = self.tips if stop is None else map(min, self.tips, stop)
        readable = [p for p, (at, end) in enumerate(zip(positions, ends, strict=False)) if at < end]
        if len(readable) < 2:
            return readable[0] if readable else None
        if (
            in_hand is not None
            and in_hand.partition in readable
            and in_hand.first <= positions[in_hand.partition] < in_hand.next
        ):
            return in_hand.partition
        known = {
            partition: self.about_ms(partition, positions[partition]) for partition in readable
        }
        return min(readable, key=lambda p: reached_ms[p] if (ms := known[p]) is None else ms)

    def differs_at(self, page: Page) -> int | None:
        """The first offset where `page`, just read from the broker, is not what was read live.

        None when it agrees as far as the tail holds its offsets.
        """
        return self._tails[page.partition].differs_at(page)

    def miss_at(self, partition: int, position: int) -> Miss | None:
        """What would have to be loaded for `position`; None when it is in memory."""
        tail = self._tails[partition]
        if position >= tail.first or position < self._floors[partition]:
            return None
        found = self._cache.find(partition, position)
        return None if isinstance(found, Page) else self._miss(partition, found)

    def _miss(self, partition: int, start: int) -> Miss:
        tip = self._tails[partition].tip
        return Miss(partition, start, min(block_of(start) + BLOCK, tip), tip, self.revision)

    def read(  # noqa: PLR0913 - where, how much, and in which form
        self,
        partition: int,
        position: int,
        *,
        limit_bytes: int,
        wanted: Filter,
        encoding: Encoding,
        stop: int | None = None,
        in_hand: Page | None = None,
        limit_events: int | None = None,
    ) -> Read | Miss | Expired:
        """What comes at `position`: about `limit_bytes`, at most `limit_events`, below `stop`.

        `in_hand` is a page just loaded for this reader, which a cache smaller than the crowd may
        have dropped again. At the tip the answer is an empty `Read`.
        """
        if position < self._floors[partition]:
            return Expired(partition, position, self._floors[partition])
        tail = self._tails[partition]
        if position >= tail.tip:
            return Read([], position, 0)
        if position >= tail.first:
            read = Read(*tail.read(position, limit_bytes, wanted, encoding, stop, limit_events))
            self._shed()
            return read
        page: Page | int
        if (
            in_hand is not None  # not its truth: a page of holes has no events and a length of 0
            and in_hand.partition == partition
            and in_hand.first <= position < in_hand.next
        ):
            page = in_hand
        else:
            page = self._cache.find(partition, position)
        if isinstance(page, int):
            self.cold += 1
            return self._miss(partition, page)
        self.hits += 1
        part = page.view(wanted, encoding).slice(position, limit_bytes, stop, limit_events)
        self._cache.account(page)
        return Read([part.data] if part.data else [], part.next, part.events)

    def _shed(self) -> None:
        while self.tail_bytes > self._tail_limit_bytes:
            # The newest page of each stays: it is what the next reader wants.
            sheddable = [tail for tail in self._tails if len(tail) > 1]
            if not sheddable:
                return
            max(sheddable, key=lambda tail: tail.bytes).evict()
