"""A request with one event."""

from __future__ import annotations

import asyncio

import pytest
from listener_fakes.clock import FakeClock
from listener_fakes.event_log import FakeEventLog
from listener_fakes.judge import VIOLATION, FakeJudge
from listener_fakes.observer import FakeObserver

from contracts.problem import Problem, ProblemType
from listener.app.admission import Admission, Refused
from listener.app.ingest_event import IngestEvent, Stored
from listener.domain.delivery import OUTCOME_UNKNOWN


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
        self._ingest = IngestEvent(admission, self.log, self.observer, clock)

    def post(self, type_: str = "a") -> asyncio.Task[Stored | Refused]:
        event = {"specversion": "1.0", "type": type_}
        return asyncio.create_task(self._ingest(event, "/producers/ann"))

    async def refuse(self, problem: Problem) -> Stored | Refused:
        return await self._ingest(problem, "/producers/ann")


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
    problem = Problem(ProblemType.NOT_AN_EVENT, "no")
    assert await counter.refuse(problem) == Refused(problem, None)


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
