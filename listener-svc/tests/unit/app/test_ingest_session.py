"""One producer's connection without its transport."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from listener_fakes.clock import FakeClock
from listener_fakes.dead_letters import FakeDeadLetters
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
        self.dead_letters = FakeDeadLetters()
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
            self.dead_letters,
            Terms("ann", "/producers/ann", default_type, max_array_events=3),
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


def test_a_line_is_an_event_or_data_and_never_an_array_of_events(line: Line) -> None:
    line.session.take_line((EVENT % "x").encode())
    line.session.take_line(b"{")
    line.session.take_line(f"[{EVENT % 'y'}]".encode())
    line.session.take_line(b"42")
    line.log.store()
    assert line.refs() == [("nack", 1), ("nack", 2), ("nack", 3), ("ack", 0)]
    assert line.observer.failures == ["invalid-json", "not-an-event", "not-an-event"]
    assert (line.session.events, line.session.nacked) == (4, 3)


def test_with_a_default_type_a_line_becomes_data_if_it_is_json() -> None:
    line = Line("message.posted")
    for text in ('{"a":"ü"}', "[1]", " 42 ", "hello"):
        line.session.take_line(text.encode())
    line.log.store()
    data = [orjson.loads(record.value)["data"] for record in line.log.records]
    assert data == [{"a": "ü"}, [1], {"text": " 42 "}]
    assert line.refs() == [("nack", 3), ("ack", 0), ("ack", 1), ("ack", 2)]


def test_what_is_owed_are_events_in_flight_and_answers_that_wait(line: Line) -> None:
    line.session.take_text(EVENT % "x")
    line.session.take_text(EVENT % "y")
    line.session.take_text(BAD)
    assert line.session.owed == 3
    line.log.store(1)
    assert line.session.owed == 3
    line.answers()
    assert line.session.owed == 1


def test_a_duplicate_is_acked_as_one(line: Line) -> None:
    line.session.take_text(EVENT % "x")
    [(_, ticket)] = line.log.waiting
    ticket.stored(3, 7, duplicate=True)
    assert line.answers() == [
        {"type": "ack", "ref": 0, "id": "x", "partition": 3, "offset": 7, "duplicate": True}
    ]
    assert (line.observer.duplicates, line.observer.stored_seconds) == (1, [])


def test_what_is_refused_goes_to_the_dead_letters(line: Line) -> None:
    line.session.take_text("not json")
    line.session.take_text('{"a":1}')
    line.session.take_text(BAD)
    line.session.take_text(f"[7,{BAD}]")
    line.session.take_text("[]")  # holds nothing
    kept = [(name, content) for name, _, content in line.dead_letters.kept]
    names = ["invalid-json", "not-an-event", "contract-violation", "not-an-event"]
    assert [name for name, _ in kept] == [*names, "contract-violation"]
    assert [kept[0][1], kept[1][1], kept[3][1]] == ["not json", '{"a":1}', 7]
    for at in (2, 4):
        assert isinstance(kept[at][1], dict)
    assert {principal for _, principal, _ in line.dead_letters.kept} == {"ann"}


def test_what_kafka_refuses_is_no_dead_letter(line: Line) -> None:
    line.session.take_text(EVENT % "x")
    line.log.fail(OUTCOME_UNKNOWN)
    assert line.dead_letters.kept == []


def test_a_text_that_is_not_taken_now_is_answered_event_by_event(line: Line) -> None:
    problem = Problem(ProblemType.RATE_EXCEEDED, "too fast", {"retry_after_s": 1})
    for text in (
        EVENT % "x",
        f"[{EVENT % 'y'},7]",
        "[]",
        "[1,2,3,4]",
        "not json",
        '{"specversion":"1.0","id":7}',
    ):
        line.session.refuse_text(text, problem)
    answers = line.answers()
    assert [(each["ref"], each["id"]) for each in answers] == [
        (0, "x"), (1, "y"), (2, None), (3, None), (4, None), (5, None), (6, None),
    ]  # fmt: skip
    assert {each["problem"]["retry_after_s"] for each in answers} == {1}
    assert line.dead_letters.kept == []
    assert line.session.nacked == line.session.events == 7


def test_bytes_in_flight_are_those_of_the_records_without_an_answer(line: Line) -> None:
    line.session.take_text(EVENT % "x")
    line.session.take_text(EVENT % "yy")
    sizes = [record.size_bytes for record, _ in line.log.waiting]
    assert line.session.in_flight_bytes == sum(sizes)
    line.log.store(1)
    assert line.session.in_flight_bytes == sizes[1]
    line.log.fail(OUTCOME_UNKNOWN)
    assert line.session.in_flight_bytes == 0
