"""A service's application: its WebSocket, its routes, and what is said to whoever knocks otherwise.

Handshakes at the WebSocket's address go straight to it, past the router and its middleware: a
connection keeps the frames of all that it came through for as long as it lasts. A handshake at any
other address gets an HTTP answer (Starlette alone would say a bare 403), and a request without
upgrade at the WebSocket's address is told to upgrade (RFC 9110 section 15.5.22). What the answers
say is the service's business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket


class WebSocketAndRoutes:
    """See the module: `websocket` at `path`, `routes` everywhere else.

    Handshakes at all addresses but `path` get `elsewhere`. `plain` is the answer with status 426;
    it is given its headers here.
    """

    def __init__(
        self,
        path: str,
        websocket: ASGIApp,
        routes: Sequence[BaseRoute],
        *,
        elsewhere: Response,
        plain: Response,
        exception_handlers: Mapping[Any, Any] | None = None,
    ) -> None:
        self._path = path
        self._websocket = websocket
        plain.headers["upgrade"] = "websocket"
        plain.headers["connection"] = "Upgrade"

        async def upgrade_required(_: Request) -> Response:
            return plain

        async def refuse(websocket: WebSocket) -> None:
            if "websocket.http.response" in (websocket.scope.get("extensions") or {}):
                await websocket.send_denial_response(elsewhere)
            else:
                await websocket.close()

        answers: list[BaseRoute] = [
            Route(path, upgrade_required, methods=["GET"]),
            WebSocketRoute("/{anything:path}", refuse),
        ]
        self._routed = Starlette(routes=[*answers, *routes], exception_handlers=exception_handlers)
        # an address that is nearly right is not right
        self._routed.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        if scope["type"] == "websocket" and scope["path"] == self._path:
            await self._websocket(scope, receive, send)
        else:
            await self._routed(scope, receive, send)
