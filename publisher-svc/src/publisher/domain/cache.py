"""The page cache: older pages, loaded on demand, bounded in bytes, least recently used out first.

A thousand subscribers replaying the same hour share its pages. Pages sit in aligned blocks of
`BLOCK` offsets, so that cursors at any offset ask for the same ones; within a block short pages
(of large events) chain. Where short pages begin and end is remembered longer than the pages: a
cursor far into a block of large events must not need the whole chain in memory at once. It never
holds what the log no longer has (`expire`).
"""

from __future__ import annotations

from collections import OrderedDict

from publisher.domain.page import Page

BLOCK = 1024
"""A page loaded on demand begins at a multiple of this, or where the page before it ended."""


REMEMBERED = 1 << 14
"""Ends of short pages that are remembered; far above the pages that one block can have."""


def block_of(offset: int) -> int:
    """The first offset of the block that `offset` is in."""
    return offset - offset % BLOCK


class PageCache:
    """See the module. Keys are (partition, first offset)."""

    __slots__ = ("_ends", "_limit_bytes", "_pages", "bytes")

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._pages: OrderedDict[tuple[int, int], Page] = OrderedDict()
        self._ends: OrderedDict[tuple[int, int], int] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        """How many pages it holds."""
        return len(self._pages)

    @property
    def capacity(self) -> int:
        """How many pages such as it holds have room in it; 0 when it holds none."""
        return self._limit_bytes * len(self._pages) // self.bytes if self.bytes else 0

    @property
    def has_room(self) -> bool:
        """For one more such page."""
        return len(self._pages) < self.capacity or not self._pages

    def find(self, partition: int, offset: int) -> Page | int:
        """The page that covers `offset`, else where the page to load begins."""
        start = block_of(offset)
        while True:
            key = (partition, start)
            page = self._pages.get(key)
            end = self._ends.get(key) if page is None else page.next
            if end is not None and end <= offset:
                start = end
                continue
            if page is None:
                return start
            self._pages.move_to_end(key)
            return page

    def insert(self, page: Page) -> None:
        """Take a loaded page, replacing one of the same beginning."""
        if page.next <= page.first:
            return
        key = (page.partition, page.first)
        old = self._pages.pop(key, None)
        if old is not None:
            self.bytes -= old.accounted_bytes
        self._pages[key] = page
        self._remember(page)
        self.account(page)

    def _remember(self, page: Page) -> None:
        key = (page.partition, page.first)
        self._ends.pop(key, None)
        if page.next < block_of(page.first) + BLOCK:
            self._ends[key] = page.next
            if len(self._ends) > REMEMBERED:
                self._ends.popitem(last=False)

    def account(self, page: Page) -> None:
        """Enter what the page weighs now, if it is here, and drop the oldest beyond the limit."""
        if self._pages.get((page.partition, page.first)) is page:
            weight_bytes = page.weight_bytes
            self.bytes += weight_bytes - page.accounted_bytes
            page.accounted_bytes = weight_bytes
        while self.bytes > self._limit_bytes and len(self._pages) > 1:
            _, oldest = self._pages.popitem(last=False)
            self.bytes -= oldest.accounted_bytes

    def expire(self, partition: int, floor: int) -> None:
        """Drop the pages of `partition` that lie wholly below `floor`."""
        gone = [
            key for key, page in self._pages.items() if key[0] == partition and page.next <= floor
        ]
        for key in gone:
            self.bytes -= self._pages.pop(key).accounted_bytes
        for key in [k for k, end in self._ends.items() if k[0] == partition and end <= floor]:
            del self._ends[key]

    def forget(self, partition: int) -> None:
        """Drop all pages of `partition`: its log was cut or replaced."""
        for key in [key for key in self._pages if key[0] == partition]:
            self.bytes -= self._pages.pop(key).accounted_bytes
        for key in [key for key in self._ends if key[0] == partition]:
            del self._ends[key]
