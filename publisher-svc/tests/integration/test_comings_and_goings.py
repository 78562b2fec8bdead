"""Subscribers who come and go leave nothing behind: what an instance holds is of those it has."""

from __future__ import annotations

import asyncio
from itertools import cycle, islice

import psutil
import pytest

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.http_stream import NDJSON, SSE
from support.records import events, store

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(90)]

AT_ONCE, ROUNDS, SETTLED = 200, 14, 4
GROWTH_MIB = 12
"""Of memory, while 2,000 came and went; each has some 20 KiB while it is there."""

_WEBSOCKET = (
    "GET /websocket?since=earliest{more} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
)
_HTTP = "GET /events?since=earliest HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n\r\n"
_REQUESTS = [
    _WEBSOCKET.format(more=""),
    _WEBSOCKET.format(more="&type=order.*"),
    _HTTP.format(accept=SSE),
    _HTTP.format(accept=NDJSON),
]


async def come_and_go(port: int, request: str) -> None:
    """Subscribe, be live, leave."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request.encode())
    await reader.readuntil(b'"live"')
    writer.close()


async def test_memory_is_of_those_who_are_there(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, events(20))
    publisher = start_publisher(topic)
    process = psutil.Process(publisher.process.pid)
    held_mib: list[float] = []
    for _ in range(ROUNDS):
        requests = islice(cycle(_REQUESTS), AT_ONCE)
        await asyncio.gather(*[come_and_go(publisher.port, each) for each in requests])
        publisher.wait_that(lambda: publisher.metric("subscribers") == 0, "all have gone")
        held_mib.append(process.memory_info().rss / (1 << 20))
    assert held_mib[-1] - held_mib[SETTLED - 1] < GROWTH_MIB, held_mib
