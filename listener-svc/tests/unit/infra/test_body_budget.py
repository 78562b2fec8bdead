"""One bound for all bodies: reserved, refused, given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from listener_fakes.http_service import HttpService
from listener_fakes.running import event
from starlette.datastructures import Headers
from starlette.types import Message

from listener.infra.body_budget import BodyBudget
from listener.infra.http_body import Body, BodyError, BodyLimits

STRUCTURED = {"content-type": "application/cloudevents+json"}
NDJSON = {"content-type": "application/x-ndjson"}


def test_a_reservation_grows_to_the_bound_of_all_and_no_further() -> None:
    budget = BodyBudget(100)
    first, second = budget.reserve(), budget.reserve()
    assert first.resize(60)
    assert second.resize(40)
    assert not second.resize(41)
    assert (budget.taken, second.size_bytes, budget.refusals) == (100, 40, 1)
    assert second.resize(10)
    first.release()
    first.release()
    assert budget.taken == 10


async def slowly(*pieces: bytes, go: asyncio.Event) -> AsyncIterator[bytes]:
    yield pieces[0]
    await go.wait()
    for piece in pieces[1:]:
        yield piece


@pytest.mark.parametrize("declared", [True, False])
async def test_what_does_not_fit_is_503_with_retry_after_and_fits_again_later(
    declared: bool,
) -> None:
    service = HttpService(max_body_bytes=500)
    text = event("a", "x" * 300)
    async with service.client() as client:
        first = asyncio.create_task(client.post("/events", content=text, headers=STRUCTURED))
        await service.until_waiting()  # its events have no answer, so it is still here
        go = asyncio.Event()
        go.set()
        body = (
            text.encode() if declared else slowly(text[:100].encode(), text[100:].encode(), go=go)
        )
        refused = await client.post("/events", content=body, headers=STRUCTURED)
        assert refused.status_code == 503
        assert refused.json()["type"] == "unavailable"
        assert refused.headers["retry-after"] == "2"
        assert service.budget.refusals == 1
        service.log.store()
        assert (await first).status_code == 201
        assert service.budget.taken == 0
        again = asyncio.create_task(client.post("/events", content=text, headers=STRUCTURED))
        await service.until_waiting()
        service.log.store()
        assert (await again).status_code == 201
    assert service.budget.taken == 0


async def test_a_stream_counts_with_the_line_that_it_has_begun() -> None:
    service = HttpService(max_body_bytes=300)
    go = asyncio.Event()
    begun = b'{"begun":"' + b"x" * 250
    async with service.client() as client:
        whole = event("a").encode() + b"\n"
        posted = asyncio.create_task(
            client.post("/events", content=slowly(whole + begun, b'"}', go=go), headers=NDJSON)
        )
        await service.until_waiting()
        for _ in range(20):
            await asyncio.sleep(0)
        assert service.budget.taken == len(begun)
        refused = await client.post("/events", content=event("b"), headers=STRUCTURED)
        assert refused.status_code == 503
        service.log.store()
        go.set()
        answer = await posted
    assert orjson.loads(answer.content.splitlines()[-1])["type"] == "end"
    assert service.budget.taken == 0


def test_what_is_refused_makes_room_in_the_same_step() -> None:
    """Else all bodies that grow together would be refused, not one."""

    async def receive() -> Message:
        raise AssertionError("nothing is read here")

    budget, limits = BodyBudget(100), BodyLimits(max_bytes=100, max_inflation=2, stall_s=1)
    first, second = (Body(receive, Headers(), limits, budget.reserve()) for _ in range(2))
    first.hold(50)
    second.hold(50)
    with pytest.raises(BodyError):
        second.hold(51)
    first.hold(100)
    assert budget.refusals == 1
