"""Limits of the server that clients run into: each is a setting, counted and said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import orjson
import pytest
from argon2 import PasswordHasher
from listener_fakes.running import RunningListener
from websockets.exceptions import ConnectionClosed

from support.pipelined import answered

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

RunListener = Callable[..., RunningListener]


async def hits(listener: RunningListener, limit: str) -> float:
    lines = (await listener.get("/metrics")).text.splitlines()
    name = f'broadcaster_listener_limit_hits_total{{limit="{limit}"}} '
    [value] = [line.removeprefix(name) for line in lines if line.startswith(name)]
    return float(value)


def said(listener: RunningListener, limit: str) -> list[str]:
    lines = [orjson.loads(line) for line in listener.log().splitlines()]
    return [line["level"] for line in lines if line.get("limit") == limit]


async def test_credentials_that_wait_to_be_verified(run_listener: RunListener) -> None:
    users = f"ann:{PasswordHasher().hash('a')}"
    listener = run_listener(
        "127.0.0.1:1", "events", users=users, plain_passwords="false", max_verifying=1
    )
    async with httpx.AsyncClient(timeout=20) as client:
        guesses = [
            client.post(f"{listener.http}/events", content=b"{}", auth=("ann", str(number)))
            for number in range(8)
        ]
        statuses = [answer.status_code for answer in await asyncio.gather(*guesses)]
    assert set(statuses) == {401, 503}
    assert await hits(listener, "max_verifying") == statuses.count(503)
    assert said(listener, "LISTENER_MAX_VERIFYING") == ["warning"]


async def test_pings_of_a_client(run_listener: RunListener) -> None:
    listener = run_listener("127.0.0.1:1", "events", control_frames_per_minute=3)
    async with listener.connect(ping_interval=None) as connection:
        for _ in range(3):
            await asyncio.wait_for(await connection.ping(), 10)
        await connection.ping()
        with pytest.raises(ConnectionClosed):
            await connection.recv()
        assert connection.close_code == 1008
    assert await hits(listener, "control_frames_per_minute") == 1
    assert said(listener, "LISTENER_CONTROL_FRAMES_PER_MINUTE") == ["warning"]


@pytest.mark.parametrize("more", [0, 1])
async def test_requests_that_wait_behind_one_another(run_listener: RunListener, more: int) -> None:
    listener = run_listener("127.0.0.1:1", "events", max_pipelined=2)
    assert await answered(listener.port, 3 + more, at_most=3) == (0 if more else 3)
    assert await hits(listener, "max_pipelined") == more
    assert said(listener, "LISTENER_MAX_PIPELINED") == ["warning"] * more
