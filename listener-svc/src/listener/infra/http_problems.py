"""What HTTP clients are told where no endpoint answers: RFC 9457 problems, never internals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from chassis.logs import get_logger
from contracts.problem import MEDIA_TYPE, Problem, ProblemType

_log = get_logger("listener.http")

Handlers = Mapping[Any, Callable[[Request, Exception], Awaitable[Response]]]


def problem_handlers() -> Handlers:
    """Exception handlers for the application."""
    return {
        404: _not_found,
        405: _method_not_allowed,
        Exception: _failed,
    }


def nowhere() -> Response:
    """The answer at an address where there is nothing, also to a WebSocket's handshake."""
    detail = "send events to POST /events or the WebSocket /websocket; see also /contracts, /status"
    return _answer(Problem(ProblemType.NOT_FOUND, detail))


def upgrade_required() -> Response:
    """The answer to a plain request at the WebSocket's address."""
    detail = (
        "producers connect to ws://…/websocket with a WebSocket client, for example websocat, and "
        "credentials; without a WebSocket, send events to POST /events"
    )
    return _answer(Problem(ProblemType.UPGRADE_REQUIRED, detail))


async def _not_found(_: Request, __: Exception) -> Response:
    return nowhere()


async def _method_not_allowed(_: Request, error: Exception) -> Response:
    response = _answer(
        Problem(
            ProblemType.METHOD_NOT_ALLOWED,
            "the header Allow names the methods; with curl -T add -X POST, since it sends PUT",
        )
    )
    response.headers.update(getattr(error, "headers", None) or {})
    return response


async def _failed(request: Request, error: Exception) -> Response:
    _log.error("a request failed", path=request.url.path, exc_info=error)
    return _answer(Problem(ProblemType.INTERNAL, "the listener failed; its log says why"))


def _answer(problem: Problem) -> Response:
    return Response(problem.encode(), problem.status, media_type=MEDIA_TYPE)


NOT_HTTP = Problem(
    ProblemType.INVALID_REQUEST,
    "this is not valid HTTP/1.1 (the request line, a header, a chunk or the length of a body); the "
    "connection is closed",
)
