"""The yardstick: broadcast as one would write it first. ``python -m bench.servers.naive``

A Kafka consumer for live events, a queue and a task per subscriber, JSON made per subscriber, and
the web framework's ``send_text``; a replay is a Kafka consumer per client. Same libraries, same
server, same frames as the product, so that the load client's checks apply. It loses what it must
(an unbounded queue, no resume, no back-pressure) and is kept only to be measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator

import orjson
import uvicorn
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.structs import TopicPartition
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

Record = ConsumerRecord[bytes, bytes]

_KAFKA = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "")
_TOPIC = os.environ.get("KAFKA_TOPIC", "")
_queues: set[asyncio.Queue[Record]] = set()


def _text(record: Record) -> str:
    frame = {
        "type": "event",
        "partition": record.partition,
        "offset": record.offset,
        "event": orjson.loads(record.value or b"null"),
    }
    return orjson.dumps(frame).decode()


async def _consumer(since: int | None = None) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(bootstrap_servers=_KAFKA, enable_auto_commit=False)
    await consumer.start()
    consumer.assign([TopicPartition(_TOPIC, 0)])
    if since is None:
        await consumer.seek_to_end()
        await consumer.position(TopicPartition(_TOPIC, 0))
    else:
        consumer.seek(TopicPartition(_TOPIC, 0), since)
    return consumer


async def _follow(consumer: AIOKafkaConsumer) -> None:
    async for record in consumer:
        for queue in _queues:
            queue.put_nowait(record)


async def _subscribe(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text('{"type":"hello"}')
    since = websocket.query_params.get("since")
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        if since is None:
            await _live(websocket)
        else:
            await _replay(websocket, int(since))


async def _ready(_: Request) -> PlainTextResponse:
    return PlainTextResponse("ready")


async def _live(websocket: WebSocket) -> None:
    queue: asyncio.Queue[Record] = asyncio.Queue()
    _queues.add(queue)
    try:
        while True:
            await websocket.send_text(_text(await queue.get()))
    finally:
        _queues.discard(queue)


async def _replay(websocket: WebSocket, since: int) -> None:
    consumer = await _consumer(since)
    try:
        async for record in consumer:
            await websocket.send_text(_text(record))
    finally:
        await consumer.stop()


@contextlib.asynccontextmanager
async def _lifespan(_: Starlette) -> AsyncIterator[None]:
    consumer = await _consumer()
    following = asyncio.create_task(_follow(consumer))
    yield
    following.cancel()
    await consumer.stop()


def main() -> None:
    """Serve on 127.0.0.1; the port is in the environment."""
    routes = [WebSocketRoute("/websocket", _subscribe), Route("/readyz", _ready)]
    app = Starlette(routes=routes, lifespan=_lifespan)
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ["NAIVE_PORT"]),
        loop="uvloop",
        log_level="warning",
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
