"""The publisher: the broadcast goes out over WebSocket and HTTP."""

from __future__ import annotations

from typing import Any

from contracts.asyncapi import messages as made
from contracts.asyncapi.messages import Messages
from contracts.asyncapi.pieces import Piece, by_http, by_websocket, channel, operation, secured
from contracts.close import CloseCode, reconnect_after
from contracts.services import PORTS, PUBLISHER, SERVICES, security
from contracts.wire_schemas import BATCH_PARAMETERS, PUBLISHER_PARAMETERS

_OVER_HTTP = f"{PUBLISHER}Http"
_SECURITY = security(PUBLISHER, "httpApiKey")
_SOCKET_PARAMETERS: Piece = {
    **PUBLISHER_PARAMETERS,
    "properties": PUBLISHER_PARAMETERS["properties"] | BATCH_PARAMETERS,
}


def add(whole: dict[str, Any], messages: Messages) -> None:
    """Add servers, channels and operations to the document."""
    frames = messages.framed() | made.controls()
    by_socket = frames | made.batches()
    whole["components"]["messages"].update(by_socket)
    whole["components"]["securitySchemes"] |= _SECURITY
    whole["servers"] |= {PUBLISHER: _server("ws"), _OVER_HTTP: _server("http")}
    whole["channels"]["broadcast"] = channel(
        "/websocket",
        [PUBLISHER],
        by_socket,
        "Frames, one JSON object in each text frame; with batch=true events come several to a "
        "frame. With the subprotocol cloudevents.json: bare events and no other frames.",
        bindings=by_websocket(_SOCKET_PARAMETERS),
        **{"x-close-codes": _close_codes()},
    )
    whole["channels"]["broadcastOverHttp"] = channel(
        "/events",
        [_OVER_HTTP],
        frames,
        "The same frames as lines (application/x-ndjson) or as server-sent events "
        "(text/event-stream; ids are cursors). Pages and refusals are in the OpenAPI document.",
    )
    whole["operations"]["broadcast"] = operation(
        "send",
        "broadcast",
        by_socket,
        "hello first; then events in offset order within each partition.",
    )
    whole["operations"]["broadcastOverHttp"] = operation(
        "send",
        "broadcastOverHttp",
        frames,
        "The same, as the body of the answer to GET.",
        bindings=by_http("GET", PUBLISHER_PARAMETERS),
    )


def _close_codes() -> Piece:
    return {
        str(int(code)): {"name": code.name.lower(), "reconnect": reconnect_after(code).value}
        for code in CloseCode
    }


def _server(protocol: str) -> Piece:
    return {
        "host": f"localhost:{PORTS[PUBLISHER]}",
        "protocol": protocol,
        "description": f"{SERVICES[PUBLISHER]} Credentials are asked for where its operator has "
        "set PUBLISHER_AUTH.",
        "security": secured(_SECURITY),
    }
