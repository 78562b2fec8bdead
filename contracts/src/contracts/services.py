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
_BASIC: Final = {"type": "http", "scheme": "basic"}
SECURITY: Final[dict[str, dict[str, Any]]] = {
    LISTENER: {"basic": _BASIC},
    PUBLISHER: {"basic": _BASIC},
}
"""The schemes that each may be set to ask for; any one of them will do."""
