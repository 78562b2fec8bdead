"""Gathering: when it pays to load a page later."""

from __future__ import annotations

from publisher_fakes.broker_log import FakeBrokerLog

from publisher.app.gathering import FRESH_S, Gathering
from publisher.domain.cache import BLOCK
from publisher.domain.crowd import Standing
from publisher.domain.log import Log, Miss

MS_A_BLOCK = 10


class Desk:
    """A partition of a hundred blocks, 10 ms each, and a cache of eight pages."""

    def __init__(self, *, cached: int = 8, known: bool = True) -> None:
        self.broker = FakeBrokerLog()
        for block in range(100):
            self.broker[0].append(at_ms=1000 + MS_A_BLOCK * block if known else 0)
            self.broker[0].hole(BLOCK - 1)
        page = self.broker.page(0, 0, BLOCK)
        self.log = Log(tail_limit_bytes=1, cache_limit_bytes=8 * page.weight_bytes + 100)
        self.log.add_partition(floor=0, tip=self.broker[0].end)
        for block in range(cached):
            self.log.insert(self.broker.page(0, block * BLOCK, (block + 1) * BLOCK))
        self.now_s = 100.0
        self.standings: list[Standing] = []
        self.looks = 0
        self.gathering = Gathering(self.log, lambda: self.now_s, self._look)

    def _look(self) -> list[Standing]:
        self.looks += 1
        return self.standings

    def stands(self, *blocks: int) -> None:
        """Readers stand at these, as they are now."""
        self.standings = [
            Standing(1000.0 + MS_A_BLOCK * block, 0, (block * BLOCK,)) for block in blocks
        ]
        self.now_s += 1.0

    def pays(self, block: int) -> bool:
        """To wait with this one."""
        miss = self.log.miss_at(0, block * BLOCK)
        assert miss is not None
        return self.gathering.pays(miss)


def test_it_pays_to_wait_for_who_would_find_the_page_gone() -> None:
    desk = Desk()
    desk.stands(20, 25)
    assert desk.pays(25)


def test_with_room_in_the_cache_nobody_is_waited_for() -> None:
    desk = Desk(cached=7)
    desk.stands(20, 25)
    assert not desk.pays(25)
    assert desk.looks == 0


def test_nobody_behind_is_no_reason() -> None:
    desk = Desk()
    desk.stands(25, 30)
    assert not desk.pays(25)


def test_who_comes_before_the_page_is_gone_is_not_waited_for() -> None:
    desk = Desk()
    desk.stands(22, 25)  # two read three pages each meanwhile, and eight have room
    assert not desk.pays(25)
    desk.stands(22, 25, 40)
    assert desk.pays(25)


def test_who_is_farther_behind_than_the_cache_reaches_is_not_waited_for() -> None:
    desk = Desk()
    desk.stands(10, 25)
    assert not desk.pays(25)


def test_where_times_are_unknown_nobody_is_waited_for() -> None:
    desk = Desk(known=False)
    desk.stands(20, 25)
    assert not desk.pays(25)


def test_a_log_written_in_one_moment_has_no_before_and_after() -> None:
    desk = Desk(cached=0)
    for block in range(8):
        desk.log.insert(desk.broker.page(0, block * BLOCK, (block + 1) * BLOCK))
    desk.log._times[0].forget()
    for block in range(0, 100, 10):
        desk.log._times[0].note(block * BLOCK, 1000)
    desk.stands(20, 25)
    assert not desk.pays(25)


def test_a_look_serves_for_a_while() -> None:
    desk = Desk()
    desk.stands(20, 25)
    assert desk.pays(25)
    assert desk.pays(25)
    assert desk.looks == 1
    desk.now_s += FRESH_S
    desk.standings = []
    assert not desk.pays(25)
    assert desk.looks == 2


def test_a_miss_of_a_partition_that_another_one_is_behind_in() -> None:
    desk = Desk()
    desk.stands(20)
    assert desk.gathering.pays(Miss(0, 26 * BLOCK, 27 * BLOCK, 100 * BLOCK)) is False
    desk.stands(20, 60)
    assert desk.gathering.pays(Miss(0, 26 * BLOCK, 27 * BLOCK, 100 * BLOCK)) is True


def test_a_miss_of_a_log_that_was_cut_meanwhile_is_not_held() -> None:
    desk = Desk()
    desk.stands(20, 25)
    miss = desk.log.miss_at(0, 25 * BLOCK)
    assert miss is not None
    assert desk.gathering.pays(miss)
    desk.log.clear()
    for _ in range(2):
        desk.log.add_partition(floor=0, tip=0)
    assert not desk.gathering.pays(miss)


def test_a_new_partition_needs_a_new_look() -> None:
    desk = Desk()
    desk.stands(20, 25)
    assert desk.pays(25)
    desk.log.add_partition(floor=0, tip=5 * BLOCK)
    for block in range(5):
        desk.log._times[1].note(block * BLOCK, 1000 + MS_A_BLOCK * block)
    desk.standings = [Standing(1000.0, 0, (0, 0)), Standing(1000.0, 1, (4096, 0))]
    miss = desk.log.miss_at(1, 2 * BLOCK)
    assert miss is not None
    assert not desk.gathering.pays(miss)
    assert desk.looks == 2
