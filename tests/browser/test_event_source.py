"""EventSource in Chromium: resumes with its Last-Event-ID, stops when it should, and only then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Page

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.records import events, store

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(90)]

Browse = Callable[[str], Awaitable[Page]]

_LISTEN = """url => {
  const seen = window.seen = {events: [], controls: [], errors: []};
  const source = window.source = new EventSource(url);
  source.onmessage = message => {
    const frame = JSON.parse(message.data);
    seen.events.push([frame.partition, frame.offset, message.lastEventId]);
  };
  for (const kind of ['hello', 'live', 'heartbeat', 'moved', 'end'])
    source.addEventListener(kind, message =>
      seen.controls.push([kind, JSON.parse(message.data), message.lastEventId]));
  source.addEventListener('error', error => {
    if (error.data) seen.controls.push(['error', JSON.parse(error.data), error.lastEventId]);
    else seen.errors.push(source.readyState);
  });
}"""

CLOSED = 2


class Source:
    """One EventSource in a page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @classmethod
    async def open(cls, page: Page, url: str) -> Source:
        """`url` as the page would write it."""
        await page.evaluate(_LISTEN, url)
        return cls(page)

    async def wait(self, condition: str, argument: object = None, timeout_s: float = 20) -> None:
        """Until a condition on `seen` and `source` holds in the page."""
        await self.page.wait_for_function(
            f"argument => {condition}", arg=argument, timeout=timeout_s * 1000
        )

    async def places(self) -> list[tuple[int, int]]:
        """Partition and offset of every event so far."""
        seen = await self.page.evaluate("seen.events")
        return [(partition, offset) for partition, offset, _ in seen]

    async def controls(self, kind: str) -> list[tuple[dict[str, Any], str]]:
        """Control frames of a kind with the id then."""
        seen = await self.page.evaluate("seen.controls")
        return [(frame, last_id) for name, frame, last_id in seen if name == kind]


@pytest.mark.parametrize("partitions", [1, 2])
@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_after_a_restart_it_resumes_with_its_last_event_id(
    kafka_bootstrap: str,
    kafka_topic: TopicFactory,
    start_publisher: StartPublisher,
    browse: Browse,
    partitions: int,
    how: str,
) -> None:
    topic = kafka_topic(partitions=partitions)
    publisher = start_publisher(topic, heartbeat_s=0.3, session_ms=6000)

    async def all_store(count: int) -> None:
        for partition in range(partitions):
            await store(kafka_bootstrap, topic, events(count), partition=partition)

    await all_store(3)
    source = await Source.open(
        await browse(publisher.http_url + "/healthz"), "/events?since=earliest"
    )
    await source.wait("seen.events.length == argument", 3 * partitions)
    await source.wait("seen.controls.some(([kind]) => kind == 'heartbeat')")
    publisher.kill() if how == "kill" else publisher.stop()
    await source.wait("seen.errors.length > 0")
    await all_store(4)
    publisher.start(timeout_s=40)
    # Not when it is open: one that is not ready yet opens it too, to say when to come again.
    hellos = "seen.controls.filter(([kind]) => kind == 'hello').length"
    await source.wait(f"{hellos} == 2", timeout_s=40)
    await all_store(2)
    await source.wait("seen.events.length >= argument", 9 * partitions)

    got = await source.places()
    for partition in range(partitions):
        assert [offset for at, offset in got if at == partition] == list(range(9))
    assert len(await source.controls("moved")) == (how == "stop")
    first, second = await source.controls("hello")
    assert second[0]["cursor"].partition("@")[0] == ",".join(f"{p}:3" for p in range(partitions))
    assert first[1] == first[0]["cursor"], "hello carries an id"


async def test_a_refusal_stops_it_for_good_and_the_plan_says_why(
    kafka_topic: TopicFactory, start_publisher: StartPublisher, browse: Browse
) -> None:
    publisher = start_publisher(kafka_topic())
    page = await browse(publisher.http_url + "/healthz")
    source = await Source.open(page, "/events?since=99")
    await source.wait("source.readyState == 2")
    assert await page.evaluate("seen.errors") == [CLOSED]
    plan = await page.evaluate("fetch('/plan?since=99').then(answer => answer.json())")
    assert plan["problem"]["type"] == "cursor-ahead"


async def test_a_bounded_stream_ends_once_and_for_good(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, browse: Browse
) -> None:
    topic = kafka_topic(partitions=2)
    for partition in range(2):
        await store(kafka_bootstrap, topic, events(20), partition=partition)
    publisher = start_publisher(topic, retry_after_ms=100)
    page = await browse(publisher.http_url + "/healthz")
    source = await Source.open(page, "/events?since=earliest&until=now")
    await source.wait("seen.controls.some(([kind]) => kind == 'end')")
    await store(kafka_bootstrap, topic, events(5))
    await source.wait("source.readyState == 2")  # it came back once, and got 204
    assert sorted(await source.places()) == [(p, at) for p in range(2) for at in range(20)]
    assert len(await source.controls("hello")) == 1


async def test_a_full_instance_is_tried_again_until_there_is_room(
    kafka_topic: TopicFactory, start_publisher: StartPublisher, browse: Browse
) -> None:
    publisher = start_publisher(kafka_topic(), max_subscribers=1, retry_after_ms=100)
    page = await browse(publisher.http_url + "/healthz")
    other = await browse(publisher.http_url + "/healthz")
    first = await Source.open(page, "/events")
    await first.wait("seen.controls.some(([kind]) => kind == 'live')")
    second = await Source.open(other, "/events")
    await second.wait("seen.controls.some(([kind]) => kind == 'error')")
    told, _ = (await second.controls("error"))[0]
    assert told["problem"]["type"] == "too-many-subscribers"
    await page.evaluate("source.close()")
    await second.wait("seen.controls.some(([kind]) => kind == 'live')", timeout_s=30)


@asynccontextmanager
async def another_origin() -> AsyncIterator[str]:
    """An empty page that is not the publisher's."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 5\r\n"
            b"connection: close\r\n\r\n<p>ok"
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_pages_of_other_origins(
    kafka_bootstrap: str, kafka_topic: TopicFactory, make_publisher: StartPublisher, browse: Browse
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, events(3))
    async with another_origin() as friend, another_origin() as stranger:
        publisher = make_publisher(topic, allowed_origins=friend).start()
        page = await browse(friend)
        source = await Source.open(page, f"{publisher.http_url}/events?since=earliest")
        await source.wait("seen.events.length == 3")
        read = """url => fetch(url, {headers: {accept: 'application/json', 'last-event-id': '0:1'}})
            .then(async answer =>
              [answer.status, answer.headers.get('link'), await answer.json()])"""
        status, link, body = await page.evaluate(
            read, f"{publisher.http_url}/events?since=0&limit=1"
        )
        assert (status, len(body["events"]), link is not None) == (200, 1, True)
        status, _, problem = await page.evaluate(read, f"{publisher.http_url}/events?since=99")
        assert (status, problem["type"]) == (409, "cursor-ahead")

        page = await browse(stranger)
        source = await Source.open(page, f"{publisher.http_url}/events?since=earliest")
        await source.wait("source.readyState == 2")
        assert await source.places() == []


async def test_what_it_gets_is_compressed_and_comes_at_once(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, browse: Browse
) -> None:
    """Each write is a zstd frame of its own, which browsers must take one after the other."""
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, events(3000))
    publisher = start_publisher(topic, heartbeat_s=30, catch_up_bytes=8192)
    page = await browse(publisher.http_url + "/healthz")
    source = await Source.open(page, "/events?since=earliest")
    await source.wait("seen.events.length == 3000")
    for _ in range(5):
        await store(kafka_bootstrap, topic, events(1))
    await source.wait("seen.events.length == 3005")
    assert await source.places() == [(0, offset) for offset in range(3005)]
    coding = "fetch('/events?until=now').then(answer => answer.headers.get('content-encoding'))"
    assert await page.evaluate(coding) == "zstd"
