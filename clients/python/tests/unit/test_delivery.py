"""What to send, what answers mean, and what is safe to repeat."""

from __future__ import annotations

from random import Random

import orjson
import pytest

from broadcaster.backoff import Backoff
from broadcaster.delivery import Acked, Delivery, Nacked
from broadcaster.errors import ProtocolError
from broadcaster.outgoing import Outgoing
from broadcaster.refusal import read_refusal
from broadcaster.steps import Refused, Resume
from contracts.problem import Problem, ProblemType


def event(name: str) -> Outgoing:
    return Outgoing(name.encode(), name)


def anonymous(name: str) -> Outgoing:
    return Outgoing(name.encode(), None)


def delivery(*events: Outgoing, max_attempts: int = 3, max_age_s: float = 60) -> Delivery:
    made = Delivery(
        Random(1),
        max_attempts=max_attempts,
        max_age_s=max_age_s,
        backoff=Backoff(base_s=1, cap_s=4),
    )
    for item in events:
        made.offer(item, 0)
    made.opened()
    return made


def sent(made: Delivery, now: float = 0) -> list[str]:
    frames = []
    while (frame := made.next_frame(now)) is not None:
        frames.append(frame.decode())
    return frames


def ack(ref: int, offset: int = 0) -> bytes:
    return orjson.dumps(
        {"type": "ack", "ref": ref, "id": f"id{ref}", "partition": 0, "offset": offset}
    )


def nack(ref: int, kind: ProblemType) -> bytes:
    problem = Problem(kind, "detail").document()
    return orjson.dumps({"type": "nack", "ref": ref, "id": None, "problem": problem})


def test_answers_in_any_order_find_their_event() -> None:
    made = delivery(event("a"), event("b"))
    assert sent(made) == ["a", "b"]
    assert made.answered(ack(1, 42), 0) == Acked(1, "id1", 0, 42)
    assert made.answered(ack(0, 41), 0) == Acked(0, "id0", 0, 41)
    assert made.pending == 0


def test_the_window_counts_everything_without_a_result() -> None:
    made = Delivery(Random(1), window=2)
    made.offer(event("a"), 0)
    assert made.has_room
    made.offer(event("b"), 0)
    assert not made.has_room
    made.opened()
    sent(made)
    assert not made.has_room
    made.answered(nack(0, ProblemType.UNAVAILABLE), 0)
    assert not made.has_room  # it waits for its retry
    made.answered(ack(1), 0)
    assert made.has_room


def test_a_retry_waits_for_as_long_as_the_listener_asks() -> None:
    made = delivery(event("a"))
    sent(made)
    problem = Problem(ProblemType.RATE_EXCEEDED, "detail", {"retry_after_s": 9}).document()
    answer = orjson.dumps({"type": "nack", "ref": 0, "id": None, "problem": problem})
    assert made.answered(answer, 1) is None
    assert made.wake_at() == 10
    assert sent(made, 9.9) == []
    assert sent(made, 10) == ["a"]


def test_who_would_be_too_old_after_the_wait_is_told_now() -> None:
    made = delivery(event("a"))
    sent(made)
    problem = Problem(ProblemType.RATE_EXCEEDED, "detail", {"retry_after_s": 3600}).document()
    answer = orjson.dumps({"type": "nack", "ref": 0, "id": None, "problem": problem})
    result = made.answered(answer, 1)
    assert isinstance(result, Nacked)
    assert result.refusal.type == "rate-exceeded"
    assert made.pending == 0


@pytest.mark.parametrize("said", [-1, "soon", None, True])
def test_what_is_no_wait_is_none(said: object) -> None:
    assert read_refusal({"retry_after_s": said}).retry_after_s == 0


def test_a_refusal_is_a_value_with_its_violations() -> None:
    made = delivery(event("a"))
    sent(made)
    problem = Problem(
        ProblemType.CONTRACT_VIOLATION,
        "2 violations",
        {"errors": [{"pointer": "/a", "keyword": "type", "detail": "no"}, {"pointer": "/b"}]},
    ).document()
    result = made.answered(
        orjson.dumps({"type": "nack", "ref": 0, "id": "a", "problem": problem}), 0
    )
    assert isinstance(result, Nacked)
    assert result.refusal.type == "contract-violation"
    assert [v.pointer for v in result.refusal.violations] == ["/a", "/b"]


@pytest.mark.parametrize("kind", [ProblemType.UNAVAILABLE, ProblemType.OUTCOME_UNKNOWN])
def test_a_retriable_nack_is_tried_again_later_with_the_same_frame(kind: ProblemType) -> None:
    made = delivery(event("a"))
    sent(made)
    assert made.answered(nack(0, kind), 10) is None
    due = made.wake_at()
    assert due is not None
    assert 10 < due <= 11
    assert sent(made, due - 0.001) == []
    assert sent(made, due) == ["a"]
    assert made.answered(ack(1, 5), 12) == Acked(0, "id1", 0, 5)


def test_tries_are_bounded() -> None:
    made = delivery(event("a"), max_attempts=3)
    results = []
    for ref in range(3):
        sent(made, 1000)
        results.append(made.answered(nack(ref, ProblemType.UNAVAILABLE), 0))
    assert results[:2] == [None, None]
    assert isinstance(results[2], Nacked)
    assert results[2].refusal.type == "unavailable"


def test_time_is_bounded() -> None:
    made = delivery(event("a"), max_attempts=99, max_age_s=5)
    sent(made)
    assert isinstance(made.answered(nack(0, ProblemType.UNAVAILABLE), 5), Nacked)


def test_without_an_id_only_what_was_certainly_not_stored_is_tried_again() -> None:
    made = delivery(anonymous("a"), anonymous("b"))
    sent(made)
    assert made.answered(nack(0, ProblemType.UNAVAILABLE), 0) is None
    result = made.answered(nack(1, ProblemType.OUTCOME_UNKNOWN), 0)
    assert isinstance(result, Nacked)
    assert result.refusal.type == "outcome-unknown"


def test_what_may_be_stored_is_never_called_not_stored() -> None:
    made = delivery(event("a"), max_attempts=2)
    sent(made)
    made.answered(nack(0, ProblemType.OUTCOME_UNKNOWN), 0)
    sent(made, 1000)
    result = made.answered(nack(1, ProblemType.UNAVAILABLE), 0)
    assert isinstance(result, Nacked)
    assert result.refusal.type == "outcome-unknown"


def test_after_a_cut_only_the_unacked_is_sent_again_in_order_before_the_rest() -> None:
    made = delivery(event("a"), event("b"), event("c"))
    sent(made)
    made.answered(ack(1), 0)
    made.offer(event("d"), 0)
    results, step = made.closed(1006, "", 0)
    assert results == []
    assert isinstance(step, Resume)
    made.opened()
    assert sent(made) == ["a", "c", "d"]
    assert made.answered(ack(0, 9), 0) == Acked(0, "id0", 0, 9)


def test_after_a_cut_what_has_no_id_is_unknown() -> None:
    made = delivery(anonymous("a"), event("b"), anonymous("c"))
    made.next_frame(0)
    made.next_frame(0)
    results, _ = made.closed(1006, "", 0)
    assert [(r.index, r.refusal.type) for r in results] == [(0, "outcome-unknown")]
    assert sent(made) == ["b", "c"]  # c was never sent: it is not lost


def test_an_event_that_fells_the_listener_is_given_up() -> None:
    made = delivery(event("poison"), max_attempts=3)
    told = []
    for _ in range(3):
        made.opened()
        sent(made)
        told.append(made.closed(1011, "", 0)[0])
    assert told[:2] == [[], []]
    assert told[2][0].refusal.type == "outcome-unknown"


def test_a_frame_above_the_listener_s_limit_does_not_take_the_others_along() -> None:
    made = delivery(event("a"), event("far too large"), event("b"))
    sent(made)
    results, step = made.closed(1009, "too big", 0)
    assert [(r.index, r.refusal.type) for r in results] == [(1, "too-large")]
    assert isinstance(step, Resume)
    assert sent(made) == ["a", "b"]


@pytest.mark.parametrize("code", [1008, 4400, 4401, 4403])
def test_a_refused_connection_is_not_tried_again(code: int) -> None:
    assert isinstance(delivery(event("a")).closed(code, "no", 0)[1], Refused)


def test_its_problem_is_told() -> None:
    made = delivery()
    problem = Problem(ProblemType.FORBIDDEN, "not yours").document()
    assert made.answered(orjson.dumps({"type": "error", "problem": problem}), 0) is None
    _, step = made.closed(4403, "", 0)
    assert isinstance(step, Refused)
    assert step.refusal.detail == "not yours"


def test_back_off_grows_until_an_ack() -> None:
    made = delivery(event("a"))
    for _ in range(8):
        made.failed("no")
    assert made._failures == 8
    sent(made)
    made.answered(ack(0), 0)
    assert made._failures == 0


def test_giving_up_tells_the_never_sent_from_the_perhaps_stored() -> None:
    made = delivery(event("a"), event("b"), event("c"), event("d"))
    for _ in range(3):
        made.next_frame(0)
    made.answered(nack(0, ProblemType.UNAVAILABLE), 0)
    made.answered(nack(1, ProblemType.OUTCOME_UNKNOWN), 0)
    results = made.give_up("the end")
    assert [(r.index, r.refusal.type) for r in results] == [
        (0, "unavailable"),
        (1, "outcome-unknown"),
        (2, "outcome-unknown"),
        (3, "unavailable"),
    ]
    assert made.pending == 0


def test_frames_that_are_no_answers_are_ignored() -> None:
    assert delivery().answered(b'{"type":"from-the-future"}', 0) is None


@pytest.mark.parametrize(
    "frame",
    [
        b"not json",
        b'{"type":"ack","ref":1,"id":"x","partition":0,"offset":0}',
        b'{"type":"ack","id":"x","partition":0,"offset":0}',
        b'{"type":"ack","ref":[],"id":"x","partition":0,"offset":0}',
        b'{"type":"ack","ref":0,"id":"x","partition":0}',
        b'{"type":"ack","ref":0,"id":"x","partition":0,"offset":null}',
    ],
)
def test_an_answer_to_nothing_is_told(frame: bytes) -> None:
    made = delivery(event("a"))
    sent(made)
    with pytest.raises(ProtocolError):
        made.answered(frame, 0)
