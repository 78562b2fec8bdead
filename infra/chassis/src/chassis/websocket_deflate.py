"""permessage-deflate (RFC 7692) whose messages depend on nothing before them.

So a compressed message can be made once and written to every connection that has it: neither side
keeps a window between messages (``server_no_context_takeover``, ``client_no_context_takeover``),
and an offer by a client that could not read our window is not taken. The library negotiates, and
inflates what clients send, up to the limit for messages; nothing is held per connection.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from websockets.exceptions import InvalidHandshake, NegotiationError
from websockets.extensions.base import Extension
from websockets.extensions.permessage_deflate import (
    PerMessageDeflate,
    ServerPerMessageDeflateFactory,
)
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import ExtensionParameter

from chassis.websocket_frames import text_frame

WINDOW_BITS = 15
LEVEL = 1
LEAST_BYTES = 256
"""Shorter messages are not worth the reader's time."""

_COMPRESSED_TEXT = 0xC1  # FIN, RSV1 and opcode 1
_TAIL = b"\x00\x00\xff\xff"
"""What ends every flush is left out (section 7.2.1)."""


class _WholeWindow(ServerPerMessageDeflateFactory):
    """Takes no offer that asks for a smaller window than messages are compressed with."""

    def process_request_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> tuple[list[ExtensionParameter], PerMessageDeflate]:
        answer, extension = super().process_request_params(params, accepted_extensions)
        if extension.local_max_window_bits < WINDOW_BITS:
            raise NegotiationError("the window of shared messages is larger")
        return answer, extension


_FACTORY = _WholeWindow(server_no_context_takeover=True, client_no_context_takeover=True)


def take_deflate(connection: ServerProtocol, request: Request, response: Response) -> bool:
    """Take the extension if `request` offers it; `response` is then the one to be sent."""
    connection.available_extensions = [_FACTORY]
    try:
        header, extensions = connection.process_extensions(request.headers)
    except InvalidHandshake:
        return False  # an offer that cannot be read is none
    if header is None:
        return False
    connection.extensions = extensions
    response.headers["Sec-WebSocket-Extensions"] = header
    return True


def deflated_text_frame(payload: bytes) -> bytes:
    """One text frame for connections with the extension; compressed if that makes it shorter."""
    if len(payload) < LEAST_BYTES:
        return text_frame(payload)
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -WINDOW_BITS)
    data = compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)
    if len(data) >= len(payload):
        return text_frame(payload)
    frame = text_frame(data[: -len(_TAIL)])
    return bytes((_COMPRESSED_TEXT,)) + frame[1:]
