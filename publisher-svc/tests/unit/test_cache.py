"""The page cache: aligned blocks, chains, least recently used out first."""

from __future__ import annotations

from publisher_fakes.broker_log import FakeBrokerLog

from publisher.domain.cache import BLOCK, PageCache, block_of
from publisher.domain.encoding import WEBSOCKET
from publisher.domain.filter import Filter
from publisher.domain.page import Page


def page(first: int, next_offset: int, partition: int = 0, size: int = 1000) -> Page:
    """A page with one event at its beginning."""
    broker = FakeBrokerLog(partition + 1, start=first)
    broker[partition].append(size=size)
    return broker.page(partition, first, next_offset)


def books(cache: PageCache) -> None:
    """The books agree with what is held."""
    assert cache.bytes == sum(each.weight_bytes for each in cache._pages.values())


def test_blocks_are_aligned() -> None:
    assert [block_of(at) for at in (0, 1023, 1024, 5000)] == [0, 0, BLOCK, 4096]


def test_what_is_missing_is_asked_from_the_beginning_of_its_block() -> None:
    assert PageCache(1 << 20).find(0, 1500) == BLOCK


def test_short_pages_chain() -> None:
    cache = PageCache(1 << 20)
    first, second = page(0, 400), page(400, 900)
    cache.insert(first)
    assert cache.find(0, 700) == 400
    cache.insert(second)
    assert cache.find(0, 0) is first
    assert cache.find(0, 400) is second
    assert cache.find(0, 950) == 900
    assert cache.find(1, 0) == 0


def test_a_page_may_reach_over_a_hole_into_later_blocks() -> None:
    cache = PageCache(1 << 20)
    cache.insert(page(0, 4096))
    assert cache.find(0, 1000) is not None
    assert cache.find(0, 2048) == 2048  # that block's own pages begin there


def test_an_empty_page_is_not_taken() -> None:
    cache = PageCache(1 << 20)
    cache.insert(page(5, 5))
    assert (len(cache), cache.bytes) == (0, 0)


def test_replacing_a_page_replaces_its_weight() -> None:
    cache = PageCache(1 << 20)
    cache.insert(page(0, 10, size=5000))
    cache.insert(page(0, 20, size=10))
    assert len(cache) == 1
    books(cache)


def test_the_least_recently_used_goes_first_and_one_always_stays() -> None:
    cache = PageCache(3500)
    pages = [page(at * BLOCK, (at + 1) * BLOCK) for at in range(3)]
    cache.insert(pages[0])
    cache.insert(pages[1])
    assert cache.find(0, 0) is pages[0]
    cache.insert(pages[2])
    assert cache.find(0, 0) is pages[0]
    assert cache.find(0, BLOCK) == BLOCK
    books(cache)
    cache.insert(page(9 * BLOCK, 10 * BLOCK, size=50_000))
    assert len(cache) == 1
    books(cache)


def test_views_count_and_push_others_out() -> None:
    cache = PageCache(6000)
    part = FakeBrokerLog(1)
    part[0].append("a", size=2000)
    part[0].append("b", size=10)
    wide = part.page(0, 0, BLOCK)
    cache.insert(page(BLOCK, 2 * BLOCK, size=2000))
    cache.insert(wide)
    assert len(cache) == 2
    wide.view(Filter(types=frozenset({"a"})), WEBSOCKET)
    cache.account(wide)
    assert len(cache) == 1
    assert cache.find(0, 0) is wide
    books(cache)


def test_a_page_that_was_dropped_is_accounted_no_more() -> None:
    cache = PageCache(1 << 20)
    cache.insert(page(0, BLOCK))
    stranger = page(0, BLOCK)
    before = cache.bytes
    cache.account(stranger)
    assert cache.bytes == before


def test_expiry_and_forgetting() -> None:
    cache = PageCache(1 << 20)
    for first in (0, 400, BLOCK):
        cache.insert(page(first, first + 400))
    cache.insert(page(0, 10, partition=1))
    cache.expire(0, 799)
    assert (cache.find(0, 0), len(cache)) == (0, 3)
    cache.expire(0, 800)
    assert len(cache) == 2
    cache.forget(0)
    assert len(cache) == 1
    books(cache)
    cache.forget(1)
    assert cache.bytes == 0
