"""Pieces of AsyncAPI that channels and operations of every transport are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Piece = dict[str, Any]

_HTTP_BINDING = "0.3.0"
_WS_BINDING = "0.1.0"


def channel(
    address: str, servers: Iterable[str], messages: Iterable[str], description: str, **more: Any
) -> Piece:
    """A channel on these servers; `more` are members such as ``bindings``."""
    return {
        "address": address,
        "description": description,
        "servers": [{"$ref": f"#/servers/{name}"} for name in servers],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        **more,
    }


def operation(action: str, of: str, messages: Iterable[str], summary: str, **more: Any) -> Piece:
    """``send`` or ``receive`` of these messages on the channel `of`."""
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": f"#/channels/{of}"},
        "messages": references(of, messages),
        **more,
    }


def secured(schemes: Iterable[str]) -> list[Piece]:
    """A server's security: any of these schemes."""
    return [{"$ref": f"#/components/securitySchemes/{name}"} for name in schemes]


def reply(of: str, messages: Iterable[str]) -> Piece:
    """Answers on the same channel."""
    return {"channel": {"$ref": f"#/channels/{of}"}, "messages": references(of, messages)}


def references(of: str, messages: Iterable[str]) -> list[Piece]:
    """Messages of a channel, as operations name them."""
    return [{"$ref": f"#/channels/{of}/messages/{name}"} for name in messages]


def by_websocket(parameters: Piece) -> Piece:
    """The binding of a WebSocket's channel."""
    return {"ws": {"method": "GET", "query": parameters, "bindingVersion": _WS_BINDING}}


def by_http(method: str, parameters: Piece) -> Piece:
    """The binding of an operation over HTTP."""
    return {"http": {"method": method, "query": parameters, "bindingVersion": _HTTP_BINDING}}
