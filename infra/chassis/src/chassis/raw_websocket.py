"""A WebSocket's raw side: frames written straight to the transport, and messages handed over as
they arrive, offered to the application as ``scope["extensions"]["broadcaster.raw"]``.

`chassis.raw_websocket_protocol` makes it, and tells it what happens to the connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from chassis.raw_connection import RawConnection
from chassis.websocket_deflate import take_deflate

if TYPE_CHECKING:
    from chassis.raw_websocket_protocol import RawWebSocketProtocol

EXTENSION = "broadcaster.raw"

Take: TypeAlias = Callable[[list[str | bytes]], None]


class RawWebSocket(RawConnection):
    """One WebSocket's raw side; it begins with the accepted handshake."""

    __slots__ = ("on_messages",)
    refusal = "raw writes are for accepted, open WebSockets only"
    _protocol: RawWebSocketProtocol

    def __init__(self, protocol: RawWebSocketProtocol) -> None:
        super().__init__(protocol)
        self.on_messages: Take | None = None
        """Gets messages in place of ``receive``, from now on: texts, or binary ones as bytes. What
        arrived before is received first, and nothing is read until it is. Must not raise."""

    def take_deflate(self) -> bool:
        """Before the handshake is accepted: whether `deflated_text_frame` may be written after it.

        It may if the client offers the extension.
        """
        protocol = self._protocol
        return take_deflate(protocol.conn, protocol.request, protocol.response)

    def gone(self) -> None:
        """Told by the protocol when there is no transport any more."""
        super().gone()
        self.on_messages = None

    def accepted(self) -> None:
        """Told by the protocol after the handshake."""
        self._begun = True

    def pause_reading(self) -> None:
        """Leave the socket unread; what has been read already may still be handed over."""
        if self.is_open and not self._protocol.read_paused:
            self._protocol.read_paused = True
            self._protocol.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if not self._gone and self._protocol.read_paused:
            self._protocol.read_paused = False
            if not self._protocol.resting:
                self._protocol.transport.resume_reading()
