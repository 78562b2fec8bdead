"""Pages over the log: they chain to everything once, whatever the bounds, holes and filters."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from publisher_fakes.stage import Stage
from publisher_fakes.topic_offsets import FakeTopicOffsets

from contracts.cursor import parse_cursor
from contracts.problem import Problem, ProblemType
from publisher.app.plan_replay import PlanReplay
from publisher.app.read_page import EventPage, PageBounds, ReadPage
from publisher.domain.parameters import StreamParameters, parse_parameters
from publisher.domain.reach import EVERYTHING_SEEN


class Desk:
    """A stage and the query."""

    def __init__(self, *held: int, bounds: PageBounds | None = None) -> None:
        self.stage = Stage(*held)
        plan_replay = PlanReplay(
            self.stage.hub, FakeTopicOffsets(self.stage.broker), lambda: 2_000_000
        )
        self.read = ReadPage(
            self.stage.hub,
            self.stage.source,
            plan_replay,
            self.stage.emitted.append,
            bounds or PageBounds(),
        )

    async def page(self, **query: str) -> EventPage | Problem:
        """One page; what must be loaded is served meanwhile."""
        parameters = parse_parameters(list(query.items()), EVERYTHING_SEEN, most_events=1000)
        assert isinstance(parameters, StreamParameters)
        task = asyncio.ensure_future(self.read(parameters))
        while not task.done():
            self.stage.source.serve()
            await asyncio.sleep(0)
        return task.result()


def places(page: EventPage) -> list[tuple[int, int]]:
    items = orjson.loads(b"[" + b"".join(page.items)[:-1] + b"]")
    assert len(items) == page.events
    return [(item["partition"], item["offset"]) for item in items]


async def walk(desk: Desk, **query: str) -> tuple[list[tuple[int, int]], int]:
    """All pages from the start on: their events, and how many pages."""
    got: list[tuple[int, int]] = []
    since = query.pop("since", "earliest")
    for count in range(1, 1000):
        page = await desk.page(since=since, **query)
        assert isinstance(page, EventPage)
        got += places(page)
        since = page.cursor
        if page.until is not None:
            query["until"] = page.until
        if not page.more:
            return got, count
    raise AssertionError("never ends")


@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
async def test_pages_chain_to_everything_once(limit: int) -> None:
    desk = Desk(5, 9)
    got, pages = await walk(desk, limit=str(limit))
    assert sorted(got) == [(0, at) for at in range(5)] + [(1, at) for at in range(9)]
    assert pages <= 14 / limit + 1
    for partition in (0, 1):
        offsets = [at for p, at in got if p == partition]
        assert offsets == sorted(offsets)


@pytest.mark.parametrize("bounds", [PageBounds(bytes=1), PageBounds(reads=1), PageBounds(events=3)])
async def test_each_bound_ends_a_page_and_none_loses_anything(bounds: PageBounds) -> None:
    got, pages = await walk(Desk(5, 9, bounds=bounds))
    assert sorted(got) == [(0, at) for at in range(5)] + [(1, at) for at in range(9)]
    assert pages > 1


async def test_a_filter_that_matches_nothing_moves_the_cursor_in_empty_pages() -> None:
    desk = Desk(0, bounds=PageBounds(reads=2))
    for _ in range(5000):
        desk.stage.broker[0].append("a")
    desk.stage.broker[0].hole(3000)
    desk.stage.broker[0].append("b")
    desk.stage.round()
    got, pages = await walk(desk, type="b")
    assert got == [(0, 8000)]
    assert pages >= 1


async def test_cold_pages_are_loaded_and_a_scan_is_bounded_in_reads() -> None:
    desk = Desk(4000, bounds=PageBounds(reads=3))
    page = await desk.page(since="earliest", type="b")
    assert isinstance(page, EventPage)
    assert page.events == 0
    assert page.more
    assert 0 < parse_cursor(page.cursor).positions[0] < 4000
    assert len(desk.stage.source.requested) <= 3
    got, pages = await walk(desk, type="b")
    assert (got, pages > 1) == ([], True)


async def test_it_ends_at_until_and_says_so() -> None:
    desk = Desk(9)
    page = await desk.page(since="earliest", until="5", limit="3")
    assert isinstance(page, EventPage)
    assert (page.cursor, page.until, page.more) == ("0:3@0badcafe", "0:5@0badcafe", True)
    page = await desk.page(since=page.cursor, until=page.until or "")
    assert isinstance(page, EventPage)
    assert places(page) == [(0, 3), (0, 4)]
    assert (page.cursor, page.more, page.tip) == ("0:5@0badcafe", False, "0:9@0badcafe")


async def test_live_only_is_an_empty_page_at_the_tip() -> None:
    page = await Desk(9).page()
    assert isinstance(page, EventPage)
    assert (page.events, page.cursor, page.more) == (0, "0:9@0badcafe", False)


async def test_a_refused_cursor_is_refused() -> None:
    problem = await Desk(9).page(since="10")
    assert isinstance(problem, Problem)
    assert problem.type is ProblemType.CURSOR_AHEAD


async def test_retention_that_overtakes_a_page_is_told() -> None:
    desk = Desk(4000)
    desk.stage.broker[0].start = 100
    task = asyncio.ensure_future(desk.page(since="100"))
    await asyncio.sleep(0)
    desk.stage.hub.expire(0, 200)
    problem = await task
    assert isinstance(problem, Problem)
    assert problem.type is ProblemType.CURSOR_EXPIRED
    assert problem.members == {"earliest": "0:200@0badcafe"}


async def test_a_topic_recreated_meanwhile_is_told() -> None:
    desk = Desk(4000)
    task = asyncio.ensure_future(desk.page(since="0"))
    await asyncio.sleep(0)
    desk.stage.hub.recreated()
    desk.stage.hub.generation = "1badcafe"
    problem = await task
    assert isinstance(problem, Problem)
    assert problem.type is ProblemType.UNAVAILABLE
