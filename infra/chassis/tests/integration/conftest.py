"""Each asynchronous test runs on asyncio's own loop and on uvloop, which writes at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
import uvloop
from chassis_fakes.served import Application, Served

Serve = Callable[..., Served]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers, ``serve(app, ws_ping_interval=0.1)``; what the loop cannot handle fails."""
    served: list[Served] = []
    unhandled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))

    def start(app: Application, **config: Any) -> Served:
        served.append(Served(app, **config))
        return served[-1]

    yield start
    for each in served:
        await each.close()
    assert unhandled == []
