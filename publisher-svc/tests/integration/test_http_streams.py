"""Streams over HTTP while things happen: cuts, growth, filters, drains, overload."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random

import httpx
import pytest

from local_kafka.pytest_plugin import TopicFactory
from local_kafka.topics import LOG_APPEND_TIME, create_topic, delete_topic
from support.fixtures import StartPublisher
from support.growth import add_partitions
from support.http_stream import (
    NDJSON,
    PAGE,
    SSE,
    http_subscribed,
    pages,
)
from support.publisher import Publisher
from support.records import event, events, producing, store, write
from support.sse import SseReader

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]

STREAMS = pytest.mark.parametrize("accept", [SSE, NDJSON])


# -- resuming --------------------------------------------------------------------------------------


async def cut_after(publisher: Publisher, query: str, event_id: str, size: int) -> bytes:
    """An EventSource's bytes, cut after about `size` of them, or when the stream has ended."""
    headers = {"accept": SSE} | ({"last-event-id": event_id} if event_id else {})
    body = b""
    async with (
        httpx.AsyncClient(base_url=publisher.http_url, trust_env=False, timeout=10) as client,
        client.stream("GET", f"/events?{query}", headers=headers) as response,
    ):
        if response.status_code == 204:
            return b""
        assert response.status_code == 200, await response.aread()
        async for part in response.aiter_bytes():
            body += part
            if len(body) >= size:
                break
    return body[:size]


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("seed", range(3))
async def test_cut_anywhere_an_event_source_resumes_to_the_same_end_and_loses_nothing(
    kafka_bootstrap: str,
    kafka_topic: TopicFactory,
    start_publisher: StartPublisher,
    partitions: int,
    seed: int,
) -> None:
    topic = kafka_topic(partitions=partitions)
    for partition in range(partitions):
        await store(kafka_bootstrap, topic, events(300), partition=partition)
    publisher = start_publisher(topic, prefill=100, catch_up_bytes=8192)
    chance = random.Random(seed)
    got: dict[int, list[int]] = {partition: [] for partition in range(partitions)}
    last_id, ends, repeated = "", set[str](), 0

    for _ in range(200):
        body = await cut_after(
            publisher, "since=earliest&until=now", last_id, chance.randrange(500, 60_000)
        )
        if not body:
            break
        reader = SseReader()
        for each in reader.feed(body):
            if each.type == "hello":
                ends.add(each.frame["until"])
            if each.type == "message":
                offsets = got[each.frame["partition"]]
                if each.frame["offset"] < len(offsets):
                    repeated += 1  # allowed: what came after the last id comes again
                    continue
                offsets.append(each.frame["offset"])
        last_id = reader.last_event_id or last_id
        await store(kafka_bootstrap, topic, events(1))  # the log goes on; the end does not
    else:
        raise AssertionError("never ends")

    assert len(ends) == 1, "the end was resolved once"
    assert all(offsets == list(range(300)) for offsets in got.values())


@pytest.mark.parametrize("partitions", [1, 2])
async def test_a_live_event_source_resumes_from_its_id(
    kafka_bootstrap: str,
    kafka_topic: TopicFactory,
    start_publisher: StartPublisher,
    partitions: int,
) -> None:
    topic = kafka_topic(partitions=partitions)
    publisher = start_publisher(topic)
    got: list[tuple[int, int]] = []
    last_id = ""
    async with producing(kafka_bootstrap) as producer:
        for round_ in range(5):
            headers = {"last-event-id": last_id} if last_id else None
            url = publisher.http_url
            async with http_subscribed(url, "", SSE, headers=headers) as stream:
                got += await stream.live()
                for partition in range(partitions):
                    await write(producer, topic, events(3), partition=partition)
                got += await stream.places(3 * partitions)
                if partitions > 1:  # the id comes behind the write's events
                    await stream.until("heartbeat")
                assert stream.sse is not None
                last_id = stream.sse.last_event_id
            for partition in range(partitions):  # while nobody is there
                await write(producer, topic, events(2), partition=partition)
            assert got.count((0, round_ * 5)) == 1

    for partition in range(partitions):
        offsets = [offset for at, offset in got if at == partition]
        assert offsets == list(range(len(offsets)))
        assert len(offsets) >= 23


async def test_when_the_topic_grows_the_new_partition_comes_once(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    publisher = start_publisher(topic)
    async with http_subscribed(publisher.http_url, "", SSE) as stream:
        await stream.live()
        await store(kafka_bootstrap, topic, events(2))
        await stream.events(2)
        await add_partitions(kafka_bootstrap, topic, 2)
        publisher.wait_that(lambda: publisher.status()["partitions"] == 2, "it has grown")
        await store(kafka_bootstrap, topic, events(2), partition=1)
        assert await stream.places(2) == [(1, 0), (1, 1)]
        await stream.until("heartbeat")
        assert stream.sse is not None
        last_id = stream.sse.last_event_id

    assert last_id.startswith("0:2,1:2@")
    await store(kafka_bootstrap, topic, events(1), partition=1)
    async with http_subscribed(
        publisher.http_url, "", SSE, headers={"last-event-id": last_id}
    ) as stream:
        assert await stream.live() == [(1, 2)]


# -- pages over holes, filters ---------------------------------------------------------------------


@pytest.mark.parametrize("prefill", [0, 100_000], ids=["from Kafka", "from memory"])
async def test_pages_through_holes_and_filters(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, prefill: int
) -> None:
    topic = kafka_topic()
    wanted = []
    async with producing(kafka_bootstrap) as producer:
        for _ in range(5):
            await write(producer, topic, events(1500))
            await write(producer, topic, [b"foreign", None] * 20)
            wanted += await write(producer, topic, [event("x", kind="rare")], key=b"k")
    publisher = start_publisher(topic, prefill=prefill, page_reads=2)

    for query in ("type=rare", "key=k", "type=rare&key=k&limit=1"):
        found = await pages(publisher.http_url, f"since=earliest&until=now&{query}")
        got = [each["offset"] for page in found for each in page.json()["events"]]
        assert got == wanted, query
        assert len(found) > 1 or prefill
        assert not found[-1].json()["more"]
        cursors = [int(page.json()["cursor"][2:].partition("@")[0]) for page in found]
        assert cursors == sorted(set(cursors)), "every page moves on, empty or not"
    empty = await pages(publisher.http_url, "since=earliest&type=nothing")
    assert [page.json()["events"] for page in empty] == [[]] * len(empty)
    assert len(empty) > 1 or prefill
    sizes = [len(await each.aread()) for each in await pages(publisher.http_url, "since=0")]
    assert max(sizes) < 1.5 * (1 << 20)


# -- ends ------------------------------------------------------------------------------------------


@STREAMS
async def test_a_drain_tells_and_ends_every_stream_in_time(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, accept: str
) -> None:
    topic = kafka_topic()
    publisher = start_publisher(topic, drain_s=1)
    loop = asyncio.get_running_loop()
    async with (
        http_subscribed(publisher.http_url, "", accept) as first,
        http_subscribed(publisher.http_url, "since=earliest", accept) as second,
    ):
        await first.live()
        await second.live()
        await store(kafka_bootstrap, topic, events(1))
        await first.events(1)
        begun_s = loop.time()
        publisher.terminate()
        ended = [await first.rest(), await second.rest()]
        took_s = loop.time() - begun_s
    for each, stream in zip(ended, (first, second), strict=True):
        assert each.code == 4001, "complete, not cut"
        assert each.frames[-1]["cursor"].startswith("0:1@")
        if accept == SSE:
            assert b"retry: 1000\n" in stream.body[-400:]
    assert took_s < 3
    assert publisher.wait(10) == 0
    assert publisher.complaints() == []


async def test_a_full_instance_tells_an_event_source_to_come_later_and_others_503(
    kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    publisher = start_publisher(kafka_topic(), max_subscribers=1)
    async with http_subscribed(publisher.http_url) as stream:
        await stream.hello()
        later = publisher.answer("/events", headers={"accept": SSE})
        assert (later.status_code, later.headers["content-type"]) == (200, SSE)
        reader = SseReader()
        [told] = reader.feed(later.content)
        assert (told.type, told.frame["problem"]["type"]) == ("error", "too-many-subscribers")
        assert 1000 <= (reader.retry_ms or 0) <= 5000
        assert told.last_event_id == "", "its id stays what it was"
        for accept in (NDJSON, PAGE):
            refused = publisher.answer("/events", headers={"accept": accept})
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "1"
            assert refused.json()["type"] == "too-many-subscribers"
        plan = publisher.answer("/plan?since=earliest").json()
        assert plan["problem"]["type"] == "too-many-subscribers"


@STREAMS
async def test_what_a_stream_meets_later_is_told(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, accept: str
) -> None:
    topic = kafka_topic()
    publisher = start_publisher(topic)
    async with http_subscribed(publisher.http_url, "", accept) as stream:
        await stream.live()
        await delete_topic(kafka_bootstrap, topic)
        await create_topic(kafka_bootstrap, topic, 1, LOG_APPEND_TIME)
        ended = await stream.rest(timeout_s=20)
    assert ended.problem["type"] == "cursor-foreign"


# -- HTTP itself -----------------------------------------------------------------------------------


async def test_http_1_0_gets_a_body_up_to_the_close(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, events(3))
    publisher = start_publisher(topic)
    reader, writer = await asyncio.open_connection("127.0.0.1", publisher.port)
    writer.write(b"GET /events?since=0&until=now HTTP/1.0\r\nAccept: application/x-ndjson\r\n\r\n")
    head, _, body = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
    writer.close()
    assert b"transfer-encoding" not in head
    assert [json.loads(line)["type"] for line in body.splitlines()] == [
        "hello", "event", "event", "event", "end",
    ]  # fmt: skip


async def test_pages_of_other_origins(
    kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    publisher = start_publisher(kafka_topic(), allowed_origins="https://app.example")
    friend, stranger = {"origin": "https://app.example"}, {"origin": "https://evil.example"}
    for path in ("/events", "/plan"):
        answer = publisher.answer(path, headers={"accept": "application/json", **friend})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        assert "Link" in answer.headers["access-control-expose-headers"]
        assert "Origin" in answer.headers["vary"]
        refused = publisher.answer(path, headers={"accept": "application/json", **stranger})
        assert (refused.status_code, refused.json()["type"]) == (403, "forbidden")
        assert "access-control-allow-origin" not in refused.headers
        own = publisher.answer(path, headers={"accept": PAGE, "origin": publisher.http_url})
        assert own.status_code == 200
        asked = {"access-control-request-method": "GET"}
        asked |= {"access-control-request-headers": "last-event-id"}
        preflight = publisher.answer(path, method="OPTIONS", headers=friend | asked)
        assert preflight.status_code == 204
        assert "Last-Event-ID" in preflight.headers["access-control-allow-headers"]
        assert preflight.headers["access-control-allow-origin"] == "https://app.example"
        preflight = publisher.answer(path, method="OPTIONS", headers=stranger | asked)
        assert "access-control-allow-origin" not in preflight.headers
    wrong = publisher.answer("/events?since=x", headers={"accept": SSE, **friend})
    assert wrong.status_code == 400
    assert wrong.headers["access-control-allow-origin"] == "https://app.example", "it may read why"


async def test_what_a_client_sends_behind_its_request_is_no_request(
    kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    publisher = start_publisher(kafka_topic())
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", publisher.port)
        writer.write(b"GET /events HTTP/1.1\r\nhost: x\r\n\r\n")
        await reader.readuntil(b'"live"')
        writer.write(b"GET /status HTTP/1.1\r\nhost: x\r\n\r\n")
        await reader.readuntil(b'"heartbeat"')
        writer.write(b"x" * 20_000)
        rest = b""
        with contextlib.suppress(ConnectionResetError):
            rest = await reader.read()
        writer.close()
    assert b"HTTP/1.1" not in rest
    publisher.wait_that(lambda: publisher.status()["subscribers"]["total"] == 0, "it is gone")
    assert publisher.complaints() == []
