"""One connection to the cluster for requests of our own: aiokafka's client, started when needed.

Wraps what aiokafka raises: `KafkaAwayError` (ask again later), `KafkaNotAuthorizedError` (the same,
once somebody has granted the right) or `KafkaRefusedError` (asking again does not help). A lookup
never shares a connection with the live consumer, whose long poll would hold the answer back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.structs import TopicPartition

from publisher.domain.errors import PublisherError

T = TypeVar("T")


class KafkaAwayError(PublisherError):
    """The broker cannot be reached, or has no leader for the partition, now."""

    code = "kafka-away"
    retriable = True


class KafkaRefusedError(PublisherError):
    """The broker answered and will not do it: rights, an unknown topic, a version."""

    code = "kafka-refused"


class KafkaNotAuthorizedError(PublisherError):
    """The brokers do not let this user do it; whoever grants the right need not restart us."""

    code = "kafka-not-authorized"
    retriable = True


_NOT_AUTHORIZED = (
    TopicAuthorizationFailedError,
    GroupAuthorizationFailedError,
    ClusterAuthorizationFailedError,
)


def away(error: BaseException) -> PublisherError:
    """What `error` means to the publisher."""
    if isinstance(error, _NOT_AUTHORIZED):
        return KafkaNotAuthorizedError(f"{type(error).__name__}: {error}")
    if isinstance(error, KafkaError) and not error.retriable and not isinstance(error, OSError):
        return KafkaRefusedError(f"{type(error).__name__}: {error}")
    return KafkaAwayError(f"{type(error).__name__}: {error}")


class KafkaConnection:
    """See the module."""

    def __init__(self, arguments: dict[str, Any], topic: str, *, timeout_s: float) -> None:
        self._arguments = arguments
        self._timeout_s = timeout_s
        self._client: AIOKafkaClient | None = None
        self._knows_topic = False
        self._starting = asyncio.Lock()
        self.topic = topic

    async def close(self) -> None:
        """Close it; it may be used again."""
        client, self._client, self._knows_topic = self._client, None, False
        if client is not None:
            await client.close()

    async def send_to_leader(self, partition: int, request: Any) -> Any:
        """The partition leader's answer."""
        client = await self._knowing_topic()
        node = client.cluster.leader_for_partition(TopicPartition(self.topic, partition))
        if node is None or node == -1:
            self.refresh()
            raise KafkaAwayError(f"partition {partition} of {self.topic} has no leader now")
        return await self._answer(client.send(node, request))

    async def send_to_any(self, request: Any) -> Any:
        """Any broker's answer."""
        client = await self._started()
        node = client.get_random_node()
        if node is None:
            self.refresh()
            raise KafkaAwayError("no broker is known now")
        return await self._answer(client.send(node, request))

    async def leaders(self, partitions: int) -> dict[int, list[int]]:
        """The partitions that each broker leads."""
        client = await self._knowing_topic()
        led: dict[int, list[int]] = {}
        for partition in range(partitions):
            node = client.cluster.leader_for_partition(TopicPartition(self.topic, partition))
            if node is None or node == -1:
                self.refresh()
                raise KafkaAwayError(f"partition {partition} of {self.topic} has no leader now")
            led.setdefault(node, []).append(partition)
        return led

    async def send(self, node: int, request: Any) -> Any:
        """That broker's answer."""
        return await self._answer((await self._started()).send(node, request))

    def refresh(self) -> None:
        """What is known of leaders is stale."""
        if self._client is not None:
            self._client.force_metadata_update()

    def check(self, error_code: int) -> None:
        """Raise what a broker's error code means."""
        error = for_code(error_code)
        if error_code != 0:
            if getattr(error, "invalid_metadata", False):
                self.refresh()
            raise away(error(f"topic {self.topic}"))

    async def _started(self) -> AIOKafkaClient:
        async with self._starting:
            if self._client is None:
                client = AIOKafkaClient(
                    **self._arguments,
                    # Below ours: aiokafka renews a connection only if it gives up by itself, and
                    # one that leads nowhere (no reset came) would be asked for ever.
                    request_timeout_ms=round(self._timeout_s * 800),
                    metadata_max_age_ms=10_000,
                )
                try:
                    await self._answer(client.bootstrap())
                except PublisherError:
                    await client.close()
                    raise
                self._client = client
            return self._client

    async def _knowing_topic(self) -> AIOKafkaClient:
        """Not for asking whether the topic exists: aiokafka's metadata request may create it."""
        client = await self._started()
        if not self._knows_topic:
            client.set_topics([self.topic])
            await self._answer(client.force_metadata_update())
            self._knows_topic = True
        return client

    async def _answer(self, asked: Awaitable[T]) -> T:
        try:
            return await asyncio.wait_for(asked, self._timeout_s)
        except (KafkaError, OSError, TimeoutError) as error:
            self.refresh()
            raise away(error) from error
