"""The control frames, member for member, and what a subscriber may send."""

from __future__ import annotations

import asyncio
import re

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.records import event, events, store
from support.stream import outcome, subscribed

pytestmark = pytest.mark.kafka


async def test_every_frame_of_a_stream(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic(partitions=2)
    await store(kafka_bootstrap, topic, events(3), partition=1)
    publisher = start_publisher(topic, instance="frames", heartbeat_s=0.4)
    generation = publisher.status()["generation"].encode()

    async with subscribed(publisher.websocket_url, "since=0:0,1:1") as stream:
        hello = await stream.hello()
        await stream.until("live")
        await stream.until("heartbeat")
        publisher.terminate()
        ended = await stream.rest()

    assert re.fullmatch(rb"[0-9a-f]{8}", generation)
    at_start, at_end = b"0:0,1:1@" + generation, b"0:0,1:3@" + generation
    assert list(hello.items()) == [
        ("type", "hello"),
        ("cursor", at_start.decode()),
        ("until", None),
        ("tip", at_end.decode()),
        ("truncated", False),
        ("topic", topic),
        ("instance", "frames"),
        ("heartbeat_s", 0.4),
    ]
    controls = [text for text in stream.texts if not text.startswith(b'{"type":"event"')]
    assert controls[1] == b'{"type":"live","cursor":"%b","replayed":2}' % at_end
    assert controls[2] == b'{"type":"heartbeat","cursor":"%b","behind":0}' % at_end
    assert controls[-1] == b'{"type":"moved","cursor":"%b","retry_after_ms":1000}' % at_end
    assert (ended.code, ended.reason) == (4001, "moved")


async def test_heartbeats_come_whatever_the_traffic_and_carry_the_cursor_over_what_is_filtered(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    publisher = start_publisher(topic, heartbeat_s=0.3)
    loop = asyncio.get_running_loop()

    async with subscribed(publisher.websocket_url, "type=order.placed") as stream:
        await stream.until("live")
        begun_s = loop.time()
        cursors = []
        for sent in range(1, 5):
            await store(kafka_bootstrap, topic, [event(sent)])
            cursors.append((await stream.until("heartbeat"))[-1]["cursor"])
        await stream.until("heartbeat")
        took_s = loop.time() - begun_s

    assert cursors[-1].startswith("0:4@")
    assert not [text for text in stream.texts if text.startswith(b'{"type":"event"')]
    assert took_s < 5 * 0.3 + 1.5


async def test_two_ends_that_differ_a_bounded_stream_says_end_and_nothing_after(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, events(2))
    publisher = start_publisher(topic)
    generation = publisher.status()["generation"]

    async with subscribed(publisher.websocket_url, "since=0&until=now") as stream:
        ended = await stream.rest()

    assert stream.texts[-1] == b'{"type":"end","cursor":"0:2@%b"}' % generation.encode()
    assert (ended.code, ended.reason) == (1000, "end")
    assert ended.frames[0]["until"] == f"0:2@{generation}"


async def test_subscribers_input(
    kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    publisher = start_publisher(
        kafka_topic(), heartbeat_s=30, input_frames_per_minute=5, input_frame_bytes=200
    )
    url = publisher.websocket_url

    async with subscribed(url) as ignored:
        await ignored.until("live")
        for said in ("", "hello?", '{"type":"moved"}', b"\x00\xff", "x" * 200):
            await ignored.connection.send(said)
        await asyncio.wait_for(await ignored.connection.ping(), 5)
        await ignored.connection.send("one too many")
        ended = await ignored.rest()
    assert (ended.code, ended.reason) == (1008, "too-much-input")
    assert [frame["type"] for frame in ended.frames] == ["error"]
    assert ended.problem["type"] == "too-much-input"

    async with subscribed(url) as large:
        await large.until("live")
        await large.connection.send("x" * 201)
        assert (await large.rest()).code == 1009

    async with subscribed(url) as rude:
        await rude.until("live")
        rude.connection.transport.write(b"\xff\xff\xff\xff")
        assert (await rude.rest()).code == 1002
    publisher.wait_that(lambda: publisher.status()["subscribers"]["total"] == 0, "all gone")
    assert publisher.complaints() == []


async def test_origins(kafka_topic: TopicFactory, start_publisher: StartPublisher) -> None:
    publisher = start_publisher(
        kafka_topic(), allowed_origins="https://app.example, https://other.example"
    )
    url = publisher.websocket_url
    own = publisher.http_url

    for origin in ("https://app.example", "https://other.example", own):
        async with subscribed(url, origin=origin) as stream:
            await stream.hello()
    for origin in ("https://evil.example", "http://app.example", "null", "https://app.example.net"):
        ended = await outcome(url, origin=origin)
        assert (ended.code, ended.reason) == (4403, "forbidden"), origin
        assert [frame["type"] for frame in ended.frames] == ["error"]
        assert "PUBLISHER_ALLOWED_ORIGINS" in ended.problem["detail"]


async def test_a_full_instance_refuses_in_the_way_that_the_client_can_read(
    kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    publisher = start_publisher(kafka_topic(), max_subscribers=2, allowed_origins="*")
    url = publisher.websocket_url

    async with subscribed(url) as first, subscribed(url) as second:
        await first.hello()
        await second.hello()
        with pytest.raises(InvalidStatus) as program:
            await connect(url, proxy=None)
        browser = await outcome(url, origin="https://app.example")
        await first.connection.close()
        publisher.wait_that(lambda: publisher.status()["subscribers"]["total"] == 1, "one left")
        async with subscribed(url) as next_one:
            await next_one.hello()

    refused = program.value.response
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["content-type"] == "application/problem+json"
    assert b'"type":"too-many-subscribers"' in (refused.body or b"")
    assert (browser.code, browser.reason) == (1013, "too-many-subscribers")
    assert browser.problem["retriable"] is True
