"""The page cache: older pages, loaded on demand, bounded in bytes, least recently used out first.

A thousand subscribers replaying the same hour share its pages. Pages sit in aligned blocks of
`BLOCK` offsets, so that cursors at any offset ask for the same ones; within a block short pages
chain. It never holds what the log no longer has (`expire`).
"""

from __future__ import annotations

from collections import OrderedDict

from publisher.domain.page import Page

BLOCK = 1024
"""A page loaded on demand begins at a multiple of this, or where the page before it ended."""


def block_of(offset: int) -> int:
    """The first offset of the block that `offset` is in."""
    return offset - offset % BLOCK


class PageCache:
    """See the module. Keys are (partition, first offset)."""

    __slots__ = ("_limit_bytes", "_pages", "bytes")

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._pages: OrderedDict[tuple[int, int], Page] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        """How many pages it holds."""
        return len(self._pages)

    def find(self, partition: int, offset: int) -> Page | int:
        """The page that covers `offset`, else where the page to load begins."""
        start = block_of(offset)
        while (page := self._pages.get((partition, start))) is not None:
            if offset < page.next:
                self._pages.move_to_end((partition, start))
                return page
            start = page.next
        return start

    def insert(self, page: Page) -> None:
        """Take a loaded page, replacing one of the same beginning."""
        if page.next <= page.first:
            return
        key = (page.partition, page.first)
        old = self._pages.pop(key, None)
        if old is not None:
            self.bytes -= old.accounted_bytes
        self._pages[key] = page
        self.account(page)

    def account(self, page: Page) -> None:
        """Enter what the page weighs now, if it is here, and drop the oldest beyond the limit."""
        if self._pages.get((page.partition, page.first)) is page:
            self.bytes += page.weight_bytes - page.accounted_bytes
            page.accounted_bytes = page.weight_bytes
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

    def forget(self, partition: int) -> None:
        """Drop all pages of `partition`: its log was cut or replaced."""
        for key in [key for key in self._pages if key[0] == partition]:
            self.bytes -= self._pages.pop(key).accounted_bytes
