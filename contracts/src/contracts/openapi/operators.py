"""The endpoints that both services have: probes, facts, metrics, documents, and the WebSocket's."""

from __future__ import annotations

from contracts import http_schemas as schemas
from contracts.openapi.answers import Piece, answer, operation, problems
from contracts.problem import ProblemType
from contracts.services import LISTENER

_METRICS = "text/plain"


def paths(service: str) -> dict[str, Piece]:
    """Address → what is offered there."""
    status = schemas.LISTENER_STATUS if service == LISTENER else schemas.PUBLISHER_STATUS
    return {
        "/websocket": {
            "get": operation(
                "events",
                "openWebSocket",
                "The WebSocket, which AsyncAPI describes; a plain request is told to upgrade.",
                {
                    "101": {"description": "The handshake of RFC 6455 succeeded."},
                    **_without_upgrade(service),
                },
            )
        },
        "/healthz": _get("healthz", "The process answers.", schemas.HEALTHY),
        "/readyz": {
            "get": operation(
                "operators",
                "readyz",
                "Whether the service can do its job now.",
                {
                    "200": answer("It can.", schemas.READY),
                    "503": answer("It cannot; every reason is told.", schemas.NOT_READY),
                },
            )
        },
        "/status": _get("status", "Facts for people.", status),
        "/metrics": _get("metrics", "Metrics for Prometheus.", {"type": "string"}, _METRICS),
        "/asyncapi.json": _get(
            "asyncapi", "The AsyncAPI 3.0 document of this service.", {"type": "object"}
        ),
        "/openapi.json": _get("openapi", "This document.", {"type": "object"}),
    }


def _get(name: str, summary: str, schema: Piece, media_type: str = "application/json") -> Piece:
    answers = {"200": answer(summary, schema, media_type)}
    return {"get": operation("operators", name, summary, answers)}


def _without_upgrade(service: str) -> dict[str, Piece]:
    upgrade = {
        "Upgrade": {"required": True, "schema": {"const": "websocket"}},
    }
    refused = [ProblemType.UPGRADE_REQUIRED, ProblemType.UNAVAILABLE]
    if service == LISTENER:
        refused += [ProblemType.UNAUTHENTICATED, ProblemType.FORBIDDEN]
        refused += [ProblemType.TOO_MANY_CONNECTIONS]
    else:
        refused += [ProblemType.TOO_MANY_SUBSCRIBERS]
    told = problems(*refused)
    told["426"]["headers"] = upgrade
    return told
