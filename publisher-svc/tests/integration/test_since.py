"""Every form of ``since`` and ``until``: what is served, from where to where, or how it is refused.

Topic `one` holds 10…29, its second half from 20 on; topic `three` 0…9, 0…11 and nothing.
"""

from __future__ import annotations

from urllib.parse import quote

import pytest

from support.served import Served
from support.stream import outcome, subscribed

pytestmark = pytest.mark.kafka

LIVE_ONLY = 30
BEYOND = 2**63 - 1


def _query(template: str, served: Served) -> str:
    """Fill in the generation and the second half's time, then encode as a client would."""
    pairs = [pair.partition("=") for pair in template.split("&")]
    filled = [
        (name, value.replace("GEN", served.generation).replace("SECOND", served.second_half))
        for name, _, value in pairs
    ]
    return "&".join(f"{name}={quote(value)}" for name, value in filled)


# -- one partition: where a stream starts ----------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "first", "truncated"),
    [
        ("", LIVE_ONLY, False),
        ("since=now", LIVE_ONLY, False),
        ("since=earliest", 10, False),
        ("since=15", 15, False),
        ("since=0015", 15, False),
        ("since=10", 10, False),
        ("since=30", LIVE_ONLY, False),
        ("since=0:15", 15, False),
        ("since=0:15@GEN", 15, False),
        ("since=SECOND", 20, False),
        ("since=2001-01-01T00:00:00Z", 10, True),
        ("since=2001-01-01T00:00:00.5+02:00", 10, True),
        ("since=2099-01-01T00:00:00Z", LIVE_ONLY, False),
        ("since=-1h", 10, True),
        ("since=-60m", 10, True),
        ("since=-3600s", 10, True),
        ("since=-1d", 10, True),
        ("since=-0s", LIVE_ONLY, False),
        ("since=last:5", 25, False),
        ("since=last:20", 10, False),
        ("since=last:21", 10, True),
        ("since=last:0", LIVE_ONLY, False),
        (f"since=last:{BEYOND}", 10, True),
        ("since=15&on_expired=earliest&on_ahead=tip", 15, False),
        ("access_token=x&since=15", 15, False),
    ],
)
async def test_a_stream_starts_where_since_says(
    one: Served, query: str, first: int, truncated: bool
) -> None:
    async with subscribed(one.websocket, _query(query, one) if query else "") as stream:
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

BAD_POINTS = [
    "", "x", "-5", "1.5", "٤٢", "9223372036854775808", "99999999999999999999", "NOW", "Earliest",
    "2026-11-22T10:00:00", "2026-11-22", "2026-13-01T00:00:00Z", "2026-11-22T25:00:00Z",
    "2026-11-22T10:00:00+24:00", "-15x", "-m", "last:", "last:-1", "last", "1:0", "0:1,2:3", "0:",
    "0:1@zz", "0:1@", "0:1@3F9C21AA", "0:1,", "0:1;1:2", "0:9223372036854775808", "0:1,0:1",
    "earliest ", " 5",
]  # fmt: skip


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


@pytest.mark.parametrize(
    ("query", "code", "problem", "status", "member"),
    [
        ("since=31", 4409, "cursor-ahead", 409, {"end": "0:30@GEN"}),
        (f"since={BEYOND}", 4409, "cursor-ahead", 409, {"end": "0:30@GEN"}),
        (f"since=0:{BEYOND}@GEN", 4409, "cursor-ahead", 409, {"end": "0:30@GEN"}),
        ("since=9", 4410, "cursor-expired", 410, {"earliest": "0:10@GEN"}),
        ("since=0", 4410, "cursor-expired", 410, {"earliest": "0:10@GEN"}),
        ("since=0:0@GEN&until=now", 4410, "cursor-expired", 410, {"earliest": "0:10@GEN"}),
        ("since=0:15@00000000", 4411, "cursor-foreign", 409, {"generation": "GEN"}),
        ("since=15&until=0:20@00000000", 4411, "cursor-foreign", 409, {"generation": "GEN"}),
        ("since=0:15,1:3", 4400, "invalid-cursor", 400, {}),
        ("until=0:15,1:3", 4400, "invalid-cursor", 400, {}),
        ("since=earliest&until=31", 4400, "invalid-cursor", 400, {}),
        ("since=earliest&until=2099-01-01T00:00:00Z", 4400, "invalid-cursor", 400, {}),
        ("since=20&until=15", 4400, "invalid-cursor", 400, {}),
        ("since=earliest&until=5", 4400, "invalid-cursor", 400, {}),
        ("since=SECOND&until=-1h", 4400, "invalid-cursor", 400, {}),
        ("until=15", 4400, "invalid-cursor", 400, {}),
        ("sinse=5", 4400, "invalid-request", 400, {}),
        ("since=15&since=15", 4400, "invalid-request", 400, {}),
        ("type=a&type=b", 4400, "invalid-request", 400, {}),
        ("until=now&until=now", 4400, "invalid-request", 400, {}),
        ("Since=15", 4400, "invalid-request", 400, {}),
        ("on_expired=tip", 4400, "invalid-request", 400, {}),
        ("on_ahead=earliest", 4400, "invalid-request", 400, {}),
        ("on_ahead=", 4400, "invalid-request", 400, {}),
        ("type=", 4400, "invalid-request", 400, {}),
        ("type=a,,b", 4400, "invalid-request", 400, {}),
        ("type=*", 4400, "invalid-request", 400, {}),
        ("type=order*", 4400, "invalid-request", 400, {}),
        ("type=*.order", 4400, "invalid-request", 400, {}),
        ("key=", 4400, "invalid-request", 400, {}),
    ],
)
async def test_a_request_that_cannot_be_served_is_told_why_and_closed(
    one: Served, query: str, code: int, problem: str, status: int, member: dict[str, str]
) -> None:
    ended = await outcome(one.websocket, _query(query, one))

    assert (ended.code, ended.reason) == (code, problem)
    assert len(ended.frames) == 1
    told = ended.problem
    assert (told["type"], told["status"], told["retriable"]) == (problem, status, False)
    assert set(told) == {"type", "title", "status", "detail", "retriable", *member}
    for name, value in member.items():
        assert told[name] == value.replace("GEN", one.generation)


# -- one partition: where a stream ends ------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "first", "end"),
    [
        ("since=earliest&until=now", 10, 30),
        ("since=earliest&until=20", 10, 20),
        ("since=earliest&until=0:20@GEN", 10, 20),
        ("since=earliest&until=SECOND", 10, 20),
        ("since=earliest&until=last:5", 10, 25),
        ("since=earliest&until=last:0", 10, 30),
        ("since=earliest&until=last:1000", 10, 10),
        ("since=earliest&until=earliest", 10, 10),
        ("since=earliest&until=-1h", 10, 10),
        ("since=earliest&until=-0s", 10, 30),
        ("since=12&until=13", 12, 13),
        ("since=12&until=12", 12, 12),
        ("since=30&until=now", 30, 30),
        ("since=now&until=now", 30, 30),
        ("until=now", 30, 30),
        ("since=last:10&until=last:5", 20, 25),
        ("since=5&on_expired=earliest&until=12", 10, 12),
    ],
)
async def test_a_bounded_stream_gives_what_lies_between_and_ends(
    one: Served, query: str, first: int, end: int
) -> None:
    ended = await outcome(one.websocket, _query(query, one))

    assert (ended.code, ended.reason) == (1000, "end")
    assert ended.frames[0]["cursor"] == one.cursor(first)
    assert ended.frames[0]["until"] == one.cursor(end)
    assert ended.events == [(0, offset) for offset in range(first, end)]
    assert ended.frames[-1] == {"type": "end", "cursor": one.cursor(end)}
    assert "live" not in {frame["type"] for frame in ended.frames}


# -- three partitions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "start", "until"),
    [
        ("since=earliest&until=now", (0, 0, 0), (10, 12, 0)),
        ("since=0:4,1:7,2:0&until=now", (4, 7, 0), (10, 12, 0)),
        ("since=0:4,1:7,2:0@GEN&until=now", (4, 7, 0), (10, 12, 0)),
        ("since=0:4&until=now", (4, 0, 0), (10, 12, 0)),
        ("since=0:4,1:7&until=now", (4, 7, 0), (10, 12, 0)),
        ("since=SECOND&until=now", (5, 6, 0), (10, 12, 0)),
        ("since=earliest&until=SECOND", (0, 0, 0), (5, 6, 0)),
        ("since=last:3&until=now", (7, 9, 0), (10, 12, 0)),
        ("since=last:11&until=now", (0, 1, 0), (10, 12, 0)),
        ("since=-1h&until=now", (0, 0, 0), (10, 12, 0)),
        ("since=earliest&until=0:4,1:7,2:0", (0, 0, 0), (4, 7, 0)),
        ("since=earliest&until=0:4", (0, 0, 0), (4, 12, 0)),
        ("since=0:10,1:12,2:0&until=now", (10, 12, 0), (10, 12, 0)),
    ],
)
async def test_partitions_are_each_served_in_order(
    three: Served, query: str, start: tuple[int, ...], until: tuple[int, ...]
) -> None:
    ended = await outcome(three.websocket, _query(query, three))

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
    ended = await outcome(three.websocket, _query(query, three))

    assert ended.code == code
    assert says.replace("GEN", three.generation) in ended.problem["detail"]


async def test_only_the_partitions_that_are_ahead_start_live(three: Served) -> None:
    query = _query("since=0:4,1:99,2:0&on_ahead=tip&until=now", three)
    ended = await outcome(three.websocket, query)

    assert ended.frames[0]["cursor"] == three.cursor(4, 12, 0)
    assert ended.events == [(0, offset) for offset in range(4, 10)]
