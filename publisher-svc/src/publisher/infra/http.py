"""The ASGI application: the transports, the probes, and answers for every other address."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from chassis.documents import document_routes
from chassis.logs import get_logger
from chassis.probes import NotReady, probe_routes
from chassis.websocket_routes import WebSocketAndRoutes
from contracts.problem import MEDIA_TYPE, Problem, ProblemType
from publisher.app.status import Status
from publisher.infra.http_documents import Documents
from publisher.infra.http_events import HttpTransport
from publisher.infra.websocket import WebSocketTransport

_log = get_logger("publisher.http")
_BY_STATUS = {404: ProblemType.NOT_FOUND, 405: ProblemType.METHOD_NOT_ALLOWED}
_HINT = (
    "this service has /websocket, /events, /plan, /status, /healthz, /readyz, /metrics, "
    "/asyncapi.json and /openapi.json"
)
_CONNECT = (
    "this address is for WebSockets: connect to ws://…/websocket with a WebSocket client, "
    "for example websocat; the same over HTTP is at /events"
)


def application(
    websocket: WebSocketTransport,
    http: HttpTransport,
    status: Status,
    registry: CollectorRegistry,
    documents: Documents,
) -> ASGIApp:
    """The application."""
    probes = probe_routes(
        ready=lambda: [NotReady(name, detail) for name, detail in status.reasons()],
        status=status.document,
        registry=registry,
    )
    handlers: dict[Any, Any] = {HTTPException: _on_http_exception, Exception: _failed}
    return WebSocketAndRoutes(
        "/websocket",
        websocket,
        [*http.routes(), *document_routes(documents), *probes],
        elsewhere=_answer(Problem(ProblemType.NOT_FOUND, _HINT)),
        plain=_answer(Problem(ProblemType.UPGRADE_REQUIRED, _CONNECT)),
        exception_handlers=handlers,
    )


async def _on_http_exception(_: Request, error: HTTPException) -> Response:
    response = _answer(
        Problem(_BY_STATUS.get(error.status_code, ProblemType.INVALID_REQUEST), _HINT)
    )
    response.status_code = error.status_code
    response.headers.update(error.headers or {})
    return response


async def _failed(request: Request, error: Exception) -> Response:
    _log.error("a request failed", path=request.url.path, exc_info=error)
    return _answer(Problem(ProblemType.INTERNAL, "the publisher failed; its log says why"))


def _answer(problem: Problem) -> Response:
    return Response(problem.encode(), problem.status, media_type=MEDIA_TYPE)
