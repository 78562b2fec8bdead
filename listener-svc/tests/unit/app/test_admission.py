"""Admission: complete, judge, serialise."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from listener_fakes.clock import FakeClock
from listener_fakes.judge import VIOLATION, FakeJudge
from listener_fakes.observer import FakeObserver

from contracts.problem import ProblemType
from listener.app.admission import Admission, Admitted, Refused


class Desk:
    """An admission and what is around it."""

    def __init__(self) -> None:
        self.judge = FakeJudge()
        self.observer = FakeObserver()
        self.admission = Admission(
            self.judge,
            self.observer,
            max_event_bytes=2000,
            new_id=lambda: "new-id",
            now=lambda: "2026-11-22T10:00:00Z",
            clock=FakeClock(),
        )

    def admit(self, event: dict[str, Any]) -> Admitted | Refused:
        return self.admission.admit(event, "/producers/ann")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_what_is_stored_is_what_was_judged(desk: Desk) -> None:
    admitted = desk.admit({"specversion": "1.0", "type": "a", "data": {"ü": [1.5, None]}})
    assert isinstance(admitted, Admitted)
    assert orjson.loads(admitted.record.value) == desk.judge.judged[0]
    assert admitted.id == "new-id"
    assert desk.observer.accepted_bytes == [len(admitted.record.value)]
    assert desk.observer.judge_seconds == [0.0]


def test_a_rejected_event_is_refused_with_its_id_and_not_counted_as_accepted(desk: Desk) -> None:
    refused = desk.admit({"specversion": "1.0", "type": "bad", "id": "i"})
    assert refused == Refused(VIOLATION, "i")
    assert desk.observer.accepted_bytes == []


def test_an_event_larger_than_the_topic_takes_is_refused_before_it_is_stored(desk: Desk) -> None:
    refused = desk.admit({"specversion": "1.0", "type": "a", "id": "i", "data": "x" * 2000})
    assert isinstance(refused, Refused)
    assert refused.problem.type is ProblemType.TOO_LARGE
    assert refused.problem.members["limit_bytes"] == 2000
    assert refused.id == "i"


def test_an_event_nested_too_deeply_is_refused(desk: Desk) -> None:
    data: list[Any] = []
    for _ in range(300):
        data = [data]
    refused = desk.admit({"specversion": "1.0", "type": "a", "data": data})
    assert isinstance(refused, Refused)
    assert refused.problem.type is ProblemType.INVALID_EVENT
