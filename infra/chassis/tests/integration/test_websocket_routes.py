"""Handshakes where there is no WebSocket, and requests without one where there is."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from chassis_fakes.peer import Peer
from chassis_fakes.served import Served
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.frames import Opcode

from chassis.websocket_routes import WebSocketAndRoutes

Serve = Callable[..., Served]


async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
    websocket = WebSocket(scope, receive, send)
    await websocket.accept()
    await websocket.send_text("here")
    await websocket.close(1000)


async def other(_: object) -> Response:
    return Response("other")


def application() -> WebSocketAndRoutes:
    elsewhere = Response(b'{"type":"not-found"}', 404, media_type="application/problem+json")
    plain = Response(b'{"type":"upgrade-required"}', 426, media_type="application/problem+json")
    routes = [Route("/other", other)]
    return WebSocketAndRoutes("/websocket", endpoint, routes, elsewhere=elsewhere, plain=plain)


@pytest.fixture
def served(serve: Serve) -> Served:
    app = application()

    async def serving(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return serve(serving)


async def test_the_endpoint_is_served(served: Served) -> None:
    peer = await served.peer("/websocket?x=1")
    await peer.read_frames(Opcode.CLOSE, 1)
    assert (peer.status, peer.texts, peer.close_code) == (101, [b"here"], 1000)


@pytest.mark.parametrize("path", ["/", "/nothing", "/websocket/", "/websocket/x", "/other", "//"])
async def test_a_handshake_elsewhere_is_answered(
    served: Served, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    for _ in range(2):
        peer: Peer = await served.peer(path)
        await peer.read_to_end()
        assert peer.status == 404
        assert b"content-type: application/problem+json" in peer.head.lower()
        assert bytes(peer.received) == b'{"type":"not-found"}'
    assert [r for r in caplog.records if r.levelname in {"WARNING", "ERROR"}] == []


async def test_a_request_without_upgrade_is_told_to_upgrade(served: Served) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}") as http:
        answer = await http.get("/websocket", headers={"origin": "https://x.example"})
        assert answer.status_code == 426
        assert answer.headers["upgrade"] == "websocket"
        assert answer.headers["connection"] == "Upgrade"
        assert answer.json() == {"type": "upgrade-required"}
        assert (await http.head("/websocket")).status_code == 426
        assert (await http.post("/websocket")).status_code == 405
        assert (await http.get("/other")).text == "other"
        assert (await http.get("/nothing")).status_code == 404


def test_a_server_that_cannot_answer_a_handshake_refuses_it() -> None:
    inner = application()

    async def without_extensions(scope: Scope, receive: Receive, send: Send) -> None:
        scope.pop("extensions", None)
        await inner(scope, receive, send)

    with (
        TestClient(without_extensions) as client,
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/nothing"),
    ):
        pass


def test_handshakes_go_straight_to_the_endpoint_and_nothing_else_does() -> None:
    """What the router does to all that passes it is not to be seen on the WebSocket."""
    scopes: list[Scope] = []

    async def seen(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await endpoint(scope, receive, send)

    async def routed(request: Request) -> Response:
        scopes.append(request.scope)
        return Response()

    answer = Response(status_code=426)
    app = WebSocketAndRoutes(
        "/websocket", seen, [Route("/other", routed)], elsewhere=answer, plain=answer
    )
    client = TestClient(app)
    with client.websocket_connect("/websocket") as session:
        assert session.receive_text() == "here"
    assert client.get("/other").status_code == 200
    assert client.get("/websocket").status_code == 426
    assert ["router" in scope for scope in scopes] == [False, True]
