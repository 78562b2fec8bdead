"""Producers' connections that are held to a rate, at the ASGI interface."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from listener_fakes.client import FakeClient
from listener_fakes.running import AUTHORIZATION, event
from listener_fakes.websocket_service import WebSocketService, settle

from listener.domain.allowance import Rates

RATES = Rates(events=10, burst_s=0.1)
"""Two events are free: the one that was saved up, and the one that is owed for afterwards."""


@pytest.fixture(params=["raw", "asgi"])
def client(request: pytest.FixtureRequest) -> FakeClient:
    return FakeClient(raw=request.param == "raw", authorization=AUTHORIZATION)


async def test_what_is_too_much_waits_and_is_then_taken_in_its_order(client: FakeClient) -> None:
    service = WebSocketService(RATES)
    run = client.run(service.websocket)
    for number in range(3):
        client.text(event(str(number)))
    await settle()
    assert service.websocket.in_flight == 2
    assert not client.raw.reading_paused, "a ping would not be heard"
    service.clock.now += 0.2
    async with asyncio.timeout(2):
        while service.websocket.in_flight < 3:
            await asyncio.sleep(0.01)
    service.log.store()
    await settle()
    assert [answer["ref"] for answer in client.answers] == [0, 1, 2]
    assert service.tally.rate_holds == {"websocket": 1, "http": 0}
    client.leave()
    await run


async def test_what_has_waited_long_enough_is_nacked_event_by_event(client: FakeClient) -> None:
    service = WebSocketService(RATES, max_hold_s=0)
    run = client.run(service.websocket)
    for text in ("0", "1", "2"):
        client.text(event(text))
    client.text(f"[{event('3')},5]")
    await settle()
    service.log.store()
    await settle()
    nacked = [answer for answer in client.answers if answer["type"] == "nack"]
    assert [(each["ref"], each["id"]) for each in nacked] == [(2, "2"), (3, "3"), (4, None)]
    problem = nacked[0]["problem"]
    assert (problem["type"], problem["status"]) == ("rate-exceeded", 429)
    assert (problem["retriable"], problem["retry_after_s"]) == (True, 1)
    assert len(service.log.records) == 2
    service.clock.now += 1
    client.text(event("again"))
    await settle()
    assert service.websocket.in_flight == 1
    client.leave()
    await run


async def test_who_does_not_listen_is_closed_with_4029_once_all_is_answered(
    client: FakeClient,
) -> None:
    service = WebSocketService(RATES, max_hold_s=0)
    run = client.run(service.websocket)
    for number in range(9):
        client.text(event(str(number)))
    await settle()
    assert client.close_code is None
    service.log.store()
    await asyncio.wait_for(run, 1)
    assert client.close_code == 4029
    assert [answer["type"] for answer in client.answers].count("ack") == 2


async def test_bytes_have_their_rate_too(client: FakeClient) -> None:
    service = WebSocketService(Rates(size_bytes=500, burst_s=0.1), max_hold_s=0)
    run = client.run(service.websocket)
    large = orjson.dumps(orjson.loads(event("0", "x" * 400))).decode()
    client.text(large)
    client.text(event("1"))
    await settle()
    assert [answer["id"] for answer in client.answers] == ["1"]
    client.leave()
    await run


async def test_another_connection_of_the_same_user_has_no_allowance_of_its_own(
    client: FakeClient,
) -> None:
    service = WebSocketService(RATES, max_hold_s=0)
    run = client.run(service.websocket)
    client.text(f"[{event('0')},{event('1')},{event('2')}]")
    await settle()
    other = FakeClient(authorization=AUTHORIZATION)
    other_run = other.run(service.websocket)
    await settle()
    other.text(event("3"))
    await settle()
    assert other.answers[0]["problem"]["type"] == "rate-exceeded"
    service.log.store()
    await settle()
    client.leave()
    other.leave()
    await asyncio.gather(run, other_run)
