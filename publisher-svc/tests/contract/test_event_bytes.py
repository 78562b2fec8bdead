"""An event reaches every subscriber as the bytes that are stored, from memory and from Kafka."""

from __future__ import annotations

import re

import pytest

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.http_stream import NDJSON, PAGE, SSE, http_subscribed
from support.records import event, store
from support.stream import place, subscribed

pytestmark = pytest.mark.kafka

VALUES = [
    event("plain"),
    b"{}",
    b'{"type":"message.posted"}',
    b'{"z":1,"a":{"c":2,"b":[3,{"y":1,"x":2}]},"specversion":"1.0"}',
    '{"id":"é","data":"日本語 — Ω 🎉 \u2028\u2029"}'.encode(),
    rb'{"id":"\u00e9","data":"\ud83c\udf89 \n \/ \u0000"}',
    b'{ "id" : "spaces" ,\t"data" : [ 1 , 2 ] }',
    b' {"id":"leading and trailing"} ',
    b'{"id":"numbers","data":[1.0,1e2,-0.0,12345678901234567890,0.1000000000000000055]}',
    b'{"id":"same","id":"twice","type":7}',
    *[b'{"id":"' + b"x" * (size - 9) + b'"}' for size in (64, 125, 126, 127, 65_535, 65_536)],
    b'{"id":"a megabyte","data":"' + "é".encode() * 499_000 + b'"}',
]


@pytest.mark.timeout(40)
@pytest.mark.parametrize("prefill", [0, 1000], ids=["from Kafka", "from memory"])
async def test_the_stored_bytes_stand_in_the_frame(
    kafka_bootstrap: str,
    kafka_topic: TopicFactory,
    start_publisher: StartPublisher,
    prefill: int,
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, VALUES)
    publisher = start_publisher(topic, prefill=prefill)
    expected = [
        b'{"type":"event","partition":0,"offset":%d,"event":%b}' % (offset, value)
        for offset, value in enumerate(VALUES + VALUES)
    ]

    async with subscribed(publisher.websocket_url, "since=earliest") as stream:
        await stream.until("live")
        await store(kafka_bootstrap, topic, VALUES)  # and once more as they come
        found = await stream.events(len(VALUES))

    assert place(found[-1]) == (0, 2 * len(VALUES) - 1)
    assert [text for text in stream.texts if text.startswith(b'{"type":"event"')] == expected


@pytest.mark.timeout(40)
@pytest.mark.parametrize("prefill", [0, 1000], ids=["from Kafka", "from memory"])
async def test_the_stored_bytes_stand_in_every_transports_form(
    kafka_bootstrap: str,
    kafka_topic: TopicFactory,
    start_publisher: StartPublisher,
    prefill: int,
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, VALUES)
    publisher = start_publisher(topic, prefill=prefill, page_bytes=8 << 20)
    places = [b'"partition":0,"offset":%d,"event":%b}' % each for each in enumerate(VALUES * 2)]
    frames = [b'{"type":"event",' + place for place in places]

    async with (
        http_subscribed(publisher.http_url, "since=earliest", NDJSON) as lines,
        http_subscribed(publisher.http_url, "since=earliest", SSE) as source,
        subscribed(
            publisher.websocket_url,
            "since=earliest",
            subprotocols=["cloudevents.json"],
        ) as bare,
    ):
        await lines.until("live")
        await source.until("live")
        await store(kafka_bootstrap, topic, VALUES)  # and once more as they come
        for stream in (lines, source):
            await stream.events(len(VALUES))
            assert [text for text in stream.texts if b'{"type":"event"' in text[:15]] == frames
        assert [await bare.connection.recv(decode=False) for _ in frames] == VALUES * 2
    ids = re.findall(rb"id: (.*)\ndata: \{\"type\":\"event\"", source.body)
    assert [int(each[2:].partition(b"@")[0]) for each in ids] == list(range(1, len(frames) + 1))

    page = publisher.answer("/events?since=earliest", headers={"accept": PAGE}).content
    inner = page[len(b'{"events":[') : page.rindex(b'],"cursor"')]
    assert inner == b",".join(b"{" + place for place in places)


@pytest.mark.timeout(40)
async def test_an_event_larger_than_any_page_is_served(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic(max_message_bytes=8 << 20)
    large = b'{"data":"' + b"x" * (5 << 20) + b'"}'
    await store(kafka_bootstrap, topic, [event(1), large, event(2)])
    publisher = start_publisher(topic, prefill=0)

    async with subscribed(publisher.websocket_url, "since=earliest") as stream:
        assert await stream.places(3) == [(0, 0), (0, 1), (0, 2)]
        await store(kafka_bootstrap, topic, [large, event(3)])
        assert await stream.places(2) == [(0, 3), (0, 4)]

    sizes = [len(text) for text in stream.texts if text.startswith(b'{"type":"event"')]
    assert sizes[1] == len(large) + len(b'{"type":"event","partition":0,"offset":1,"event":}')


@pytest.mark.parametrize("prefill", [0, 1000], ids=["from Kafka", "from memory"])
async def test_what_is_no_event_is_left_out_and_positions_move_on(
    kafka_bootstrap: str,
    kafka_topic: TopicFactory,
    start_publisher: StartPublisher,
    prefill: int,
) -> None:
    foreign = [
        b"just text",
        b"",
        None,
        b"\xff\xfe\x00",
        b'{"id":"\xff"}',
        b'{\n  "id": "pretty"\n}',
        b'{"id":"line"}\n',
        b'{"id":"carriage"}\r',
        b'[{"id":"array"}]',
        b'\xef\xbb\xbf{"id":"byte order mark"}',
        b"null",
        b"7",
        b'"text"',
        b'{"id":NaN}',
        b'{"id":1}{"id":2}',
        b'{"id":"cut',
        b"[" * 100_000,
    ]
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, [event(0), *foreign, event(1), *foreign])
    publisher = start_publisher(topic, prefill=prefill)
    end, last = 2 + 2 * len(foreign), 2 + 4 * len(foreign)

    async with subscribed(publisher.websocket_url, "since=earliest") as stream:
        hello = await stream.hello()
        assert await stream.live() == [(0, 0), (0, 1 + len(foreign))]
        await store(kafka_bootstrap, topic, [*foreign, *foreign, event(2)])
        assert await stream.places(1) == [(0, last)]

    assert hello["tip"].startswith(f"0:{end}@")
    if prefill:
        assert publisher.metric("records_skipped_total") >= 4 * len(foreign) - 1
    assert publisher.complaints() == []
