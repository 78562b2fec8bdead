"""The tail: the newest pages of one partition, without a hole between them.

Invariant: its pages chain (each begins where the one before ends) up to the tip. Fed by the live
consumer alone; what is evicted is read from Kafka again when somebody wants it.
"""

from __future__ import annotations

from bisect import bisect_right

from publisher.domain.encoding import Buffer, Encoding
from publisher.domain.errors import InvariantError
from publisher.domain.filter import Filter
from publisher.domain.page import Page

MERGE_BYTES = 64 << 10
"""Small pages are merged up to this size, so that one-event polls leave no one-event pages."""


class Tail:
    """See the module. `tip` is the offset after the newest record consumed."""

    __slots__ = ("_firsts", "_pages", "bytes", "tip")

    def __init__(self, tip: int) -> None:
        self._pages: list[Page] = []
        self._firsts: list[int] = []
        self.bytes = 0
        self.tip = tip

    def __len__(self) -> int:
        """How many pages it holds."""
        return len(self._pages)

    @property
    def first(self) -> int:
        """The lowest offset that it can serve; the tip when it is empty."""
        return self._firsts[0] if self._firsts else self.tip

    def append(self, page: Page) -> None:
        """Take the page that begins at the tip.

        Raises:
            InvariantError: it begins elsewhere; taking it would lose or repeat events.
        """
        if page.first != self.tip or page.next < page.first:
            raise InvariantError(
                f"partition {page.partition}: a page [{page.first}, {page.next}) does not follow "
                f"the tip {self.tip}"
            )
        self.tip = page.next
        # Geometric merging: each byte is copied O(log n) times.
        while self._pages and self._mergeable(self._pages[-1], page):
            last = self._pages.pop()
            self._firsts.pop()
            self.bytes -= last.accounted_bytes
            page = last.merged(page)
        self._pages.append(page)
        self._firsts.append(page.first)
        self.account(page)

    @staticmethod
    def _mergeable(last: Page, page: Page) -> bool:
        size = len(page.data)
        return len(last.data) <= 2 * size + 512 and len(last.data) + size <= MERGE_BYTES

    def account(self, page: Page) -> None:
        """Enter what the page weighs now (views are made after it was taken)."""
        weight_bytes = page.weight_bytes
        self.bytes += weight_bytes - page.accounted_bytes
        page.accounted_bytes = weight_bytes

    def evict(self) -> None:
        """Drop the oldest page."""
        page = self._pages.pop(0)
        self._firsts.pop(0)
        self.bytes -= page.accounted_bytes

    def expire(self, floor: int) -> None:
        """Drop the pages that lie wholly below `floor`."""
        while self._pages and self._pages[0].next <= floor:
            self.evict()

    def page_at(self, offset: int) -> Page | None:
        """The page that covers `offset`, if the tail holds it."""
        if not self.first <= offset < self.tip:
            return None
        return self._pages[bisect_right(self._firsts, offset) - 1]

    def read(
        self,
        offset: int,
        limit_bytes: int,
        wanted: Filter,
        encoding: Encoding,
        stop: int | None,
        limit_events: int | None = None,
    ) -> tuple[list[Buffer], int, int]:
        """Buffers of several pages for one write, the next offset, and how many events.

        `offset` lies within the tail.
        """
        index = bisect_right(self._firsts, offset) - 1
        buffers: list[Buffer] = []
        got = events = 0
        for page in self._pages[index:]:
            view = page.view(wanted, encoding)
            left = None if limit_events is None else limit_events - events
            part = view.slice(offset, limit_bytes - got, stop, left)
            self.account(page)
            offset = part.next
            if part.data:
                buffers.append(part.data)
                got += len(part.data)
                events += part.events
            full = got >= limit_bytes or events == limit_events
            if offset < page.next or full or part.rest:
                break
        return buffers, offset, events

    def differs_at(self, page: Page) -> int | None:
        """The first event of `page` that this tail, holding its offset, does not hold as it is.

        What only the tail holds is no difference: compaction may have taken it from the broker.
        """
        start, stop = max(page.first, self.first), min(page.next, self.tip)
        ours: dict[int, bytes] = {}
        for each in self._pages:
            ours.update(each.frames(start, stop))
        theirs = page.frames(start, stop)
        return next((at for at, frame in theirs if ours.get(at) != frame), None)
