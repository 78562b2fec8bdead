"""`PageSource` that answers when it is told: later, out of order, with less, or with None.

Like the page pool it puts what it loads into the log, tells where the log begins when it finds out,
and never gives a page of a log that lost its end meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from publisher.app.load_queue import Patience
from publisher.domain.log import Log, Miss
from publisher.domain.page import Page
from publisher_fakes.broker_log import FakeBrokerLog

Give = Callable[[Page | None], None]


@dataclass
class Load:
    """One page on its way; `page` is set when the broker has answered."""

    miss: Miss
    gives: list[Give]
    cuts: int
    page: Page | None = None
    log_start: int = 0


class FakePageSource:
    """See the module. `trimmed` is the hub's `expire`."""

    def __init__(self, log: Log, broker: FakeBrokerLog) -> None:
        self._log = log
        self._broker = broker
        self.trimmed: Callable[[int, int], None] = lambda _partition, _earliest: None
        self.keeps = True
        """False: the cache is so small that a page is gone before its readers have their turn."""
        self.short: int | None = None
        """How many offsets a page has at most when it is served: large events make short pages."""
        self.loads: list[Load] = []
        self.requested: list[Miss] = []
        self.aheads: list[tuple[int, int]] = []

    def request(self, miss: Miss, give: Give, patience: Patience | None = None) -> None:  # noqa: ARG002 - it holds nothing back
        """See `publisher.app.catch_up_lane.PageSource`."""
        self.requested.append(miss)
        for load in self.loads:
            if (load.miss.partition, load.miss.start) == (miss.partition, miss.start):
                load.gives.append(give)
                return
        self.loads.append(Load(miss, [give], self._broker[miss.partition].epoch))

    def ahead(self, partition: int, position: int) -> None:
        """See `publisher.app.catch_up_lane.PageSource`."""
        self.aheads.append((partition, position))

    def fetch(self, index: int, short: int | None = None) -> None:
        """The broker reads the page now; at most `short` offsets from where it begins."""
        load = self.loads[index]
        miss, part = load.miss, self._broker[load.miss.partition]
        load.log_start = part.start
        begin = max(miss.start, part.start)
        if begin >= miss.stop or miss.stop > part.end:
            return
        end = miss.stop if short is None else min(miss.stop, begin + max(1, short))
        load.page = self._broker.page(miss.partition, miss.start, end)

    def answer(self, index: int) -> None:
        """Give the page to all who wait; None if the broker did not give one."""
        load = self.loads.pop(index)
        page = load.page
        if load.cuts != self._broker[load.miss.partition].epoch:
            page = None
        elif load.log_start > load.miss.start:
            self.trimmed(load.miss.partition, load.log_start)
        if page is not None:
            self._log.insert(page)
            if not self.keeps:
                self._drop(page)
        for give in load.gives:
            give(page)

    def _drop(self, page: Page) -> None:
        cache = self._log._cache
        if cache._pages.pop((page.partition, page.first), None) is not None:
            cache.bytes -= page.accounted_bytes

    def serve(self) -> bool:
        """Fetch and answer the oldest load."""
        if not self.loads:
            return False
        self.fetch(0, self.short)
        self.answer(0)
        return True
