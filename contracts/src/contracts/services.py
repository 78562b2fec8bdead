"""The two services by name, as documents speak of them."""

from __future__ import annotations

from typing import Any, Final

LISTENER: Final = "listener"
PUBLISHER: Final = "publisher"

SERVICES: Final = {
    LISTENER: "Takes events: judges them by their contracts, stores them in Kafka, and answers "
    "each once it is stored.",
    PUBLISHER: "Broadcasts the events of a Kafka topic, live and from wherever a subscriber asks.",
}
"""What each does."""
PORTS: Final = {LISTENER: 8080, PUBLISHER: 8081}
"""Where each listens unless it is set otherwise."""


def security(service: str, key_in_query: str) -> dict[str, dict[str, Any]]:
    """The schemes that a service may be set to ask for, by name; any one of them will do.

    `key_in_query` is what the document's kind calls a key that is a parameter.
    """
    schemes: dict[str, dict[str, Any]] = {"basic": {"type": "http", "scheme": "basic"}}
    if service == PUBLISHER:
        schemes["bearer"] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        schemes["accessToken"] = {
            "type": key_in_query,
            "name": "access_token",
            "in": "query",
            "description": "The same token, for pages, which cannot send a header; over WebSocket "
            "also the subprotocol bearer.<token>.",
        }
    return schemes
