"""The page pool: one flight per page, nobody left waiting; its queue decides which is next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from publisher_fakes.broker_log import FakeBrokerLog
from publisher_fakes.page_reader import FakePageReader
from publisher_fakes.topic_offsets import BrokerAwayError

from publisher.app.load_queue import LoadQueue, Patience
from publisher.app.page_pool import PagePool
from publisher.app.ports import Loaded
from publisher.domain.errors import PublisherError
from publisher.domain.log import Log, Miss
from publisher.domain.page import Page


class Pool:
    """A pool of held readers over five blocks of one partition or more."""

    def __init__(
        self, readers: int = 1, *, partitions: int = 1, hold: bool = True, cache: int = 1 << 20
    ) -> None:
        self.broker = FakeBrokerLog(partitions)
        self.log = Log(tail_limit_bytes=1000, cache_limit_bytes=cache)
        for part in self.broker.partitions:
            for _ in range(5):
                part.append()
                part.hole(1023)
            self.log.add_partition(floor=0, tip=part.end)
        self.readers = [FakePageReader(self.broker, hold=hold) for _ in range(readers)]
        self.waits_for: set[Miss] = set()
        self.now_s = 100.0
        self.trimmed: list[tuple[int, int]] = []
        self.failures: list[PublisherError] = []
        self.pool = PagePool(
            self.log,
            self.readers,
            LoadQueue(self.waits_for.__contains__, lambda: self.now_s, 0.5, look_s=0.0),
            trimmed=self._trim,
            failed=self.failures.append,
            load_timeout_s=0.05,
            retry_s=0.0,
        )
        self.given: list[tuple[int, Page | None]] = []

    def _trim(self, partition: int, earliest: int) -> None:
        self.trimmed.append((partition, earliest))
        self.log.expire(partition, earliest)

    def miss(self, block: int, partition: int = 0) -> Miss:
        """The miss of a whole block."""
        miss = self.log.miss_at(partition, block * 1024)
        assert miss is not None
        return miss

    def request(self, block: int, partition: int = 0) -> None:
        """Ask for it."""
        self.pool.request(self.miss(block, partition), self.giver(block), Patience())

    def giver(self, block: int) -> Callable[[Page | None], None]:
        """Notes what came."""
        return lambda page: self.given.append((block, page))

    def loaded(self) -> list[int]:
        """Where each load began, in order, over all readers."""
        return [miss.start for reader in self.readers for miss in reader.misses]


async def turn() -> None:
    """Let tasks go on until they wait for something."""
    for _ in range(10):
        await asyncio.sleep(0)


async def release(reader: FakePageReader) -> None:
    """Let the load under way end."""
    reader.release()
    await turn()


async def test_a_page_is_given_later_and_kept() -> None:
    pool = Pool(hold=False)
    pool.request(0)
    assert pool.given == []
    await turn()
    [(_, page)] = pool.given
    assert page is not None
    assert (page.first, page.next, pool.pool.loads) == (0, 1024, 1)
    assert pool.log.miss_at(0, 0) is None


async def test_a_thousand_waiters_cost_one_load_even_if_the_cache_keeps_nothing() -> None:
    pool = Pool(hold=True, cache=0)
    for _ in range(1000):
        pool.request(1)
    await turn()
    await release(pool.readers[0])
    assert pool.loaded() == [1024]
    assert len(pool.given) == 1000
    assert len({id(page) for _, page in pool.given}) == 1


async def test_waiters_of_every_page_are_served_with_one_reader() -> None:
    """Whoever waits for a free reader must look again when it is woken."""
    pool = Pool(hold=False)
    for block in (3, 1, 4, 0, 2):
        for _ in range(40):
            pool.request(block)
    await turn()
    await turn()
    assert len(pool.given) == 200
    assert pool.pool.loads == 5
    assert all(page is not None and page.first == block * 1024 for block, page in pool.given)


async def test_the_lowest_goes_first() -> None:
    pool = Pool()
    for block in (3, 4, 0, 2):
        pool.request(block)
    await turn()
    for _ in range(4):
        await release(pool.readers[0])
    assert pool.loaded() == [3072, 0, 2048, 4096]


async def test_who_waited_long_goes_first_so_that_a_busy_partition_starves_none() -> None:
    pool = Pool(partitions=2)
    pool.request(0)
    pool.request(4, partition=1)
    pool.request(1)
    await turn()
    pool.now_s += 1.0
    pool.request(2)
    for _ in range(2):
        await release(pool.readers[0])
    assert [(miss.partition, miss.start) for miss in pool.readers[0].misses] == [
        (0, 0), (1, 4096), (0, 1024),
    ]  # fmt: skip


async def test_a_page_that_pays_to_wait_for_is_loaded_when_it_does_no_more() -> None:
    pool = Pool(hold=False)
    pool.waits_for.add(pool.miss(3))
    pool.request(3)
    pool.request(4)
    await turn()
    assert pool.loaded() == [4096]
    assert pool.pool.held == 1
    pool.waits_for.clear()
    await turn()
    assert pool.loaded() == [4096, 3072]
    assert pool.pool.held == 0


async def test_a_page_of_an_answer_over_http_is_not_held_nor_what_it_shares() -> None:
    pool = Pool(hold=False)
    pool.waits_for |= {pool.miss(3), pool.miss(4)}
    pool.request(3)
    for block in (3, 4):
        pool.pool.request(pool.miss(block), pool.giver(block))
    await turn()
    assert pool.loaded() == [3072, 4096]
    assert [block for block, _ in pool.given] == [3, 3, 4]


async def test_closing_ends_the_looks_too() -> None:
    pool = Pool(hold=False)
    pool.waits_for.add(pool.miss(3))
    pool.request(3)
    await pool.pool.close()
    pool.waits_for.clear()
    await turn()
    assert (pool.loaded(), pool.given) == ([], [])


async def test_readers_work_at_the_same_time_each_on_one_page() -> None:
    pool = Pool(2)
    for block in range(3):
        pool.request(block)
    await turn()
    assert sorted(pool.loaded()) == [0, 1024]
    await release(pool.readers[0])
    assert sorted(pool.loaded()) == [0, 1024, 2048]


async def test_the_reader_that_stands_there_is_taken() -> None:
    pool = Pool(3, hold=False)
    pool.readers[1].at = (0, 2048)
    pool.request(2)
    await turn()
    assert [len(reader.misses) for reader in pool.readers] == [0, 1, 0]


async def test_a_failed_load_gives_none_and_is_tried_again_by_who_asks() -> None:
    pool = Pool(hold=False)
    pool.readers[0].errors = [BrokerAwayError("away")]
    pool.request(0)
    pool.request(1)
    await turn()
    assert pool.given[0] == (0, None)
    assert [error.code for error in pool.failures] == ["kafka-away"]
    assert pool.given[1][1] is not None, "the next load goes on"
    pool.request(0)
    await turn()
    assert pool.given[2][1] is not None


async def test_a_slow_load_is_given_up() -> None:
    pool = Pool()
    pool.request(0)
    async with asyncio.timeout(5):
        while not pool.given:
            await asyncio.sleep(0.01)
    assert pool.given == [(0, None)]
    assert [error.code for error in pool.failures] == ["slow-load"]
    assert pool.failures[0].retriable


async def test_a_reader_with_a_bug_leaves_nobody_waiting() -> None:
    pool = Pool(hold=False)
    pool.readers[0].errors = [IndexError("list index out of range")]
    pool.request(0)
    pool.request(1)
    await turn()
    assert pool.given[0] == (0, None)
    assert [error.code for error in pool.failures] == ["broken-load"]
    assert pool.given[1][1] is not None


async def test_who_asks_during_the_retry_pause_joins_the_flight() -> None:
    pool = Pool()
    pool.request(0)
    await turn()
    pool.readers[0].errors = [BrokerAwayError("away")]
    pool.readers[0].release()
    pool.request(0)
    await turn()
    assert pool.given == [(0, None), (0, None)]


async def test_a_load_that_finds_the_log_trimmed_tells_before_it_gives() -> None:
    pool = Pool(hold=False)
    pool.broker[0].start = 300
    floors: list[int] = []
    pool.pool.request(pool.miss(0), lambda _page: floors.append(pool.log.floors[0]))
    await turn()
    assert (pool.trimmed, floors) == ([(0, 300)], [300])


async def test_a_page_that_is_wholly_gone_is_none() -> None:
    pool = Pool(hold=False)
    pool.request(0)
    pool.broker[0].start = 1024
    await turn()
    assert (pool.given, pool.trimmed) == ([(0, None)], [(0, 1024)])
    assert pool.log.cache_bytes == 0


@pytest.mark.parametrize("forgotten", [False, True])
async def test_a_page_of_a_log_that_was_cut_meanwhile_is_neither_kept_nor_given(
    forgotten: bool,
) -> None:
    pool = Pool()
    pool.request(0)
    await turn()
    if forgotten:
        pool.log.clear()
    else:
        pool.log.reset_partition(0, floor=0, tip=500)
    await release(pool.readers[0])
    assert (pool.given, pool.trimmed, pool.log.cache_bytes) == ([(0, None)], [], 0)


async def test_a_page_of_a_log_that_was_cut_and_grew_again_is_neither_kept_nor_given() -> None:
    pool = Pool()
    tip = pool.log.tips[0]
    pool.request(0)
    await turn()
    pool.log.reset_partition(0, floor=0, tip=500)
    for _ in range(tip):
        pool.broker[0].append()
    pool.log.append(pool.broker.page(0, 500, tip + 500))
    await release(pool.readers[0])
    assert (pool.given, pool.log.cache_bytes) == ([(0, None)], 0)


async def test_reading_ahead_uses_idle_readers_only() -> None:
    pool = Pool()
    pool.pool.ahead(0, 1024)
    await turn()
    assert pool.loaded() == [1024]
    pool.pool.ahead(0, 2048)  # nobody is idle
    await release(pool.readers[0])
    assert pool.loaded() == [1024]
    pool.request(3)
    pool.request(4)
    pool.pool.ahead(0, 2048)  # others wait
    await turn()
    await release(pool.readers[0])
    await release(pool.readers[0])
    assert pool.loaded() == [1024, 3072, 4096]


async def test_reading_ahead_asks_for_nothing_that_is_here_or_coming() -> None:
    pool = Pool(2, hold=False)
    pool.pool.ahead(0, pool.log.tips[0])
    pool.request(1)
    pool.pool.ahead(0, 1024)
    await turn()
    pool.pool.ahead(0, 1500)
    await turn()
    assert pool.loaded() == [1024]


async def test_who_asks_for_what_is_read_ahead_shares_it() -> None:
    pool = Pool()
    pool.pool.ahead(0, 1024)
    pool.request(1)
    await turn()
    await release(pool.readers[0])
    assert (pool.loaded(), len(pool.given)) == ([1024], 1)


async def test_closing_ends_what_is_under_way() -> None:
    pool = Pool(2)
    pool.request(0)
    pool.request(1)
    await turn()
    await pool.pool.close()
    assert pool.given == []
    assert not any(reader.busy for reader in pool.readers)
    await Pool().pool.close()


async def test_loaded_is_a_value() -> None:
    page = FakeBrokerLog(1).page(0, 0, 0)
    assert Loaded(page, 3) == Loaded(page, 3)
