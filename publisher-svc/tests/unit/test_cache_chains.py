"""Blocks of large events: chains of short pages that need not be in memory at once."""

from __future__ import annotations

import pytest
from publisher_fakes.broker_log import FakeBrokerLog

from publisher.domain.cache import PageCache
from publisher.domain.page import Page


def page(first: int, next_offset: int, partition: int = 0, size: int = 1000) -> Page:
    """A page with one event at its beginning."""
    broker = FakeBrokerLog(partition + 1, start=first)
    broker[partition].append(size=size)
    return broker.page(partition, first, next_offset)


def test_a_cursor_far_into_a_block_needs_one_page_of_its_chain_at_a_time() -> None:
    cache = PageCache(1)  # holds one page, whatever its size
    for first in (0, 300, 600):
        assert cache.find(0, 800) == first
        cache.insert(page(first, first + 300))
    assert len(cache) == 1
    assert cache.find(0, 950) == 900
    assert cache.find(0, 400) == 300  # and so for every reader, without the pages before it
    cache.expire(0, 300)
    assert cache.find(0, 400) == 0
    cache.forget(0)
    assert cache.find(0, 800) == 0


def test_ends_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.domain.cache.REMEMBERED", 1)
    cache = PageCache(1 << 20)
    cache.insert(first := page(0, 300))
    cache.insert(second := page(300, 600))
    assert cache.find(0, 100) is first
    assert cache.find(0, 400) is second  # what is here says itself where it ends
    assert cache.find(0, 700) == 600
    assert len(cache._ends) == 1
