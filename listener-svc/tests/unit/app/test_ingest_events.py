"""A request with events."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from listener_fakes.clock import FakeClock
from listener_fakes.dead_letters import FakeDeadLetters
from listener_fakes.event_log import FakeEventLog
from listener_fakes.judge import VIOLATION, FakeJudge
from listener_fakes.observer import FakeObserver

from contracts.problem import Problem, ProblemType
from listener.app.admission import Admission, Refused
from listener.app.ingest_events import IngestEvents, Origin, Stored
from listener.domain.delivery import OUTCOME_UNKNOWN

NO_EVENT = Problem(ProblemType.NOT_AN_EVENT, "no")


class Counter:
    """The use case and what is around it."""

    def __init__(self) -> None:
        self.log = FakeEventLog()
        self.observer = FakeObserver()
        clock = FakeClock()
        admission = Admission(
            FakeJudge(),
            self.observer,
            max_event_bytes=10_000,
            new_id=lambda: "new-id",
            now=lambda: "2026-11-22T10:00:00Z",
            clock=clock,
        )
        self.dead_letters = FakeDeadLetters()
        self._ingest = IngestEvents(admission, self.log, self.observer, self.dead_letters, clock)

    def post(self, type_: str = "a") -> asyncio.Task[Stored | Refused]:
        return asyncio.create_task(self._one({"specversion": "1.0", "type": type_}))

    async def refuse(self, problem: Problem) -> Stored | Refused:
        return await self._one(problem)

    async def batch(self, *items: object) -> list[Stored | Refused]:
        events = [item if isinstance(item, dict) else NO_EVENT for item in items]
        origin = Origin("ann", "/producers/ann", orjson.dumps(items), items)
        return await self._ingest(events, origin)

    async def _one(self, event: dict[str, Any] | Problem) -> Stored | Refused:
        [outcome] = await self._ingest([event], Origin("ann", "/producers/ann", b"the body"))
        return outcome


@pytest.fixture
def counter() -> Counter:
    return Counter()


async def test_the_outcome_comes_only_when_the_event_is_stored(counter: Counter) -> None:
    posted = counter.post()
    await asyncio.sleep(0)
    assert not posted.done()
    counter.log.store()
    assert await posted == Stored("new-id", 0, 0)
    assert counter.observer.stored_seconds == [0.0]


async def test_an_event_that_fails_later_is_refused_with_its_id(counter: Counter) -> None:
    posted = counter.post()
    await asyncio.sleep(0)
    counter.log.fail(OUTCOME_UNKNOWN)
    assert await posted == Refused(OUTCOME_UNKNOWN, "new-id")
    assert counter.observer.failures == ["outcome-unknown"]


async def test_a_rejected_event_is_never_appended(counter: Counter) -> None:
    assert await counter.post("bad") == Refused(VIOLATION, "new-id")
    assert counter.log.waiting == []
    assert counter.observer.failures == ["contract-violation"]


async def test_what_is_no_event_is_refused(counter: Counter) -> None:
    assert await counter.refuse(NO_EVENT) == Refused(NO_EVENT, None)
    assert counter.dead_letters.kept == [("not-an-event", "ann", b"the body")]


async def test_a_batch_has_its_outcomes_in_its_order_once_all_are_there(counter: Counter) -> None:
    good, bad = ({"specversion": "1.0", "type": type_, "id": type_} for type_ in ("a", "bad"))
    posted = asyncio.create_task(counter.batch(good, 7, bad, dict(good, id="b")))
    await asyncio.sleep(0)
    counter.log.store(1)
    await asyncio.sleep(0)
    assert not posted.done()
    counter.log.store()
    assert await posted == [
        Stored("a", 0, 0),
        Refused(NO_EVENT, None),
        Refused(VIOLATION, "bad"),
        Stored("b", 0, 1),
    ]
    assert [(name, content) for name, _, content in counter.dead_letters.kept] == [
        ("not-an-event", 7),
        ("contract-violation", bad),
    ]


async def test_an_empty_batch_is_over_at_once(counter: Counter) -> None:
    assert await counter.batch() == []


async def test_an_inexact_integer_is_refused_in_its_place(counter: Counter) -> None:
    text = (
        b'[{"specversion":"1.0","type":"a","data":%s},{"specversion":"1.0","type":"a","data":%s}]'
    )
    body = text % (b"1e30", b"1000000000000000000000")
    items = orjson.loads(body)
    posted = asyncio.create_task(
        counter._ingest(items, Origin("ann", "/producers/ann", body, items))
    )
    await asyncio.sleep(0)
    counter.log.store()
    first, second = await posted
    assert isinstance(first, Stored)
    assert isinstance(second, Refused)
    assert second.problem.type is ProblemType.INVALID_JSON


@pytest.mark.parametrize("ending", ["store", "fail"])
async def test_a_caller_that_left_does_not_disturb_the_log(counter: Counter, ending: str) -> None:
    posted = counter.post()
    await asyncio.sleep(0)
    posted.cancel()
    await asyncio.gather(posted, return_exceptions=True)
    if ending == "store":
        counter.log.store()
        assert len(counter.log.records) == 1
    else:
        counter.log.fail(OUTCOME_UNKNOWN)
    assert counter.log.waiting == []
