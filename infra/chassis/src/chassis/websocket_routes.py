"""Where a WebSocket may be opened, and what is said to whoever knocks in another way.

A handshake at any other address gets an HTTP answer (Starlette alone would say a bare 403), and a
request without upgrade at the WebSocket's address is told to upgrade (RFC 9110 section 15.5.22).
What the answers say is the service's business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket


def websocket_routes(
    path: str, endpoint: Callable[..., Any], *, elsewhere: Response, plain: Response
) -> list[BaseRoute]:
    """The routes; handshakes at all addresses but `path` get `elsewhere`, so they go together.

    `plain` is the answer with status 426; it is given its headers here.
    """
    plain.headers["upgrade"] = "websocket"
    plain.headers["connection"] = "Upgrade"

    async def upgrade_required(_: Request) -> Response:
        return plain

    async def refuse(websocket: WebSocket) -> None:
        if "websocket.http.response" in (websocket.scope.get("extensions") or {}):
            await websocket.send_denial_response(elsewhere)
        else:
            await websocket.close()

    return [
        WebSocketRoute(path, endpoint),
        Route(path, upgrade_required, methods=["GET"]),
        WebSocketRoute("/{anything:path}", refuse),
    ]


class DirectWebSocket:
    """An application whose handshakes at `path` go straight to the endpoint, past its middleware.

    A connection keeps the frames of all that it came through for as long as it lasts.
    """

    def __init__(self, app: ASGIApp, path: str, endpoint: Callable[..., Any]) -> None:
        self._app = app
        self._path = path
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        if scope["type"] == "websocket" and scope["path"] == self._path:
            await self._endpoint(WebSocket(scope, receive, send))
        else:
            await self._app(scope, receive, send)
