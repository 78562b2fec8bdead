"""Admission: complete, judge, serialise."""

from __future__ import annotations

import tracemalloc
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
        return self.admission.admit(event, "/producers/ann", orjson.dumps(event))

    def admit_text(self, text: str) -> Admitted | Refused:
        return self.admission.admit(orjson.loads(text), "/producers/ann", text)


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


def test_a_waiting_record_takes_little_more_memory_than_its_bytes(desk: Desk) -> None:
    size, count = 200, 1000
    events = [{"specversion": "1.0", "type": "a", "data": "x" * size} for _ in range(count)]
    tracemalloc.start()
    try:
        kept = [desk.admission.admit(event, "/producers/ann", b"") for event in events]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(kept) == count
    assert taken / count < size + 1500


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
    refused = desk.admit_text(
        '{"specversion":"1.0","type":"a","data":' + "[" * 300 + "]" * 300 + "}"
    )
    assert isinstance(refused, Refused)
    assert refused.problem.type is ProblemType.INVALID_EVENT


@pytest.mark.parametrize(
    "number", ["18446744073709551616", "-9223372036854775809", "1" + "0" * 300]
)
def test_an_integer_beyond_64_bits_is_refused_and_not_rounded(desk: Desk, number: str) -> None:
    refused = desk.admit_text(
        '{"specversion":"1.0","type":"a","id":"i","data":[{"n":' + number + "}]}"
    )
    assert isinstance(refused, Refused)
    assert (refused.problem.type, refused.id) == (ProblemType.INVALID_JSON, "i")
    assert number not in refused.problem.detail
    assert desk.observer.accepted_bytes == []


@pytest.mark.parametrize(
    ("number", "stored"),
    [
        ("18446744073709551615", b"18446744073709551615"),
        ("-9223372036854775808", b"-9223372036854775808"),
        ("6.02e23", b"6.02e+23"),
        ("100000000000000000000.0", b"1e+20"),
        ("1E400", None),
    ],
)
def test_other_numbers_stand_as_the_parser_has_them(
    desk: Desk, number: str, stored: bytes | None
) -> None:
    text = '{"specversion":"1.0","type":"a","data":' + number + "}"
    if stored is None:
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(text)
        return
    admitted = desk.admit_text(text)
    assert isinstance(admitted, Admitted)
    assert b'"data":%b,' % stored in admitted.record.value


def test_the_identity_is_the_producers_its_source_and_the_id_that_it_gave(desk: Desk) -> None:
    def identity(**members: object) -> str | None:
        admitted = desk.admit({"specversion": "1.0", "type": "a", **members})
        assert isinstance(admitted, Admitted)
        return admitted.record.identity

    assert identity(id="i", source="/s") == "/producers/ann\n/s\ni"
    assert identity(id="i") == "/producers/ann\n/producers/ann\ni"
    assert identity() is None  # an id that the listener gave is nobody's to repeat


def test_another_judge_judges_from_the_next_event_on(desk: Desk) -> None:
    other = FakeJudge()
    desk.admission.judge_by(other)
    desk.admit({"specversion": "1.0", "type": "a"})
    assert (len(desk.judge.judged), len(other.judged)) == (0, 1)
