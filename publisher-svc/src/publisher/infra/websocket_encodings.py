"""Which form a WebSocket's events get: one a frame, bare, or several a frame and compressed.

Frames are compressed only where they hold several events: one event alone is mostly its own
skeleton, costs as much time, and saves little (docs/adr/0024-several-events-in-a-frame.md). All who
asked for the same share the frames that were made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.websockets import WebSocket

from chassis.raw_websocket import EXTENSION, RawWebSocket
from chassis.websocket_deflate import deflated_text_frame
from publisher.domain.encoding import CLOUDEVENTS, WEBSOCKET, Encoding, websocket_batch
from publisher.infra.credentials import PROTOCOL_PREFIX

_BEARER = re.compile(re.escape(PROTOCOL_PREFIX) + r"[A-Za-z0-9._~-]+")
"""Nothing else is repeated in a header."""

SUBPROTOCOL = "cloudevents.json"
"""The CloudEvents WebSocket binding's (section 1.2 there): bare events, no control frames."""


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """Settings of frames that hold several events."""

    limit_bytes: int = 64 << 10
    """Of a frame's events, before compression."""
    deflate: bool = True
    """permessage-deflate is taken by who asks for such frames, if it is offered."""


class WebSocketEncodings:
    """See the module."""

    def __init__(self, terms: BatchTerms) -> None:
        self._deflate = terms.deflate
        self._plain = websocket_batch("websocket-batch", terms.limit_bytes)
        self._deflated = websocket_batch(
            "websocket-batch-deflate", terms.limit_bytes, deflated_text_frame
        )

    def choose(self, websocket: WebSocket, *, batch: bool) -> Encoding:
        """The form for a handshake that is accepted next; its answer is completed here."""
        if is_bare(websocket):
            return CLOUDEVENTS
        if not batch:
            return WEBSOCKET
        raw: RawWebSocket | None = (websocket.scope.get("extensions") or {}).get(EXTENSION)
        deflate = self._deflate and raw is not None and raw.take_deflate()
        return self._deflated if deflate else self._plain


def is_bare(websocket: WebSocket) -> bool:
    """Its messages are events and nothing else."""
    return SUBPROTOCOL in websocket.scope.get("subprotocols", [])


def selected_subprotocol(websocket: WebSocket) -> str | None:
    """The one that is selected: bare CloudEvents, for who offers to take them.

    Else what carries a token, though it selects nothing: browsers give up a WebSocket of whose
    offers none is taken.
    """
    if is_bare(websocket):
        return SUBPROTOCOL
    offered = websocket.scope.get("subprotocols", [])
    return next(filter(_BEARER.fullmatch, offered), None)
