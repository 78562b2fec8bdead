"""``POST /events`` held to a rate: requests are refused, streams slowed down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
from listener_fakes.http_service import HttpService
from listener_fakes.running import event

from listener.domain.allowance import Rates

STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
NDJSON = {"content-type": "application/x-ndjson"}
RATES = Rates(events=10, burst_s=0.1)


async def test_a_request_ahead_of_its_rate_is_429_with_retry_after_and_not_read() -> None:
    service = HttpService(rates=RATES)

    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("it was read")
        yield b""

    async with service.client() as client:
        batch = f"[{','.join(event(str(number)) for number in range(5))}]"
        posted = asyncio.create_task(client.post("/events", content=batch, headers=BATCH))
        await service.until_waiting(5)
        service.log.store()
        assert (await posted).status_code == 201
        service.clock.now -= 2.5
        refused = await client.post("/events", content=body(), headers=STRUCTURED)
        assert refused.status_code == 429
        assert refused.json()["type"] == "rate-exceeded"
        assert refused.json()["retry_after_s"] == 3
        assert refused.headers["retry-after"] == "3"
        service.clock.now += 3
        again = asyncio.create_task(client.post("/events", content=event("a"), headers=STRUCTURED))
        await service.until_waiting()
        service.log.store()
        assert (await again).status_code == 201
    assert service.tally.rate_holds == {"websocket": 0, "http": 1}


async def test_a_stream_is_slowed_down_and_nothing_of_it_refused() -> None:
    service = HttpService(rates=RATES)

    async def time_passes() -> None:
        while True:
            await asyncio.sleep(0.01)
            service.clock.now += 0.1
            service.log.store()

    passing = asyncio.create_task(time_passes())
    async with service.client() as client:
        lines = "\n".join(event(str(number)) for number in range(6))
        answer = await client.post("/events", content=lines, headers=NDJSON)
    passing.cancel()
    last = orjson.loads(answer.content.splitlines()[-1])
    assert last == {"type": "end", "events": 6, "acked": 6, "nacked": 0}
    assert service.tally.rate_holds["http"] > 0
