"""The cursor, duplicates and the decision after each close."""

from __future__ import annotations

from random import Random

import orjson
import pytest

from broadcaster.backoff import Backoff
from broadcaster.errors import ProtocolError
from broadcaster.request import Request
from broadcaster.steps import Finished, Refused, Resume
from broadcaster.subscription import Received, Subscription
from clients.python.tests.fakes.frames import hello
from contracts.close import CloseCode
from contracts.frames import (
    Control,
    end_frame,
    error_frame,
    event_frame,
    heartbeat_frame,
    live_frame,
    moved_frame,
)
from contracts.problem import Problem, ProblemType


def subscription(asked: Request | None = None, *frames: bytes) -> Subscription:
    made = Subscription(asked or Request(), Random(7), Backoff(base_s=1, cap_s=8))
    if frames:
        made.opened()
        for frame in frames:
            made.receive(frame)
    return made


def resumed(sub: Subscription, *frames: bytes) -> list[Received | Control | None]:
    sub.opened()
    return [sub.receive(frame) for frame in frames]


class TestCursor:
    def test_before_hello_the_request_is_as_asked(self) -> None:
        asked = Request(since="-15m", until="now", types=("a",), keys=("k",))
        sub = subscription(asked)
        assert sub.cursor is None
        assert sub.request() == asked

    def test_a_cut_before_hello_asks_the_same_again(self) -> None:
        sub = subscription(Request(since="last:5"))
        sub.opened()
        assert isinstance(sub.closed(1006), Resume)
        assert sub.request().since == "last:5"

    def test_live_only_resumes_from_the_resolved_start(self) -> None:
        sub = subscription(None, hello("0:42,1:7@3f9c21aa"))
        assert sub.request().since == "0:42,1:7@3f9c21aa"

    def test_each_event_moves_its_own_partition(self) -> None:
        sub = subscription(None, hello("0:42,1:7@3f9c21aa"), event_frame(1, 9, b"{}"))
        assert sub.cursor == "0:42,1:10@3f9c21aa"

    def test_an_event_of_a_partition_newer_than_the_cursor_grows_it(self) -> None:
        sub = subscription(None, hello("0:42"), event_frame(2, 0, b"{}"))
        assert sub.cursor == "0:42,1:0,2:1"

    @pytest.mark.parametrize(
        "frame",
        [
            heartbeat_frame("0:50@3f9c21aa", 0),
            live_frame("0:50@3f9c21aa", 8),
            moved_frame("0:50@3f9c21aa", 10),
            end_frame("0:50@3f9c21aa"),
            b'{"type":"from-the-future","cursor":"0:50@3f9c21aa"}',
        ],
    )
    def test_any_frame_with_a_cursor_moves_it(self, frame: bytes) -> None:
        sub = subscription(None, hello("0:42@3f9c21aa"), frame)
        assert sub.cursor == "0:50@3f9c21aa"

    def test_unknown_frames_and_members_are_passed_on(self) -> None:
        sub = subscription(None, hello("0:0"))
        frame = sub.receive(b'{"type":"from-the-future","x":1}')
        assert frame == Control("from-the-future", {"type": "from-the-future", "x": 1})
        assert sub.cursor == "0:0"

    def test_what_was_had_is_dropped_after_a_resume(self) -> None:
        sub = subscription(None, hello("0:0"), event_frame(0, 0, b"{}"), event_frame(0, 1, b"{}"))
        got = resumed(sub, hello("0:1"), event_frame(0, 1, b"{}"), event_frame(0, 2, b'{"id":"x"}'))
        assert got[1] is None
        assert isinstance(got[2], Received)
        assert got[2].offset == 2
        assert sub.cursor == "0:3"

    def test_raw_is_the_frame_as_sent(self) -> None:
        frame = event_frame(0, 0, b'{"n":123456789012345678901234567890,"f":1.0}')
        sub = subscription(None, hello("0:0"))
        got = sub.receive(frame)
        assert isinstance(got, Received)
        assert got.raw == frame

    def test_until_keeps_its_resolved_end(self) -> None:
        sub = subscription(Request("earliest", "now"), hello("0:0@3f9c21aa", until="0:9@3f9c21aa"))
        assert sub.request().until == "0:9@3f9c21aa"
        resumed(sub, hello("0:0@3f9c21aa", until="0:12@3f9c21aa"))
        assert sub.request().until == "0:9@3f9c21aa"

    def test_the_other_parameters_are_asked_again(self) -> None:
        asked = Request("earliest", None, ("a", "b.*"), ("k",), "earliest", "tip")
        sub = subscription(asked, hello("0:3"))
        assert sub.request() == Request("0:3", None, ("a", "b.*"), ("k",), "earliest", "tip")


class TestMovedBounds:
    def test_on_expired_may_move_the_cursor_up(self) -> None:
        sub = subscription(Request("0:0", on_expired="earliest"), hello("0:0"))
        resumed(sub, hello("0:90"))
        assert sub.cursor == "0:90"

    def test_without_it_a_start_past_the_cursor_is_told_not_swallowed(self) -> None:
        sub = subscription(None, hello("0:5"))
        sub.opened()
        with pytest.raises(ProtocolError, match="past this cursor"):
            sub.receive(hello("0:6"))

    def test_on_ahead_starts_live_below_and_its_events_are_new(self) -> None:
        sub = subscription(Request("0:90", on_ahead="tip"), hello("0:90"))
        got = resumed(sub, hello("0:3"), event_frame(0, 3, b"{}"))
        assert isinstance(got[1], Received)
        assert sub.cursor == "0:4"

    def test_another_topic_under_the_same_address_is_told(self) -> None:
        sub = subscription(None, hello("0:5@3f9c21aa"))
        sub.opened()
        with pytest.raises(ProtocolError, match="another topic"):
            sub.receive(hello("0:5@00000000"))


class TestBrokenProtocol:
    @pytest.mark.parametrize(
        "frame",
        [
            b"not json",
            b"[]",
            b"{}",
            b'{"type":"event","partition":0,"offset":1}',
            b'{"type":"event","partition":"0","offset":1,"event":{}}',
            b'{"type":"event","partition":-1,"offset":1,"event":{}}',
            b'{"type":"event","partition":1000000000,"offset":1,"event":{}}',
            b'{"type":"event","partition":0,"offset":-1,"event":{}}',
            b'{"type":"heartbeat","cursor":"nonsense","behind":0}',
        ],
    )
    def test_a_frame_that_cannot_be_trusted_stops_the_stream(self, frame: bytes) -> None:
        sub = subscription(None, hello("0:0"))
        with pytest.raises(ProtocolError):
            sub.receive(frame)

    def test_an_event_before_hello(self) -> None:
        sub = subscription(None, hello("0:0"))
        sub.opened()
        with pytest.raises(ProtocolError, match="before its hello"):
            sub.receive(event_frame(0, 0, b"{}"))

    def test_a_hello_without_cursor(self) -> None:
        sub = subscription()
        sub.opened()
        with pytest.raises(ProtocolError, match="no cursor"):
            sub.receive(b'{"type":"hello"}')


class TestAfterAClose:
    def test_end_finishes(self) -> None:
        sub = subscription(Request("0", "now"), hello("0:0", until="0:1"), end_frame("0:1"))
        assert sub.closed(1000) == Finished()

    def test_a_lost_end_frame_changes_nothing(self) -> None:
        sub = subscription(Request("0", "now"), hello("0:0", until="0:1"), event_frame(0, 0, b"{}"))
        assert sub.closed(1006) == Finished()

    def test_an_unfinished_bounded_stream_resumes(self) -> None:
        sub = subscription(Request("0", "now"), hello("0:0,1:0", until="0:1,1:1"))
        sub.receive(event_frame(0, 0, b"{}"))
        assert isinstance(sub.closed(1006), Resume)

    def test_1000_without_end_is_no_end(self) -> None:
        assert isinstance(subscription(None, hello("0:0")).closed(1000), Resume)

    @pytest.mark.parametrize("code", [1001, 1012, 4001])
    def test_planned_waits_a_random_0_to_5_s(self, code: int) -> None:
        delays = {self.delay(code, seed) for seed in range(50)}
        assert len(delays) > 40
        assert 0 <= min(delays) < 1
        assert 4 < max(delays) <= 5

    @staticmethod
    def delay(code: int, seed: int) -> float:
        step = Subscription(Request(), Random(seed)).closed(code)
        assert isinstance(step, Resume)
        return step.delay_s

    @pytest.mark.parametrize("code", [4001, 1012, 1006])
    def test_moved_says_when(self, code: int) -> None:
        sub = subscription(None, hello("0:0"), moved_frame("0:0", 1500))
        step = sub.closed(code)
        assert isinstance(step, Resume)
        assert step.delay_s == 1.5

    def test_what_moved_said_does_not_outlive_its_connection(self) -> None:
        sub = subscription(None, hello("0:0"), moved_frame("0:0", 60_000))
        resumed(sub, hello("0:0"))
        step = sub.closed(1012)
        assert isinstance(step, Resume)
        assert step.delay_s <= 5

    @pytest.mark.parametrize("code", [1006, 1011, 1013, 4008, 4029, 1002, 3000])
    def test_trouble_backs_off_with_full_jitter_and_a_cap(self, code: int) -> None:
        ceilings = [0.0] * 6
        for seed in range(200):
            sub = Subscription(Request(), Random(seed), Backoff(base_s=1, cap_s=8))
            for attempt in range(6):
                step = sub.closed(code)
                assert isinstance(step, Resume)
                ceilings[attempt] = max(ceilings[attempt], step.delay_s)
        assert [pytest.approx(c, rel=0.1) for c in ceilings] == [1, 2, 4, 8, 8, 8]

    def test_progress_starts_the_back_off_afresh_and_a_greeting_does_not(self) -> None:
        sub = subscription(None, hello("0:0"))
        for _ in range(5):
            sub.closed(1011)
            resumed(sub, hello("0:0"))
        assert sub._failures == 5
        sub.receive(event_frame(0, 0, b"{}"))
        assert sub._failures == 0

    @pytest.mark.parametrize("code", [1008, 1009, 4400, 4401, 4403, 4409, 4410, 4411, 4499])
    def test_a_refusal_stops(self, code: int) -> None:
        step = subscription(None, hello("0:0")).closed(code, "why")
        assert isinstance(step, Refused)
        assert "why" in step.refusal.detail

    def test_a_heartbeat_is_progress_too(self) -> None:
        sub = subscription(None, hello("0:0"))
        sub.closed(1011)
        resumed(sub, hello("0:0"), heartbeat_frame("0:0", 0))
        assert sub._failures == 0

    def test_a_move_does_not_make_a_later_crash_planned(self) -> None:
        sub = subscription(None, hello("0:0"), moved_frame("0:0", 1))
        sub.closed(4001)
        resumed(sub, hello("0:0"))
        sub.closed(1006)
        assert sub._failures == 1

    def test_a_refusal_carries_the_problem(self) -> None:
        problem = Problem(ProblemType.CURSOR_EXPIRED, "begins at 0:9", {"earliest": "0:9"})
        sub = subscription(Request("0:1"), error_frame(problem))
        step = sub.closed(CloseCode.CURSOR_EXPIRED)
        assert isinstance(step, Refused)
        assert step.refusal.type == "cursor-expired"
        assert step.refusal.members["earliest"] == "0:9"

    def test_a_problem_with_a_trouble_code_is_the_reason_to_resume(self) -> None:
        problem = Problem(ProblemType.TOO_MANY_SUBSCRIBERS, "full")
        step = subscription(None, error_frame(problem)).closed(1013)
        assert isinstance(step, Resume)
        assert "This instance is full" in step.reason

    def test_the_problem_is_the_document_of_that_connection_only(self) -> None:
        sub = subscription(None, error_frame(Problem(ProblemType.STALLED, "slow")))
        sub.closed(4008)
        sub.opened()
        step = sub.closed(4400)
        assert isinstance(step, Refused)
        assert step.refusal.type != "stalled"


def test_heartbeat_interval_is_the_publishers() -> None:
    sub = subscription(None, hello("0:0", heartbeat_s=0.25))
    assert sub.heartbeat_s == 0.25


def test_hello_members_stay_readable() -> None:
    sub = subscription()
    sub.opened()
    frame = sub.receive(hello("0:3"))
    assert isinstance(frame, Control)
    assert orjson.loads(orjson.dumps(frame.members))["instance"] == "fake"
