"""Every form of ``since`` and ``until``: what is served, from where to where, or how it is refused.

The requests are those of `support.requests`, which the other transports' tests share.
"""

from __future__ import annotations

from urllib.parse import quote

import pytest

from support.requests import BAD_POINTS, BOUNDED, PARTITIONED, REFUSED, STARTS, encoded
from support.served import Served
from support.stream import outcome, subscribed

pytestmark = pytest.mark.kafka

# -- one partition: where a stream starts ----------------------------------------------------------


@pytest.mark.parametrize(("query", "first", "truncated"), STARTS)
async def test_a_stream_starts_where_since_says(
    one: Served, query: str, first: int, truncated: bool
) -> None:
    async with subscribed(one.websocket, encoded(query, one)) as stream:
        hello = await stream.hello()
        replayed = await stream.live()

    assert hello["cursor"] == one.cursor(first)
    assert hello["truncated"] is truncated
    assert hello["until"] is None
    assert replayed == [(0, offset) for offset in range(first, 30)]


async def test_a_plus_that_arrived_as_a_space_is_part_of_the_zone(one: Served) -> None:
    async with subscribed(one.websocket, "since=2001-01-01T00:00:00+02:00") as stream:
        assert (await stream.hello())["cursor"] == one.cursor(10)


async def test_an_expired_position_is_moved_on_request_and_hello_says_so(one: Served) -> None:
    async with subscribed(one.websocket, "since=5&on_expired=earliest") as stream:
        hello = await stream.hello()
        replayed = await stream.live()

    assert hello["cursor"] == one.cursor(10)
    assert hello["expired"] == {"0": 5}
    assert replayed == [(0, offset) for offset in range(10, 30)]


async def test_a_cursor_ahead_starts_live_on_request(one: Served) -> None:
    async with subscribed(one.websocket, "since=31&on_ahead=tip") as stream:
        assert (await stream.hello())["cursor"] == one.cursor(30)
        assert await stream.live() == []


# -- one partition: refusals -----------------------------------------------------------------------


@pytest.mark.parametrize("parameter", ["since", "until"])
@pytest.mark.parametrize("value", BAD_POINTS)
async def test_what_is_no_place_in_the_log_is_refused(
    one: Served, parameter: str, value: str
) -> None:
    ended = await outcome(one.websocket, f"{parameter}={quote(value)}")

    assert (ended.code, ended.reason) == (4400, "invalid-cursor")
    assert len(ended.frames) == 1
    assert ended.problem["type"] == "invalid-cursor"
    assert ended.problem["status"] == 400
    assert ended.problem["detail"].startswith(f"{parameter}: ")


@pytest.mark.parametrize(("query", "code", "problem", "status", "member"), REFUSED)
async def test_a_request_that_cannot_be_served_is_told_why_and_closed(
    one: Served, query: str, code: int, problem: str, status: int, member: dict[str, str]
) -> None:
    ended = await outcome(one.websocket, encoded(query, one))

    assert (ended.code, ended.reason) == (code, problem)
    assert len(ended.frames) == 1
    told = ended.problem
    assert (told["type"], told["status"], told["retriable"]) == (problem, status, False)
    assert set(told) == {"type", "title", "status", "detail", "retriable", *member}
    for name, value in member.items():
        assert told[name] == value.replace("GEN", one.generation)


# -- one partition: where a stream ends ------------------------------------------------------------


@pytest.mark.parametrize(("query", "first", "end"), BOUNDED)
async def test_a_bounded_stream_gives_what_lies_between_and_ends(
    one: Served, query: str, first: int, end: int
) -> None:
    ended = await outcome(one.websocket, encoded(query, one))

    assert (ended.code, ended.reason) == (1000, "end")
    assert ended.frames[0]["cursor"] == one.cursor(first)
    assert ended.frames[0]["until"] == one.cursor(end)
    assert ended.events == [(0, offset) for offset in range(first, end)]
    assert ended.frames[-1] == {"type": "end", "cursor": one.cursor(end)}
    assert "live" not in {frame["type"] for frame in ended.frames}


# -- three partitions ------------------------------------------------------------------------------


@pytest.mark.parametrize(("query", "start", "until"), PARTITIONED)
async def test_partitions_are_each_served_in_order(
    three: Served, query: str, start: tuple[int, ...], until: tuple[int, ...]
) -> None:
    ended = await outcome(three.websocket, encoded(query, three))

    assert ended.code == 1000
    assert ended.frames[0]["cursor"] == three.cursor(*start)
    assert ended.frames[0]["until"] == three.cursor(*until)
    assert ended.frames[0]["truncated"] is False
    for partition, (first, end) in enumerate(zip(start, until, strict=True)):
        mine = [offset for p, offset in ended.events if p == partition]
        assert mine == list(range(first, end))


async def test_a_replay_of_several_partitions_ends_in_live(three: Served) -> None:
    async with subscribed(three.websocket, "since=earliest") as stream:
        await stream.hello()
        *events, live = await stream.until("live")

    assert live == {"type": "live", "cursor": three.cursor(10, 12, 0), "replayed": 22}
    assert len([frame for frame in events if frame["type"] == "event"]) == 22


@pytest.mark.parametrize(
    ("query", "code", "says"),
    [
        ("since=5", 4400, "0:0,1:0,2:0@GEN"),
        ("until=5", 4400, "0:0,1:0,2:0@GEN"),
        ("since=0:0,1:0,2:0,3:0", 4400, "partition 3"),
        ("since=0:0,1:0,2:1", 4409, "partition 2"),
        ("since=earliest&until=0:4,1:13", 4400, "0:10,1:12,2:0@GEN"),
        ("since=0:4,1:7&until=0:9,1:6", 4400, "until lies before since"),
    ],
)
async def test_a_refusal_names_the_partition_or_what_to_pass(
    three: Served, query: str, code: int, says: str
) -> None:
    ended = await outcome(three.websocket, encoded(query, three))

    assert ended.code == code
    assert says.replace("GEN", three.generation) in ended.problem["detail"]


async def test_only_the_partitions_that_are_ahead_start_live(three: Served) -> None:
    query = encoded("since=0:4,1:99,2:0&on_ahead=tip&until=now", three)
    ended = await outcome(three.websocket, query)

    assert ended.frames[0]["cursor"] == three.cursor(4, 12, 0)
    assert ended.events == [(0, offset) for offset in range(4, 10)]
