"""The listener: events come in over WebSocket and HTTP, each is answered."""

from __future__ import annotations

from typing import Any

from contracts.asyncapi import messages as made
from contracts.asyncapi.messages import Messages
from contracts.asyncapi.pieces import (
    Piece,
    by_http,
    by_websocket,
    channel,
    operation,
    reply,
    secured,
)
from contracts.services import LISTENER, PORTS, SERVICES, security
from contracts.wire_schemas import LISTENER_PARAMETERS

_OVER_HTTP = f"{LISTENER}Http"
_SECURITY = security(LISTENER, "httpApiKey")


def add(whole: dict[str, Any], messages: Messages) -> None:
    """Add servers, channels and operations to the document."""
    sent, answers, end = messages.sent(), made.answers(), made.stream_end()
    whole["components"]["messages"].update(sent | answers | end)
    whole["components"]["securitySchemes"] |= _SECURITY
    whole["servers"] |= {LISTENER: _server("ws"), _OVER_HTTP: _server("http")}
    whole["channels"]["ingest"] = channel(
        "/websocket",
        [LISTENER],
        [*sent, *answers],
        "Events in text frames, answers in text frames.",
        bindings=by_websocket(LISTENER_PARAMETERS),
    )
    whole["channels"]["ingestOverHttp"] = channel(
        "/events",
        [_OVER_HTTP],
        [*sent, *answers, *end],
        "One event, a batch, or a stream of lines; statuses and bodies are in the OpenAPI "
        "document. A stream is answered by a line for each of its lines, and a last one.",
    )
    whole["operations"]["ingest"] = operation(
        "receive",
        "ingest",
        sent,
        "A text frame is one event or an array of events; each is answered.",
        reply=reply("ingest", answers),
    )
    whole["operations"]["ingestOverHttp"] = operation(
        "receive",
        "ingestOverHttp",
        sent,
        "POST one event or many; each is answered.",
        bindings=by_http("POST", LISTENER_PARAMETERS),
        reply=reply("ingestOverHttp", [*answers, *end]),
    )


def _server(protocol: str) -> Piece:
    return {
        "host": f"localhost:{PORTS[LISTENER]}",
        "protocol": protocol,
        "description": SERVICES[LISTENER],
        "security": secured(_SECURITY),
    }
