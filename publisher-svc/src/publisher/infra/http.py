"""The ASGI application: the WebSocket endpoint, the probes, and answers for every other address."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import WebSocketRoute

from chassis.probes import NotReady, probe_routes
from contracts.problem import MEDIA_TYPE, Problem, ProblemType
from publisher.app.status import Status
from publisher.infra.websocket import WebSocketTransport

_BY_STATUS = {404: ProblemType.NOT_FOUND, 405: ProblemType.METHOD_NOT_ALLOWED}
_HINT = "this service has /websocket, /status, /healthz, /readyz and /metrics"


def application(
    websocket: WebSocketTransport, status: Status, registry: CollectorRegistry
) -> Starlette:
    """The application."""
    probes = probe_routes(
        ready=lambda: [NotReady(name, detail) for name, detail in status.reasons()],
        status=status.document,
        registry=registry,
    )
    routes = [WebSocketRoute("/websocket", websocket.endpoint), *probes]
    handlers: dict[Any, Any] = {HTTPException: _on_http_exception}
    return Starlette(routes=routes, exception_handlers=handlers)


async def _on_http_exception(_: Request, error: HTTPException) -> Response:
    problem = Problem(_BY_STATUS.get(error.status_code, ProblemType.INVALID_REQUEST), _HINT)
    headers = {"content-type": MEDIA_TYPE, **(error.headers or {})}
    return Response(problem.encode(), error.status_code, headers)
