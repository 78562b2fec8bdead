"""An event that breaks its schema in three places: all three are told, nothing is stored."""

from __future__ import annotations

import orjson
import pytest
import websockets

from support.oracle import read_topic
from support.producer import BASIC
from support.services import System

pytestmark = [pytest.mark.kafka, pytest.mark.system, pytest.mark.timeout(60)]


async def test_three_violations_three_pointers_and_an_untouched_topic(system: System) -> None:
    broken = {
        "specversion": "1.0",
        "id": "broken",
        "source": "/tests",
        "type": "sensor.reading",
        "data": {"sensor": 5, "value": "warm", "unit": 7, "measured_at": "yesterday"},
    }
    good = {**broken, "id": "good", "type": "message.posted", "data": {"text": "hi"}}
    async with websockets.connect(
        system.listener.websocket_url, additional_headers=BASIC
    ) as connection:
        await connection.send(orjson.dumps([broken, good]).decode())
        answers = sorted(
            [orjson.loads(await connection.recv()) for _ in range(2)], key=lambda each: each["ref"]
        )
    nack, ack = answers
    assert (nack["type"], nack["id"]) == ("nack", "broken")
    pointers = {error["pointer"] for error in nack["problem"]["errors"]}
    assert {"/data/value", "/data/unit", "/data/measured_at"} <= pointers
    assert "warm" not in orjson.dumps(nack).decode()
    assert ack["type"] == "ack"
    oracle = await read_topic(system.bootstrap, system.topic)
    assert list(oracle.ids.values()) == ["good"]
