"""Without the raw extensions (another server) the same streams go out by ordinary ASGI sends."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import orjson
import pytest
from publisher_fakes.stage import Stage
from publisher_fakes.topic_offsets import FakeTopicOffsets
from starlette.applications import Starlette
from starlette.types import Message

from chassis.origins import OriginAllowlist
from publisher.app.following import Following, Phase
from publisher.app.plan_replay import PlanReplay
from publisher.app.read_page import PageBounds, ReadPage
from publisher.app.subscribe import Subscribe, Terms
from publisher.domain.reach import Reaches
from publisher.infra.cors import Cors
from publisher.infra.gate import Gate
from publisher.infra.http_events import HttpTerms, HttpTransport
from publisher.infra.socket_limits import SocketLimits


class Served:
    """The HTTP endpoints over a stage, called as an ASGI server would."""

    def __init__(self, *held: int, limits: SocketLimits | None = None) -> None:
        self.stage = stage = Stage(*held)
        following, origins = Following(), OriginAllowlist(())
        following.enter(Phase.FOLLOWING)
        plan = PlanReplay(stage.hub, FakeTopicOffsets(stage.broker), lambda: 2_000_000)
        terms = Terms("events", "p1", 16.0, max_subscribers=2)
        http = HttpTransport(
            stage.hub,
            Subscribe(stage.hub, plan, stage.sweep, following, terms),
            plan,
            ReadPage(stage.hub, stage.source, plan, stage.emitted.append, PageBounds()),
            Gate(origins, Reaches()),
            Cors(origins),
            stage.emitted.append,
            limits=limits or SocketLimits(),
            terms=HttpTerms(),
        )
        self.app = Starlette(routes=http.routes())
        self.sent: list[Message] = []
        self.gone = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()

    def get(self, query: str, **headers: str) -> asyncio.Task[None]:
        """One request."""
        scope: dict[str, Any] = {
            "type": "http", "method": "GET", "path": "/events", "raw_path": b"/events",
            "query_string": query.encode(), "http_version": "1.1", "scheme": "http",
            "headers": [
                (name.replace("_", "-").encode(), value.encode())
                for name, value in headers.items()
            ],
        }  # fmt: skip

        async def receive() -> Message:
            await self.gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            await self.reads.wait()
            self.sent.append(message)

        return asyncio.ensure_future(self.app(scope, receive, send))

    async def turn(self) -> None:
        """Let everything happen that can."""
        for _ in range(20):
            self.stage.settle()
            await asyncio.sleep(0)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


async def test_a_bounded_stream_comes_whole() -> None:
    served = Served(5)
    task = served.get("since=earliest&until=now", accept="application/x-ndjson")
    await served.turn()
    await asyncio.wait_for(task, 5)
    kinds = [orjson.loads(line)["type"] for line in served.body.splitlines()]
    assert kinds == ["hello", *["event"] * 5, "end"]
    assert served.sent[0]["status"] == 200
    assert not served.sent[-1]["more_body"]


async def test_it_may_be_compressed() -> None:
    served = Served(5)
    task = served.get(
        "since=earliest&until=now", accept="text/event-stream", accept_encoding="gzip"
    )
    await served.turn()
    await asyncio.wait_for(task, 5)
    assert (b"content-encoding", b"gzip") in served.sent[0]["headers"]
    assert gzip.decompress(served.body).count(b"data: ") == 7


async def test_live_blocks_come_until_the_client_goes() -> None:
    served = Served(1)
    task = served.get("", accept="text/event-stream")
    await served.turn()
    served.stage.publish()
    await served.turn()
    assert b"id: 0:2@0badcafe\ndata: {" in served.body
    served.gone.set()
    await asyncio.wait_for(task, 5)
    assert len(served.stage.hub) == 0


async def test_who_does_not_read_leaves_the_live_lane_and_is_dropped() -> None:
    served = Served(0, limits=SocketLimits(high_bytes=100, low_bytes=10))
    task = served.get("", accept="application/x-ndjson")
    await served.turn()
    served.reads.clear()
    for _ in range(5):
        served.stage.publish()
        await served.turn()
    [subscription] = served.stage.hub.subscriptions()
    assert subscription.sink.paused
    served.stage.hub.stall(subscription)
    await asyncio.wait_for(task, 5)
    assert len(served.stage.hub) == 0


@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson"])
async def test_a_slow_reader_gets_everything(accept: str) -> None:
    served = Served(0, limits=SocketLimits(high_bytes=100, low_bytes=10))
    task = served.get("", accept=accept)
    await served.turn()
    served.reads.clear()
    for _ in range(5):
        served.stage.publish()
        await served.turn()
    served.reads.set()
    await served.turn()
    offsets = [int(part.split(b",")[0]) for part in served.body.split(b'"offset":')[1:]]
    assert offsets == list(range(5))
    served.gone.set()
    await asyncio.wait_for(task, 5)
