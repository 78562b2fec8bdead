"""A small service whose drain does what its argument says; it tells on its output what happens."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

from starlette.types import Receive, Scope, Send

from chassis import logs, server
from chassis.limit_hits import LimitHits

_told = asyncio.Event()
_LARGE = 32 << 20


def say(text: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """HTTP: 200. WebSocket: accept; a message ends the drain that waits for one.

    `/large` is more than a peer takes that does not read, `/websocket/leaves` closes at once, and
    `/websocket/stays` never ends.
    """
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/large":
            say("large")
            await send({"type": "http.response.body", "body": bytes(_LARGE), "more_body": True})
        await send({"type": "http.response.body", "body": b"ok"})
        return
    await send({"type": "websocket.accept"})
    if scope["path"] == "/websocket/leaves":
        await send({"type": "websocket.close", "code": 1012})
        return
    if scope["path"] == "/websocket/stays":
        await asyncio.Event().wait()
    while (message := await receive())["type"] != "websocket.disconnect":
        if message["type"] == "websocket.receive":
            _told.set()


async def _quick() -> None:
    say("drained")


async def _until_told() -> None:
    await _told.wait()
    say("drained")


async def _raise() -> None:
    raise LookupError("the drain's own fault")


async def _cancel() -> None:
    raise asyncio.CancelledError


async def _slow() -> None:
    await asyncio.Event().wait()


async def _stubborn() -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if _giving_up:
                raise


_giving_up: list[bool] = []
_DRAINS: dict[str, Callable[[], Awaitable[None]]] = {
    "quick": _quick,
    "until-told": _until_told,
    "raise": _raise,
    "cancel": _cancel,
    "slow": _slow,
    "hang": _slow,
    "stubborn": _stubborn,
}


async def main(name: str) -> int:
    """Serve until a signal."""
    logs.configure("info", as_json=True, service="drained")
    sockets = server.bind("127.0.0.1", 0, port_variable="PORT")

    async def drain() -> None:
        say("drain")
        await _DRAINS[name]()

    say(f"port {sockets[0].getsockname()[1]}")
    timeout_s = 30.0 if name in {"hang", "until-told"} else 0.3
    limits = server.ServerLimits(drain_timeout_s=timeout_s, most_behind=3)
    await server.serve(app, sockets, drain=drain, limits=limits, hits=LimitHits("drained"))
    say("stopped")
    _giving_up.append(True)  # the loop cancels what is left
    return 0


if __name__ == "__main__":
    sys.exit(server.run(main(sys.argv[1])))
