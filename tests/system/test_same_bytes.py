"""What the listener stores is what the publisher delivers and the client accepts, byte for byte."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer

import broadcaster
from contracts.catalogue import serving_catalogue
from contracts.examples import valid_examples, whole_event
from contracts.frames import event_frame
from support.producer import BASIC
from support.services import System
from support.wire import connect

pytestmark = [pytest.mark.kafka, pytest.mark.system, pytest.mark.timeout(60)]

ODD = {"text": 'line\u2028and \U0001f44b, "quoted" \\ and \u0000'}
"""Text that serialisers write in more than one way."""


def golden_events() -> list[dict[str, Any]]:
    """Every valid golden example as an event, and one that is hard on serialisers."""
    events = [
        whole_event(contract, example) | {"id": f"{contract.name}/{name}"}
        for versions in serving_catalogue(None).types.values()
        for contract in versions
        for name, example in valid_examples(contract).items()
    ]
    odd = {"specversion": "1.0", "id": "odd", "source": "/tests", "type": "message.posted"}
    return [*events, {**odd, "time": "2026-01-01T00:00:00Z", "data": ODD}]


async def test_stored_delivered_and_accepted_are_the_same_bytes(system: System) -> None:
    events = golden_events()
    answers: list[dict[str, Any]] = []
    listener = await connect(
        system.listener.websocket_url,
        lambda text: answers.append(orjson.loads(text)),
        headers=BASIC,
    )
    for event in events:
        listener.send(orjson.dumps(event, option=orjson.OPT_INDENT_2))
    await _until(lambda: len(answers) == len(events))
    listener.close()
    await listener.closed
    assert {answer["type"] for answer in answers} == {"ack"}, answers

    stored = await _stored(system, len(events))
    frames: list[bytes] = []
    replay = await connect(f"{system.publisher.websocket_url}?since=0&until=now", frames.append)
    assert await replay.closed == 1000
    assert frames[1:-1] == [event_frame(0, at, value) for at, value in enumerate(stored)]

    for batch in (False, True):
        stream = broadcaster.subscribe(
            system.publisher.websocket_url, since="0", until="now", batch=batch
        )
        async with stream:
            got = [each async for each in stream if isinstance(each, broadcaster.Received)]
        assert [each.event for each in got] == [orjson.loads(value) for value in stored] == events
        assert [each.raw for each in got] == frames[1:-1]


async def _stored(system: System, count: int) -> list[bytes]:
    """The records' values, read with a plain consumer."""
    consumer = AIOKafkaConsumer(
        system.topic, bootstrap_servers=system.bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        return [(await consumer.getone()).value or b"" for _ in range(count)]
    finally:
        await consumer.stop()


async def _until(holds: Any) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await asyncio.sleep(0.02)
