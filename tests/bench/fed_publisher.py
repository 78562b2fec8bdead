"""What most scenarios measure: a fresh publisher on a fresh topic, and what feeds it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from bench.feed import Feed
from bench.ground import Ground
from bench.servers import server as servers
from bench.servers.server import Server


@asynccontextmanager
async def fed_publisher(
    ground: Ground, settings: Mapping[str, object] | None = None, event: bytes | None = None
) -> AsyncIterator[tuple[Feed, Server]]:
    """`event` is a template, if it is not the usual one. The topic is deleted at the end."""
    topic = await ground.topic()
    async with (
        Feed(ground.bootstrap, topic, template=event) as feed,
        servers.publisher(ground.bootstrap, topic, ground.directory, settings, event) as server,
    ):
        yield feed, server
    await ground.drop(topic)
