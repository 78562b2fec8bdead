from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import frames
from contracts.errors import InvalidFrameError
from contracts.problem import Problem, ProblemType

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.integers(0, 2**31 - 1),
    st.integers(0, 2**63 - 1),
    st.dictionaries(st.text(), json_values, max_size=4),
)
def test_an_event_frame_carries_the_stored_bytes(
    partition: int, offset: int, event: dict[str, Any]
) -> None:
    stored = orjson.dumps(event)
    frame = frames.event_frame(partition, offset, stored)
    assert stored in frame
    assert b"\n" not in frame
    assert frames.parse_frame(frame) == frames.Event(partition, offset, event)


def test_hello_tells_moved_partitions_only_if_there_are_any() -> None:
    told: dict[str, Any] = {
        "cursor": "0:1",
        "until": None,
        "tip": "0:9",
        "truncated": False,
        "topic": "events",
        "instance": "p1",
        "heartbeat_s": 15,
    }
    plain = frames.parse_frame(frames.hello_frame(**told))
    assert plain == frames.Control("hello", {"type": "hello", **told})
    assert list(plain.members)[:2] == ["type", "cursor"]
    moved = frames.parse_frame(frames.hello_frame(**told, expired={"0": 3}))
    assert isinstance(moved, frames.Control)
    assert moved.members["expired"] == {"0": 3}


@pytest.mark.parametrize(
    ("frame", "members"),
    [
        (frames.live_frame("0:5@3f9c21aa", 5), {"type": "live", "replayed": 5}),
        (frames.heartbeat_frame("0:5@3f9c21aa", 2), {"type": "heartbeat", "behind": 2}),
        (frames.moved_frame("0:5@3f9c21aa", 900), {"type": "moved", "retry_after_ms": 900}),
        (frames.end_frame("0:5@3f9c21aa"), {"type": "end"}),
    ],
)
def test_control_frames_carry_the_cursor(frame: bytes, members: dict[str, Any]) -> None:
    parsed = frames.parse_frame(frame)
    assert isinstance(parsed, frames.Control)
    assert parsed.members == {**members, "cursor": "0:5@3f9c21aa"}
    assert parsed.type == members["type"]
    assert parsed.cursor == "0:5@3f9c21aa"


def test_an_error_frame_carries_the_problem_and_no_cursor() -> None:
    problem = Problem(ProblemType.INTERNAL, "It failed.")
    parsed = frames.parse_frame(frames.error_frame(problem).decode())
    assert parsed == frames.Control("error", {"type": "error", "problem": problem.document()})
    assert parsed.cursor is None


def test_a_type_that_nobody_knows_is_a_control_frame() -> None:
    assert frames.parse_frame('{"type":"new"}') == frames.Control("new", {"type": "new"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "1",
        "{}",
        '{"type":1}',
        b"\xff",
        '{"type":"event"}',
        '{"type":"event","partition":0,"offset":1}',
        '{"type":"event","partition":"0","offset":1,"event":{}}',
        '{"type":"event","partition":0,"offset":true,"event":{}}',
        '{"type":"event","partition":0,"offset":1,"event":null}',
    ],
)
def test_what_is_no_frame_is_refused(text: str | bytes) -> None:
    with pytest.raises(InvalidFrameError) as caught:
        frames.parse_frame(text)
    assert caught.value.code == "invalid-frame"


def stored_events() -> st.SearchStrategy[list[bytes]]:
    """Events as they are stored, with whatever a producer may write."""
    odd = st.sampled_from([
        b'{"a":"}{\\"}{\\\\"}', b'{"a":[{"partition":1},{"partition":2}]}', b'{"n":1e5,"m":1.0}',
        b'{ "a" : {"b":{}} }', b"{}",
    ])  # fmt: skip
    made = st.dictionaries(st.text(), json_values, max_size=3).map(orjson.dumps)
    return st.lists(made | odd, min_size=1, max_size=6)


@given(stored_events())
def test_a_frame_of_several_events_is_these_with_their_stored_bytes(stored: list[bytes]) -> None:
    alone = [frames.event_frame(1, 40 + at, event) for at, event in enumerate(stored)]
    together = frames.events_frame(alone)
    assert orjson.loads(together)["type"] == "events"
    assert frames.frames_in(together) == alone
    assert [frames.frames_in(each) for each in alone] == [[each] for each in alone]


@pytest.mark.parametrize("before", ["", '"new":{"x":{}},'])
def test_a_frame_of_several_events_is_read_however_it_is_written(before: str) -> None:
    items = (
        '[ { "event": {"a":{}} , "offset":2,"partition":0}, {"offset":3,"partition":0,"event":{}}]'
    )
    message = f'{{ {before} "events": {items}, "type": "events" }}'.encode()
    assert [frames.parse_frame(each) for each in frames.frames_in(message)] == [
        frames.Event(0, 2, {"a": {}}),
        frames.Event(0, 3, {}),
    ]


def test_other_frames_stay_as_they_are() -> None:
    for frame in (frames.end_frame("0:1"), b'{"type":"new","events":[1]}', b"not JSON"):
        assert frames.frames_in(frame) == [frame]


@pytest.mark.parametrize(
    "events",
    ["null", "{}", "[null]", "[1]", "[{}]", '[{"partition":0,"offset":true,"event":{}}]'],
)
def test_what_is_no_list_of_events_is_refused(events: str) -> None:
    with pytest.raises(InvalidFrameError):
        frames.frames_in(b'{"type":"events","events":%b}' % events.encode())
