"""Producers who come and go leave nothing behind: what an instance holds is of those it has."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable

import psutil
import pytest
from listener_fakes.running import PASSWORD, USER, RunningListener
from websockets.frames import Frame, Opcode

from local_kafka.pytest_plugin import TopicFactory

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]

RunListener = Callable[..., RunningListener]

AT_ONCE, ROUNDS, SETTLED = 100, 20, 4
GROWTH_MIB = 5
"""Of memory, while 1,600 came and went; it was 15 when each left what only a collector finds."""

_EVENT = b'{"specversion":"1.0","type":"message.posted","data":{"text":"x"}}'
_AUTHORIZATION = "Authorization: Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
_WEBSOCKET = (
    "GET /websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{_AUTHORIZATION}\r\n\r\n"
)
_HTTP = (
    "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/cloudevents+json\r\n"
    f"Content-Length: {len(_EVENT)}\r\n{_AUTHORIZATION}\r\n\r\n"
)

_STREAM = (
    "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
    f"Transfer-Encoding: chunked\r\n{_AUTHORIZATION}\r\n\r\n"
)
_CHUNK = f"{len(_EVENT) + 1:x}\r\n".encode() + _EVENT + b"\n\r\n"


async def come_and_go(port: int, number: int) -> None:
    """Send some events, wait for their answers, leave."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    if number % 3 == 1:
        writer.write(_HTTP.encode() + _EVENT)
        assert b" 201 " in await reader.readuntil(b"\r\n\r\n")
    elif number % 3 == 2:
        writer.write(_STREAM.encode() + _CHUNK)
        await reader.readuntil(b'"type":"ack"')  # and leaves in the middle of its body
    else:
        writer.write(_WEBSOCKET.encode())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(Frame(Opcode.TEXT, _EVENT).serialize(mask=True) * 3)
        await reader.readuntil(b'"ref":2,')
    writer.close()


async def test_memory_is_of_those_who_are_there(
    run_listener: RunListener, kafka_bootstrap: str, kafka_topic: TopicFactory
) -> None:
    listener = run_listener(kafka_bootstrap, kafka_topic())
    await listener.wait_ready()
    memory = psutil.Process(listener.process.pid).memory_info
    held_mib: list[float] = []
    for _ in range(ROUNDS):
        await asyncio.gather(*[come_and_go(listener.port, number) for number in range(AT_ONCE)])
        held_mib.append(memory().rss / (1 << 20))
    assert held_mib[-1] - held_mib[SETTLED - 1] < GROWTH_MIB, held_mib
