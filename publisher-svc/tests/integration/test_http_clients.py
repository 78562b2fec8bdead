"""Other people's clients: curl, httpx-sse, and WebSocket clients that want bare CloudEvents."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
from typing import Any

import httpx
import pytest
from httpx_sse import aconnect_sse
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.http_stream import NDJSON, PAGE, SSE
from support.records import events, store

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]

OTHER: Any = "other"
CLOUDEVENTS: Any = "cloudevents.json"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, events(2))
    publisher = start_publisher(topic)
    process = await asyncio.create_subprocess_exec(
        "curl", "-sN", f"{publisher.http_url}/events?since=earliest",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(20):
        lines = [json.loads(await process.stdout.readline()) for _ in range(4)]
        assert [line["type"] for line in lines] == ["hello", "event", "event", "live"]
        await store(kafka_bootstrap, topic, events(1))
        while (line := json.loads(await process.stdout.readline()))["type"] != "event":
            pass
        assert line["offset"] == 2
        publisher.terminate()
        *_, last = (await process.stdout.read()).splitlines()
        assert json.loads(last)["type"] == "moved"
        assert await process.wait() == 0, "the answer was complete"


async def curl(url: str, coding: str, accept: str) -> tuple[bytes, str]:
    """What curl makes of it, and the coding that it was sent in."""
    process = await asyncio.create_subprocess_exec(
        "curl", "-sN", "--compressed", "-w", "%header{content-encoding}",
        "-H", f"Accept-Encoding: {coding}", "-H", f"Accept: {accept}", url,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    used = coding if output.endswith(coding.encode()) else ""
    return output.removesuffix(coding.encode()), used


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_curl_compressed(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, coding: str
) -> None:
    topic = kafka_topic(partitions=2)
    for partition in range(2):
        await store(kafka_bootstrap, topic, events(3000), partition=partition)
    publisher = start_publisher(topic)
    url = f"{publisher.http_url}/events?since=earliest&until=now"
    for accept in (NDJSON, SSE, PAGE):
        plain, _ = await curl(url, "identity", accept)
        coded, used = await curl(url, coding, accept)
        assert used == coding
        frames = re.findall(rb'"partition":.*', plain)
        assert re.findall(rb'"partition":.*', coded) == frames
        assert len(frames) == (1 if accept == PAGE else 6000)
    sent = publisher.metric("sent_bytes_total", lane="catch-up")
    await curl(url, coding, NDJSON)
    assert publisher.metric("sent_bytes_total", lane="catch-up") - sent < 0.3 * 6000 * 180


async def test_a_live_stream_is_compressed_by_write(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    """zstd, once for all; gzip would have to be made for each, and so is left out."""
    topic = kafka_topic()
    publisher = start_publisher(topic)
    url = f"{publisher.http_url}/events"
    async with (
        httpx.AsyncClient(trust_env=False, timeout=10) as client,
        client.stream("GET", url, headers={"accept-encoding": "zstd"}) as coded,
        client.stream("GET", url, headers={"accept-encoding": "gzip"}) as plain,
    ):
        assert coded.headers["content-encoding"] == "zstd"
        assert "content-encoding" not in plain.headers
        assert "Accept-Encoding" in coded.headers["vary"]
        await store(kafka_bootstrap, topic, events(1))
        text, decoder = b"", zstd.ZstdDecompressor()
        async for part in coded.aiter_raw():
            while part:
                text += decoder.decompress(part)
                part = decoder.unused_data  # noqa: PLW2901 - the next frame
                if decoder.eof:
                    decoder = zstd.ZstdDecompressor()
            if b'"type":"event"' in text:
                break
    kinds = [json.loads(line)["type"] for line in text.splitlines()]
    assert kinds[:2] == ["hello", "live"]
    assert kinds[-1] in {"event", "heartbeat"}


async def test_no_compression_where_the_operator_wants_none(
    kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    publisher = start_publisher(kafka_topic(), compression="")
    answer = publisher.answer("/events?until=now", headers={"accept-encoding": "gzip, zstd"})
    assert "content-encoding" not in answer.headers


async def test_httpx_sse(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, events(2))
    publisher = start_publisher(topic)
    async with (
        httpx.AsyncClient(trust_env=False, timeout=10) as client,
        aconnect_sse(client, "GET", f"{publisher.http_url}/events?since=0&until=now") as source,
    ):
        found = [each async for each in source.aiter_sse()]
    # "cursor" has no data: by the standard it is not dispatched, and this client does it
    assert [each.event for each in found] == ["hello", "message", "message", "cursor", "end"]
    cursor, _, end = found[-1].id.partition("/")
    assert cursor == end
    assert found[1].json()["event"]["id"] == "0"


async def test_the_cloudevents_subprotocol_is_events_and_nothing_else(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    values = events(3)
    await store(kafka_bootstrap, topic, values)
    publisher = start_publisher(topic, heartbeat_s=0.2, allowed_origins="https://app.example")
    url = publisher.websocket_url

    async def said(query: str, **more: Any) -> tuple[list[Any], int, str | None]:
        texts: list[Any] = []
        async with connect(
            f"{url}?{query}", subprotocols=[OTHER, CLOUDEVENTS], proxy=None, **more
        ) as socket_:
            try:
                while True:
                    texts.append(await asyncio.wait_for(socket_.recv(decode=False), 10))
            except ConnectionClosed:
                return texts, socket_.close_code or 0, socket_.subprotocol

    assert await said("since=0&until=now") == (values, 1000, "cloudevents.json")
    assert await said("since=99") == ([], 4409, "cloudevents.json")
    assert await said("sinse=0") == ([], 4400, "cloudevents.json")
    assert (await said("", origin="https://evil.example"))[1] == 4403
    async with connect(url, subprotocols=[CLOUDEVENTS], proxy=None) as live:
        await asyncio.sleep(0.5)  # heartbeats would have come
        await store(kafka_bootstrap, topic, [values[0]])
        assert await asyncio.wait_for(live.recv(decode=False), 10) == values[0]
        publisher.terminate()
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(live.recv(), 10)
        assert live.close_code == 4001
