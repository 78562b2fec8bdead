"""Query: one page of events, read from the log at a cursor that the client keeps itself.

Bounded in events, bytes and reads: a page of a filter that matches nothing may be empty and still
moves the cursor. Nobody's stream waits for it: between two reads the event loop is given away.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from contracts.problem import Problem, ProblemType
from publisher.app.catch_up_lane import PageSource
from publisher.app.events import Emit, PageServed
from publisher.app.hub import Hub
from publisher.app.plan_replay import Planned, PlanReplay
from publisher.domain.encoding import Buffer
from publisher.domain.filter import Filter
from publisher.domain.http_encodings import ITEMS
from publisher.domain.log import Expired, Miss, Read
from publisher.domain.page import Page
from publisher.domain.parameters import StreamParameters

_CHANGED = Problem(
    ProblemType.UNAVAILABLE, "the topic was recreated or cut while it was read; ask again"
)


@dataclass(frozen=True, slots=True)
class PageBounds:
    """The most that one request may get, and what it gets when it does not say."""

    most_events: int = 10_000
    events: int = 1000
    bytes: int = 1 << 20
    reads: int = 64


@dataclass(frozen=True, slots=True)
class EventPage:
    """The items, each with a comma behind it, and the cursor after them."""

    items: list[Buffer]
    events: int
    cursor: str
    until: str | None
    tip: str
    more: bool
    """There is something to read from `cursor` on, up to `until` or else the tip."""
    planned: Planned


class _Reading:
    """How far one request has got."""

    def __init__(self, planned: Planned, generation: str) -> None:
        self.positions = list(planned.plan.start)
        self.stop = planned.plan.stop
        self.generation = generation
        self.in_hand: Page | None = None
        self.reached_ms = [0] * len(self.positions)
        self.items: list[Buffer] = []
        self.events = 0
        self.bytes = 0

    def take(self, partition: int, read: Read) -> None:
        """Note what was read."""
        self.items += read.buffers
        self.events += read.events
        self.bytes += sum(map(len, read.buffers))
        self.positions[partition] = read.next
        page = self.in_hand
        if page is not None and page.partition == partition:
            self.reached_ms[partition] = page.last_ms


class ReadPage:
    """See the module."""

    def __init__(
        self, hub: Hub, source: PageSource, plan_replay: PlanReplay, emit: Emit, bounds: PageBounds
    ) -> None:
        self._hub = hub
        self._source = source
        self._plan_replay = plan_replay
        self._emit = emit
        self.bounds = bounds

    async def __call__(self, parameters: StreamParameters) -> EventPage | Problem:
        """The page, or the refusal."""
        planned = await self._plan_replay(parameters.request)
        if isinstance(planned, Problem):
            return planned
        reading = _Reading(planned, self._hub.generation)
        problem = await self._read(reading, parameters.wanted, parameters.limit)
        if problem is not None:
            return problem
        self._emit(PageServed(reading.events, reading.bytes))
        return self._page(reading, planned)

    async def _read(
        self, reading: _Reading, wanted: Filter, limit_events: int | None
    ) -> Problem | None:
        limit = limit_events or self.bounds.events
        for _ in range(self.bounds.reads):
            partition = self._hub.log.oldest(
                reading.positions, reading.stop, reading.in_hand, reading.reached_ms
            )
            if partition is None or reading.events >= limit or reading.bytes >= self.bounds.bytes:
                return None
            answer = self._hub.log.read(
                partition,
                reading.positions[partition],
                limit_bytes=self.bounds.bytes - reading.bytes,
                wanted=wanted,
                encoding=ITEMS,
                stop=None if reading.stop is None else reading.stop[partition],
                in_hand=reading.in_hand,
                limit_events=limit - reading.events,
            )
            match answer:
                case Expired():
                    return self._expired(answer)
                case Miss():
                    reading.in_hand = await self._load(answer)
                case read:
                    reading.take(partition, read)
                    await asyncio.sleep(0)
            if not self._is_same(reading):
                return _CHANGED
        return None

    def _is_same(self, reading: _Reading) -> bool:
        """The log is still the one that this began with; it may have grown."""
        hub = self._hub
        return hub.generation == reading.generation and len(reading.positions) <= hub.log.partitions

    async def _load(self, miss: Miss) -> Page | None:
        loaded: asyncio.Future[Page | None] = asyncio.get_running_loop().create_future()

        def give(page: Page | None) -> None:
            if not loaded.done():  # the client may have gone meanwhile
                loaded.set_result(page)

        self._source.request(miss, give)
        return await loaded

    def _expired(self, answer: Expired) -> Problem:
        detail = (
            f"partition {answer.partition} now begins at {answer.earliest}: retention overtook "
            "this page while it was read; on_expired=earliest goes on from there"
        )
        earliest = self._hub.cursor(self._hub.log.floors)
        return Problem(ProblemType.CURSOR_EXPIRED, detail, {"earliest": earliest})

    def _page(self, reading: _Reading, planned: Planned) -> EventPage:
        hub, stop = self._hub, reading.stop
        ends = hub.log.tips if stop is None else stop
        positions = tuple(reading.positions)
        return EventPage(
            items=reading.items,
            events=reading.events,
            cursor=hub.cursor(positions),
            until=None if stop is None else hub.cursor(stop),
            tip=hub.cursor(hub.log.tips),
            more=any(at < end for at, end in zip(positions, ends, strict=False)),
            planned=planned,
        )
