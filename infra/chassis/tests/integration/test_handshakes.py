"""Handshakes on a real server that are denied, forgotten, too large or given up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import pytest
from chassis_fakes.peer import Peer
from chassis_fakes.served import LOST, Application, Served, refuses, until
from chassis_fakes.writing import listening
from starlette.types import Receive, Scope, Send

from chassis.raw_websocket import EXTENSION

Serve = Callable[..., Served]


def denying(*bodies: bytes) -> Application:
    """An application that answers the handshake with HTTP."""

    async def app(_: Scope, __: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "websocket.http.response.start", "status": 401, "headers": headers})
        for number, body in enumerate(bodies):
            more = number + 1 < len(bodies)
            await send({"type": "websocket.http.response.body", "body": body, "more_body": more})

    return app


@pytest.mark.parametrize("bodies", [(b"no",), (b"n", b"o"), (b"",)])
async def test_a_denied_handshake_is_answered_and_no_error(
    serve: Serve, caplog: pytest.LogCaptureFixture, bodies: tuple[bytes, ...]
) -> None:
    served = serve(denying(*bodies))
    peer = await served.peer()
    await peer.read_to_end()
    await until(lambda: served.connections == 0, "the connection is gone")
    assert peer.status == 401
    assert bytes(peer.received) == b"".join(bodies)
    assert [r.getMessage() for r in caplog.records if r.levelname in {"WARNING", "ERROR"}] == []
    refuses(served.raw)


async def test_an_application_that_forgets_the_handshake_is_logged(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(_: Scope, __: Receive, ___: Send) -> None:
        return

    peer = await serve(app).peer()
    assert peer.status == 500
    async with asyncio.timeout(5):  # the answer goes out before the line is logged
        while "without completing handshake" not in caplog.text:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        pytest.param("/?since=" + "9" * 9000, (), 414, id="address"),
        pytest.param("/", ("Cookie: " + "c" * 9000,), 431, id="header"),
        pytest.param("/", tuple(f"X-{n}: x" for n in range(200)), 431, id="headers"),
    ],
)
async def test_a_handshake_that_is_too_large_is_answered(
    serve: Serve, path: str, headers: tuple[str, ...], status: int
) -> None:
    served = serve(listening)
    peer = await served.peer(path, *headers)
    await peer.read_to_end()
    assert peer.status == status
    await until(lambda: served.connections == 0, "the connection is gone")


async def test_a_peer_that_goes_before_the_application_accepts(serve: Serve) -> None:
    gone = asyncio.Event()

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        await gone.wait()
        with contextlib.suppress(OSError):
            await send({"type": "websocket.accept"})
        refuses(scope["extensions"][EXTENSION])

    served = serve(app)
    peer = Peer(served.port)
    connecting = asyncio.ensure_future(peer.connect())
    await until(lambda: hasattr(served, "raw"), "the application runs")
    connecting.cancel()
    await asyncio.wait([connecting])
    peer.reset()
    await until(lambda: served.log == [LOST], "the end is told")
    gone.set()
    await until(lambda: served.connections == 0, "the connection is gone")
