"""One producer's connection without its transport."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from listener_fakes.clock import FakeClock
from listener_fakes.event_log import FakeEventLog
from listener_fakes.judge import FakeJudge
from listener_fakes.observer import FakeObserver

from contracts.problem import Problem, ProblemType
from listener.app.admission import Admission
from listener.app.ingest_session import IngestSession, Terms
from listener.domain.delivery import OUTCOME_UNKNOWN

EVENT = '{"specversion":"1.0","type":"a","id":"%s"}'
BAD = '{"specversion":"1.0","type":"bad","id":"b"}'


class Line:
    """A session and what is around it."""

    def __init__(self, default_type: str | None = None) -> None:
        self.log = FakeEventLog()
        self.observer = FakeObserver()
        self.clock = FakeClock()
        self.calls = 0
        admission = Admission(
            FakeJudge(),
            self.observer,
            max_event_bytes=10_000,
            new_id=lambda: "new-id",
            now=lambda: "2026-11-22T10:00:00Z",
            clock=self.clock,
        )
        self.session = IngestSession(
            admission,
            self.log,
            self.observer,
            Terms("/producers/ann", default_type, max_array_events=3),
            clock=self.clock,
            on_answers=self._called,
        )

    def _called(self) -> None:
        self.calls += 1

    def answers(self) -> list[dict[str, Any]]:
        return [orjson.loads(each) for each in self.session.collect()]

    def refs(self) -> list[tuple[str, int]]:
        return [(each["type"], each["ref"]) for each in self.answers()]


@pytest.fixture
def line() -> Line:
    return Line()


def test_an_event_is_in_flight_until_it_is_stored(line: Line) -> None:
    line.session.take_text(EVENT % "x")
    assert line.session.in_flight == 1
    assert line.answers() == []
    line.clock.now += 0.25
    line.log.store()
    assert line.session.in_flight == 0
    assert line.answers() == [{"type": "ack", "ref": 0, "id": "x", "partition": 0, "offset": 0}]
    assert line.answers() == []
    assert line.observer.stored_seconds == [0.25]


def test_refs_count_every_event_of_the_connection_from_0(line: Line) -> None:
    line.session.take_text(EVENT % "x")
    line.session.take_text(BAD)
    line.session.take_text("not json")
    line.session.take_text(f"[{EVENT % 'y'},{BAD},7]")
    line.session.take_text("[]")
    line.session.refuse_frame(Problem(ProblemType.TOO_LARGE, "too large"))
    line.session.take_text(EVENT % "z")
    line.log.store()
    nacked = [("nack", ref) for ref in (1, 2, 4, 5, 6, 7)]
    assert line.refs() == [*nacked, ("ack", 0), ("ack", 3), ("ack", 8)]
    assert line.observer.failures == [
        "contract-violation",
        "invalid-json",
        "contract-violation",
        "not-an-event",
        "not-an-event",
        "too-large",
    ]


def test_answers_that_wait_are_announced_once(line: Line) -> None:
    for _ in range(3):
        line.session.take_text(EVENT % "x")
    assert line.calls == 0
    line.log.store()
    assert line.calls == 1
    assert len(line.session.collect()) == 3
    line.session.take_text(BAD)
    assert line.calls == 2


def test_a_nack_carries_the_problem_and_the_id(line: Line) -> None:
    line.session.take_text(BAD)
    [nack] = line.answers()
    assert nack["id"] == "b"
    assert nack["problem"]["type"] == "contract-violation"
    assert nack["problem"]["retriable"] is False
    assert nack["problem"]["errors"] == [
        {"pointer": "/data", "keyword": "type", "detail": "must be a string"}
    ]


def test_a_failed_event_is_nacked_with_its_id_so_that_it_can_be_sent_again(line: Line) -> None:
    line.session.take_text('{"specversion":"1.0","type":"a"}')
    line.log.fail(OUTCOME_UNKNOWN)
    [nack] = line.answers()
    assert (nack["type"], nack["id"]) == ("nack", "new-id")
    assert nack["problem"]["type"] == "outcome-unknown"
    assert line.session.in_flight == 0
    assert line.observer.failures == ["outcome-unknown"]


def test_a_log_that_refuses_at_once_leaves_nothing_in_flight(line: Line) -> None:
    line.log.refuse_at_once = OUTCOME_UNKNOWN
    line.session.take_text(EVENT % "x")
    assert line.session.in_flight == 0
    assert line.refs() == [("nack", 0)]


def test_an_array_above_the_limit_is_one_nack_and_stores_nothing(line: Line) -> None:
    line.session.take_text("[" + ",".join([EVENT % "x"] * 4) + "]")
    [nack] = line.answers()
    assert nack["problem"]["type"] == "too-large"
    assert nack["problem"]["limit_events"] == 3
    assert line.log.waiting == []
    line.session.take_text("[" + ",".join([EVENT % "x"] * 3) + "]")
    assert line.session.in_flight == 3


def test_with_a_default_type_everything_is_an_event() -> None:
    line = Line("message.posted")
    line.session.take_text("hello")
    line.session.take_text("42")
    line.session.take_text('{"a":1}')
    line.session.take_text('["x",[1],{"b":2}]')
    line.log.store()
    data = [orjson.loads(record.value)["data"] for record in line.log.records]
    assert data == [{"text": "hello"}, {"text": "42"}, {"a": 1}, {"text": '"x"'}, [1], {"b": 2}]
    assert line.refs() == [("ack", ref) for ref in range(6)]


def test_an_id_too_long_to_be_repeated_is_null_in_the_ack(line: Line) -> None:
    line.session.take_text(EVENT % ("x" * 300))
    line.log.store()
    assert line.answers() == [{"type": "ack", "ref": 0, "id": None, "partition": 0, "offset": 0}]
