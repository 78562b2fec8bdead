"""The operators' endpoints, the same on both services: /healthz, /readyz, /status, /metrics.

``/healthz``: the process answers. ``/readyz``: it can do its job now; 503 lists every reason with
what to do. ``/status``: facts for people. ``/metrics``: Prometheus. What the facts are is the
service's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass(frozen=True, slots=True)
class NotReady:
    """One reason for not being ready: a short name that stays, and a sentence with what to do."""

    reason: str
    detail: str


def probe_routes(
    *,
    ready: Callable[[], Sequence[NotReady]],
    status: Callable[[], dict[str, Any]],
    registry: CollectorRegistry,
) -> list[Route]:
    """The four routes."""

    async def healthz(_: Request) -> Response:
        return _json({"status": "ok"})

    async def readyz(_: Request) -> Response:
        reasons = ready()
        if not reasons:
            return _json({"status": "ready"})
        return _json({"status": "not-ready", "reasons": [asdict(r) for r in reasons]}, 503)

    async def status_page(_: Request) -> Response:
        return _json(status())

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/status", status_page),
        Route("/metrics", metrics),
    ]


def _json(document: dict[str, Any], status_code: int = 200) -> Response:
    body = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    return Response(body, status_code, headers=headers)
