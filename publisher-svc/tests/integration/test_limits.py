"""Limits of the server that clients run into: each is a setting, counted and said."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from argon2 import PasswordHasher

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.pipelined import answered
from support.publisher import Publisher
from support.stream import subscribed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]


def said(publisher: Publisher, limit: str) -> list[str]:
    return [line["level"] for line in publisher.log_lines() if line.get("limit") == limit]


async def test_credentials_that_wait_to_be_verified(
    kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    users = f"ann:{PasswordHasher().hash('a')}"
    publisher = start_publisher(kafka_topic(), auth="basic", users=users, max_verifying=1)
    async with httpx.AsyncClient(base_url=publisher.http_url, timeout=20) as client:
        guesses = [client.get("/plan", auth=("ann", str(number))) for number in range(8)]
        statuses = [answer.status_code for answer in await asyncio.gather(*guesses)]
    assert set(statuses) == {401, 503}
    assert publisher.metric("limit_hits_total", limit="max_verifying") == statuses.count(503)
    assert said(publisher, "PUBLISHER_MAX_VERIFYING") == ["warning"]


async def test_requests_that_wait_behind_one_another(
    kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    publisher = start_publisher(kafka_topic(), max_pipelined=2)
    for more in (0, 1):
        assert await answered(publisher.port, 3 + more, at_most=3) == (0 if more else 3)
        assert publisher.metric("limit_hits_total", limit="max_pipelined") == more
    assert said(publisher, "PUBLISHER_MAX_PIPELINED") == ["warning"]


async def test_pongs_of_a_subscriber(
    kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    publisher = start_publisher(kafka_topic(), control_frames_per_minute=3)
    async with subscribed(publisher.websocket_url) as stream:
        await stream.until("live")
        for _ in range(3):
            await stream.connection.pong()
        await stream.connection.pong()
        assert (await stream.rest()).code == 1008
    assert publisher.metric("limit_hits_total", limit="control_frames_per_minute") == 1
    assert said(publisher, "PUBLISHER_CONTROL_FRAMES_PER_MINUTE") == ["warning"]
