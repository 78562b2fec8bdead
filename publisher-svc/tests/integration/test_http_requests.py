"""The requests of `support.requests` over HTTP: streams, pages and plans, as over WebSocket."""

from __future__ import annotations

import re
from urllib.parse import quote

import httpx
import pytest

from support.http_stream import (
    NDJSON,
    PAGE,
    SSE,
    HttpRefusedError,
    http_outcome,
    http_subscribed,
    pages,
)
from support.requests import BAD_POINTS, BOUNDED, PARTITIONED, REFUSED, STARTS, encoded
from support.served import Served

pytestmark = pytest.mark.kafka

STREAMS = pytest.mark.parametrize("accept", [SSE, NDJSON])


def get(served: Served, path: str, query: str, accept: str = PAGE) -> httpx.Response:
    return served.publisher.answer(f"{path}?{query}", headers={"accept": accept})


@STREAMS
async def test_a_stream_starts_where_since_says(one: Served, accept: str) -> None:
    for query, first, truncated in STARTS:
        async with http_subscribed(one.publisher.http_url, encoded(query, one), accept) as stream:
            hello = await stream.hello()
            replayed = await stream.live()
        assert (hello["cursor"], hello["until"]) == (one.cursor(first), None), query
        assert hello["truncated"] is truncated, query
        assert replayed == [(0, offset) for offset in range(first, 30)], query


@STREAMS
async def test_a_bounded_stream_gives_what_lies_between_and_ends(one: Served, accept: str) -> None:
    for query, first, end in BOUNDED:
        ended = await http_outcome(one.publisher.http_url, encoded(query, one), accept)
        assert ended.frames[0]["until"] == one.cursor(end), query
        assert ended.events == [(0, offset) for offset in range(first, end)], query
        assert ended.frames[-1] == {"type": "end", "cursor": one.cursor(end)}, query


@STREAMS
async def test_partitions_are_each_served_in_order(three: Served, accept: str) -> None:
    for query, start, until in PARTITIONED:
        ended = await http_outcome(three.publisher.http_url, encoded(query, three), accept)
        assert ended.frames[0]["cursor"] == three.cursor(*start), query
        assert ended.frames[0]["until"] == three.cursor(*until), query
        for partition, (first, end) in enumerate(zip(start, until, strict=True)):
            mine = [offset for p, offset in ended.events if p == partition]
            assert mine == list(range(first, end)), query


@pytest.mark.parametrize("limit", ["", "&limit=1", "&limit=7"])
async def test_pages_chain_to_the_end(one: Served, three: Served, limit: str) -> None:
    for query, first, end in BOUNDED:
        found = [
            each.json() for each in await pages(one.publisher.http_url, encoded(query, one) + limit)
        ]
        events = [(e["partition"], e["offset"]) for page in found for e in page["events"]]
        assert events == [(0, offset) for offset in range(first, end)], query
        assert (found[-1]["cursor"], found[-1]["more"]) == (one.cursor(end), False), query
        assert all(page["until"] == one.cursor(end) for page in found), query
    for query, start, until in PARTITIONED:
        found = [
            each.json()
            for each in await pages(three.publisher.http_url, encoded(query, three) + limit)
        ]
        events = [(e["partition"], e["offset"]) for page in found for e in page["events"]]
        for partition, (first, end) in enumerate(zip(start, until, strict=True)):
            assert [at for p, at in events if p == partition] == list(range(first, end)), query
        assert found[-1]["cursor"] == three.cursor(*until), query


async def test_a_page_starts_where_since_says_and_a_plan_says_it_before(one: Served) -> None:
    for query, first, truncated in STARTS:
        page = get(one, "/events", encoded(query, one)).json()
        assert [e["offset"] for e in page["events"]] == list(range(first, 30)), query
        assert (page["cursor"], page["tip"], page["more"]) == (
            one.cursor(30),
            one.cursor(30),
            False,
        )
        assert page["truncated"] is truncated, query
        plan = get(one, "/plan", encoded(query, one)).json()
        assert plan == {
            "cursor": one.cursor(first),
            "until": None,
            "events_at_most": 30 - first,
            "earliest": one.cursor(10),
            "tip": one.cursor(30),
            "truncated": truncated,
            "problem": None,
        }, query
    for query, first, end in BOUNDED:
        plan = get(one, "/plan", encoded(query, one)).json()
        assert (plan["cursor"], plan["until"]) == (one.cursor(first), one.cursor(end)), query
        assert plan["events_at_most"] == end - first, query


@pytest.mark.parametrize("accept", [SSE, NDJSON, PAGE])
async def test_a_request_that_cannot_be_served_is_told_why(one: Served, accept: str) -> None:
    for query, _, problem, status, members in REFUSED:
        answer = get(one, "/events", encoded(query, one), accept)
        assert answer.status_code == status, query
        assert answer.headers["content-type"] == "application/problem+json"
        told = answer.json()
        assert (told["type"], told["status"], told["retriable"]) == (problem, status, False), query
        assert set(told) == {"type", "title", "status", "detail", "retriable", *members}
        for name, value in members.items():
            assert told[name] == value.replace("GEN", one.generation)
        plan = get(one, "/plan", encoded(query, one))
        assert plan.status_code == 200
        assert plan.json()["problem"] == told or "takes" in told["detail"], query
        assert plan.json()["cursor"] is None
        assert plan.json()["tip"] == one.cursor(30)
    for parameter in ("since", "until"):
        for value in BAD_POINTS:
            answer = get(one, "/events", f"{parameter}={quote(value)}", accept)
            assert answer.status_code == 400, value
            assert answer.json()["type"] == "invalid-cursor", value
            assert answer.json()["detail"].startswith(f"{parameter}: ")


async def test_what_on_expired_moved_is_told(one: Served) -> None:
    query = "since=5&on_expired=earliest"
    async with http_subscribed(one.publisher.http_url, query, SSE) as stream:
        assert (await stream.hello())["expired"] == {"0": 5}
    assert get(one, "/events", query).json()["expired"] == {"0": 5}
    assert get(one, "/plan", query).json()["expired"] == {"0": 5}


@pytest.mark.parametrize(
    ("accept", "query", "status", "says"),
    [
        ("image/png", "", 406, "text/event-stream"),
        (SSE, "limit=5", 400, "limit is for pages"),
        (NDJSON, "limit=5", 400, "limit is for pages"),
        (PAGE, "limit=0", 400, "from 1 to 10000"),
        (PAGE, "limit=10001", 400, "from 1 to 10000"),
        (PAGE, "limit=-1", 400, "limit"),
        (PAGE, "limit=x", 400, "limit"),
        (PAGE, "limit=5&limit=5", 400, "twice"),
    ],
)
def test_what_accept_and_limit_do_not_fit(
    one: Served, accept: str, query: str, status: int, says: str
) -> None:
    answer = get(one, "/events", query, accept)
    assert answer.status_code == status
    assert says in answer.json()["detail"]


def test_the_form_follows_accept(one: Served) -> None:
    for accept, kind in (("*/*", NDJSON), (SSE, SSE), (PAGE, PAGE), ("text/html,*/*;q=0.8", PAGE)):
        answer = get(one, "/events", "since=earliest&until=now", accept)
        assert answer.headers["content-type"] == kind
        assert "Accept" in answer.headers["vary"]
    assert get(one, "/events", "limit=1&since=10", "*/*").json()["events"][0]["offset"] == 10
    head = one.publisher.answer("/events", method="HEAD", headers={"accept": SSE})
    assert (head.status_code, head.headers["content-type"], head.content) == (200, SSE, b"")
    wrong = one.publisher.answer("/events", method="POST", content=b"{}")
    assert (wrong.status_code, wrong.json()["type"]) == (405, "method-not-allowed")


# -- Last-Event-ID ---------------------------------------------------------------------------------


async def resumed(served: Served, event_id: str, query: str = "") -> list[tuple[int, int]]:
    """What an EventSource gets with that id, up to ``live`` or to the end."""
    headers = {"last-event-id": event_id}
    async with http_subscribed(served.publisher.http_url, query, SSE, headers=headers) as stream:
        return (await stream.rest()).events if "/" in event_id else await stream.live()


async def test_the_last_event_id_wins_over_since(one: Served) -> None:
    rest = [(0, offset) for offset in range(25, 30)]
    assert await resumed(one, one.cursor(25), "since=earliest") == rest
    assert await resumed(one, one.cursor(25)) == rest
    assert await resumed(one, "0:25", "since=99") == rest
    assert await resumed(one, "", "since=25") == rest, "an empty one is none"


async def test_its_end_wins_over_until_and_a_stream_that_has_ended_is_204(one: Served) -> None:
    end = one.cursor(28)
    query = "since=earliest&until=now"
    assert await resumed(one, f"{one.cursor(26)}/{end}", query) == [(0, 26), (0, 27)]
    headers = {"accept": SSE, "last-event-id": f"{end}/{end}"}
    answer = one.publisher.answer(f"/events?{query}", headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")


async def test_every_id_of_a_bounded_stream_leads_to_its_end(three: Served) -> None:
    query = "since=earliest&until=0:8,1:9,2:0"
    async with http_subscribed(three.publisher.http_url, query, SSE) as stream:
        whole = (await stream.rest()).events
    ids = [each.decode() for each in re.findall(rb"id: (.*)\n", stream.body)]
    assert len(set(ids)) > 2
    for each in ids[:-2]:
        at = [int(place.partition(":")[2]) for place in each.partition("@")[0].split(",")]
        rest = [place for place in whole if place[1] >= at[place[0]]]
        assert rest
        assert sorted(await resumed(three, each, query)) == sorted(rest)
    last = {"accept": SSE, "last-event-id": ids[-1]}
    assert three.publisher.answer(f"/events?{query}", headers=last).status_code == 204


@pytest.mark.parametrize(
    ("event_id", "status", "problem"),
    [
        ("now", 400, "invalid-cursor"),
        ("25", 400, "invalid-cursor"),
        ("0:25/", 400, "invalid-cursor"),
        ("0:25@00000000", 409, "cursor-foreign"),
        ("0:25@00000000/0:30@00000000", 409, "cursor-foreign"),
        ("0:5", 410, "cursor-expired"),
        ("0:31", 409, "cursor-ahead"),
        ("0:25/0:31", 409, "cursor-ahead"),
    ],
)
async def test_an_id_that_cannot_be_served_stops_the_event_source(
    one: Served, event_id: str, status: int, problem: str
) -> None:
    with pytest.raises(HttpRefusedError) as refused:
        await resumed(one, event_id)
    assert refused.value.response.status_code == status
    assert refused.value.response.json()["type"] == problem
