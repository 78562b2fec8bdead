"""``batch=true``: several events in a frame, compressed or not; the same events as without it."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from typing import Any

import orjson
import pytest

from contracts.frames import frames_in
from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.records import event, events, producing, store, write
from support.served import Served
from support.stream import Stream, outcome, place, subscribed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]

EACH_WAY = pytest.mark.parametrize("compression", [None, "deflate"], ids=["plain", "deflated"])
BATCH = b'{"type":"events","events":[{"partition":'


def extensions(stream: Stream) -> list[str]:
    """What was negotiated."""
    return [each.name for each in stream.connection.protocol.extensions]


@EACH_WAY
async def test_a_batch_carries_the_stored_bytes_and_the_close_is_as_ever(
    kafka_bootstrap: str,
    kafka_topic: TopicFactory,
    start_publisher: StartPublisher,
    compression: str | None,
) -> None:
    topic = kafka_topic()
    values = [event("ü", brace="}{"), event(1, n=1.0), *events(3000)]
    await store(kafka_bootstrap, topic, values)
    publisher = start_publisher(topic)
    async with subscribed(
        publisher.websocket_url, "since=0&until=now&batch=true", compression=compression
    ) as stream:
        ended = await stream.rest()
    assert extensions(stream) == (["permessage-deflate"] if compression else [])
    assert [orjson.loads(text)["type"] for text in (stream.texts[0], stream.texts[-1])] == [
        "hello",
        "end",
    ]
    batches = stream.texts[1:-1]
    assert all(text.startswith(BATCH) for text in batches)
    assert max(map(len, batches)) <= 64 << 10
    assert len(batches) < 30
    frames = [frame for text in batches for frame in frames_in(text)]
    assert frames == [
        b'{"type":"event","partition":0,"offset":%d,"event":%b}' % (at, value)
        for at, value in enumerate(values)
    ]
    assert (ended.code, ended.reason) == (1000, "end")
    assert publisher.complaints() == []


@pytest.mark.parametrize(
    "settings",
    [{"prefill": 0, "cache_bytes": 1 << 20, "tail_bytes": 1 << 20}, {"batch_bytes": 2000}, {}],
    ids=["from Kafka", "small frames", "from memory"],
)
async def test_joiners_anywhere_get_each_event_once_across_the_hand_over(
    kafka_bootstrap: str,
    kafka_topic: TopicFactory,
    start_publisher: StartPublisher,
    settings: dict[str, Any],
) -> None:
    """Several partitions and filters, with and without compression, while events come in."""
    topic, chance = kafka_topic(partitions=3), random.Random(7)
    kinds, counts = ("order.placed", "message.posted"), [2000, 1500, 0]

    def values(start: int, count: int) -> list[bytes]:
        return [event(at, kind=kinds[at % 2], pad=chance.randbytes(100).hex()) for at in
                range(start, start + count)]  # fmt: skip

    more, expected = 200, dict[tuple[str, str], list[tuple[int, int]]]()
    async with producing(kafka_bootstrap) as producer, AsyncExitStack() as stack:
        for partition, count in enumerate(counts):
            await write(producer, topic, values(0, count), partition=partition)
        publisher = start_publisher(topic, **settings)
        streams: dict[tuple[str, str], list[Stream]] = {}
        for number in range(12):
            start = ",".join(f"{p}:{chance.randrange(n + 1)}" for p, n in enumerate(counts))
            wanted = ("", "&type=order.*")[number % 2]
            stream = await stack.enter_async_context(
                subscribed(
                    publisher.websocket_url,
                    f"since={start}&batch=true{wanted}",
                    compression=(None, "deflate", "deflate")[number % 3],
                )
            )
            streams.setdefault((start, wanted), []).append(stream)
            expected[start, wanted] = [
                (p, at)
                for p, since in enumerate(start.split(","))
                for at in range(int(since.split(":")[1]), counts[p] + more)
                if not wanted or at % 2 == 0
            ]
            for partition in range(3):
                at = counts[partition] + number * more // 12
                until = counts[partition] + (number + 1) * more // 12
                await write(producer, topic, values(at, until - at), partition=partition)
        for key, opened in streams.items():
            for stream in opened:
                got = await stream.places(len(expected[key]))
                assert sorted(got) == expected[key]
                for partition in range(3):
                    offsets = [at for where, at in got if where == partition]
                    assert offsets == sorted(offsets)
                assert any(text.startswith(BATCH) for text in stream.texts)
    assert publisher.complaints() == []


async def test_a_reader_that_stops_and_goes_on_gets_everything_in_order(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic, chance, count = kafka_topic(), random.Random(3), 4000
    publisher = start_publisher(topic, tail_bytes=1 << 20, cache_bytes=1 << 20)
    url = publisher.websocket_url
    async with (
        subscribed(url, "batch=true", compression="deflate", max_queue=1) as slow,
        subscribed(url, "batch=true", compression="deflate") as quick,
        producing(kafka_bootstrap) as producer,
    ):
        await slow.until("live")
        await quick.until("live")
        padded = [event(at, pad=chance.randbytes(3000).hex()) for at in range(count)]
        await write(producer, topic, padded)
        assert [at for _, at in await quick.places(count)] == list(range(count))
        publisher.wait_that(lambda: publisher.metric("fell_behind_total") >= 1, "one is behind")
        assert [at for _, at in await slow.places(count)] == list(range(count))
        publisher.wait_that(lambda: publisher.metric("subscribers_live") == 2, "live again")
        await write(producer, topic, events(1))
        assert place((await slow.events(1))[0]) == (0, count)
    assert publisher.complaints() == []


async def test_without_the_parameter_no_extension_is_taken(one: Served) -> None:
    async with subscribed(
        one.publisher.websocket_url, "since=10&until=now", compression="deflate"
    ) as stream:
        ended = await stream.rest()
    assert extensions(stream) == []
    assert [frame["type"] for frame in ended.frames] == ["hello", *["event"] * 20, "end"]


async def test_the_operator_may_switch_compression_off(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, events(5))
    publisher = start_publisher(topic, compression="zstd,gzip")
    async with subscribed(
        publisher.websocket_url, "since=0&until=now&batch=true", compression="deflate"
    ) as stream:
        await stream.rest()
    assert extensions(stream) == []
    assert stream.texts[1].startswith(BATCH)


@pytest.mark.parametrize("query", ["batch=1", "batch=", "batch=true&batch=true", "batch=false"])
async def test_what_is_not_understood_is_refused(one: Served, query: str) -> None:
    ended = await outcome(one.publisher.websocket_url, query, compression="deflate")
    assert ended.problem["type"] == "invalid-request"
    assert "batch" in ended.problem["detail"]
    assert ended.code == 4400


async def test_where_there_are_no_such_frames_it_is_refused(one: Served) -> None:
    url = one.publisher.websocket_url
    bare = await outcome(url, "since=10&batch=true", subprotocols=["cloudevents.json"])
    assert (bare.frames, bare.code) == ([], 4400)
    answer = one.publisher.answer("/events?since=10&batch=true")
    assert answer.status_code == 400
    assert "/websocket" in answer.json()["detail"]
    assert one.publisher.answer("/plan?since=10&batch=true").status_code == 200


async def test_a_refusal_is_told_over_a_compressed_connection_too(one: Served) -> None:
    ended = await outcome(one.publisher.websocket_url, "since=99&batch=true", compression="deflate")
    assert ended.problem["type"] == "cursor-ahead"
    assert ended.code == 4409


async def test_what_subscribers_compress_is_bounded_after_inflation(one: Served) -> None:
    url = one.publisher.websocket_url
    async with subscribed(url, "batch=true", compression="deflate") as stream:
        await stream.until("live")
        await stream.connection.send("x" * 4000)
        await stream.connection.send("\0" * (1 << 20))  # 1 KiB on the wire
        async with asyncio.timeout(10):
            await stream.connection.wait_closed()
    assert stream.connection.close_code == 1009


async def test_frames_in_which_nothing_passes_a_filter_are_not_sent(one: Served) -> None:
    ended = await outcome(one.publisher.websocket_url, "since=10&until=now&type=z&batch=true")
    assert [frame["type"] for frame in ended.frames] == ["hello", "end"]
