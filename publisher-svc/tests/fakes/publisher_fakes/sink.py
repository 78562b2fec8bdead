"""`Sink` with a socket's buffer: it pauses inside `write`, drains when told, dies when told."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from chassis.outlet import Outlet
from contracts.close import CloseCode
from contracts.frames import Control, Event, frames_in, parse_frame
from publisher.app.hub import Hub
from publisher.app.subscription import Subscription
from publisher.domain.encoding import Buffer


def payloads_of(wire: bytes) -> list[bytes]:
    """The payloads of whole, unmasked, unfragmented text frames (RFC 6455, 5.2), also compressed.

    Each is inflated for itself (RFC 7692, 7.2.2), so it must depend on nothing before it.
    """
    payloads, at = [], 0
    while at < len(wire):
        compressed = wire[at] == 0xC1
        assert compressed or wire[at] == 0x81, "final text frame"
        length, start = wire[at + 1], at + 2
        assert length < 128, "servers do not mask"
        if length == 126:
            length, start = int.from_bytes(wire[at + 2 : at + 4], "big"), at + 4
            assert length >= 126, "shortest form"
        elif length == 127:
            length, start = int.from_bytes(wire[at + 2 : at + 10], "big"), at + 10
            assert length >= 65536, "shortest form"
        assert start + length <= len(wire), "frame is cut"
        payload = wire[start : start + length]
        if compressed:
            payload = zlib.decompressobj(-15).decompress(payload + b"\x00\x00\xff\xff")
        payloads.append(payload)
        at = start + length
    return payloads


def frames_of(wire: bytes) -> list[Event | Control]:
    """What a client makes of them; a frame of several events is these, one after the other."""
    return [parse_frame(frame) for each in payloads_of(wire) for frame in frames_in(each)]


class FakeSink:
    """Bytes above `high` pause it, at once and inside the write; `drain` resumes it at `low`."""

    def __init__(self, *, high: int = 1 << 20, low: int | None = None) -> None:
        self.high = high
        self.low = high // 4 if low is None else low
        self.paused = False
        self.buffered_bytes = 0
        self.writes: list[bytes] = []
        self.closed: tuple[CloseCode, str] | None = None
        self.aborted = False
        self.dead = False
        self.raises = False
        self.dies_in_write = False
        self.on_pause: Callable[[], None] = lambda: None
        self.on_resume: Callable[[], None] = lambda: None
        self.on_lost: Callable[[], None] = lambda: None

    def attach(self, hub: Hub, subscription: Subscription) -> None:
        """Let the socket tell the hub, as the transports do."""
        self.on_pause = lambda: hub.pause(subscription)
        self.on_resume = lambda: hub.resume(subscription)
        self.on_lost = lambda: hub.unsubscribe(subscription)
        if self.dead:
            hub.unsubscribe(subscription)
        elif self.paused:
            hub.pause(subscription)

    def outlet(self) -> Outlet:
        """See `publisher.app.ports.Sink`."""
        return Outlet(self._write, lambda: self.buffered_bytes)

    def write_all(self, buffers: list[Buffer]) -> None:
        """See `publisher.app.ports.Sink`."""
        self._write(b"".join(buffers))

    def finish(self, code: CloseCode, reason: str) -> None:
        """See `publisher.app.ports.Sink`."""
        assert self.closed is None, "finished twice"
        self.closed = (code, reason)

    def abort(self) -> None:
        """See `publisher.app.ports.Sink`."""
        self.aborted = True
        self.die()

    def _write(self, data: Buffer) -> None:
        assert self.closed is None, "written after the end"
        if self.raises or self.dead:
            raise ConnectionError("the transport is gone")
        assert data, "an empty write is a wasted system call"
        self.writes.append(bytes(data))
        self.buffered_bytes += len(data)
        if self.dies_in_write:
            self.die()
        elif self.buffered_bytes > self.high and not self.paused:
            self.paused = True
            self.on_pause()

    def drain(self, count: int | None = None) -> None:
        """The peer reads `count` bytes, or all."""
        if self.dead:
            return
        self.buffered_bytes -= min(
            self.buffered_bytes, self.buffered_bytes if count is None else count
        )
        if self.paused and self.buffered_bytes <= self.low:
            self.paused = False
            self.on_resume()

    def die(self) -> None:
        """The connection is lost."""
        if not self.dead:
            self.dead = True
            self.on_lost()

    def frames(self) -> list[Event | Control]:
        """All that was written; a frame of several events as these."""
        return frames_of(b"".join(self.writes))

    def new_frames(self) -> list[Event | Control]:
        """What was written since the last look."""
        written, self.writes = self.writes, []
        return frames_of(b"".join(written))

    def events(self) -> list[tuple[int, int]]:
        """Partition and offset of every event written."""
        return [(f.partition, f.offset) for f in self.frames() if isinstance(f, Event)]

    def controls(self, type_: str) -> list[Control]:
        """The control frames of a type."""
        return [f for f in self.frames() if isinstance(f, Control) and f.type == type_]
