"""A subscriber's state without its socket: where it stands, what is new, what to do after a close.

Invariant: whatever is cut and wherever, `receive` returns each event at most once, in offset order
per partition, and `request()` asks for exactly what has not been returned yet. The protocol's rule:
the cursor is the last one that a frame carried, then position[partition] = offset + 1 per event.

Sans-IO: every input method returns what the caller does next. No socket, clock or sleep here, and
the random source is given. The shell is `broadcaster.subscribe`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from broadcaster.backoff import Backoff, planned_delay_s
from broadcaster.errors import ProtocolError
from broadcaster.refusal import Refusal, read_refusal, refusal_of_close
from broadcaster.request import Request
from broadcaster.steps import Finished, Refused, Resume
from contracts.close import CloseCode, Reconnect, reconnect_after
from contracts.cursor import MAX_PARTITIONS, Cursor, parse_cursor
from contracts.errors import ContractsError
from contracts.frames import Control, Event, frames_in, parse_frame

DEFAULT_HEARTBEAT_S = 15.0
"""The protocol's value, until ``hello`` names the instance's own."""


@dataclass(frozen=True, slots=True)
class Received(Event):
    """An event and its frame: `raw` is what the publisher sent, byte for byte.

    Of a frame with several events it is the one that this event would have had alone.
    """

    raw: bytes


@dataclass(slots=True)
class Subscription:
    """One subscription over all its connections."""

    asked: Request
    random: Random
    backoff: Backoff = field(default_factory=Backoff)
    _cursor: Cursor | None = None
    _end: Cursor | None = None
    _heartbeat_s: float = DEFAULT_HEARTBEAT_S
    _failures: int = 0
    _greeted: bool = False
    _moved: bool = False
    _retry_after_ms: float | None = None
    _ended: bool = False
    _refusal: Refusal | None = None

    @property
    def cursor(self) -> str | None:
        """Where to go on from; None before the first ``hello``."""
        return None if self._cursor is None else str(self._cursor)

    @property
    def heartbeat_s(self) -> float:
        """How often this publisher says that it is there."""
        return self._heartbeat_s

    @property
    def greeted(self) -> bool:
        """Whether this connection's ``hello`` came."""
        return self._greeted

    def request(self) -> Request:
        """What the next connection asks for: at first as asked, then from the cursor.

        `until` keeps the end that the first ``hello`` resolved: ``until=now`` must not run away.
        """
        if self._cursor is None:
            return self.asked
        until = self.asked.until if self._end is None else str(self._end)
        return replace(self.asked, since=str(self._cursor), until=until)

    def opened(self) -> None:
        """A new connection stands; the next frame must be its ``hello``."""
        self._greeted = self._moved = False
        self._retry_after_ms = self._refusal = None

    def frames_in(self, message: bytes) -> list[bytes]:
        """The frames that a message brings, to be received one after the other.

        A cursor is told of each event for itself, whether or not it came alone.

        Raises:
            ProtocolError: the message breaks the protocol.
        """
        try:
            return frames_in(message)
        except ContractsError as error:
            raise _unusable(error) from error

    def receive(self, raw: bytes) -> Received | Control | None:
        """Take one frame; the event or control frame in it, or None for what was had before.

        Raises:
            ProtocolError: the frame breaks the protocol, so the cursor could not be trusted.
        """
        try:
            frame = parse_frame(raw)
            if isinstance(frame, Event):
                return self._event(frame, raw)
            self._control(frame)
        except ContractsError as error:
            raise _unusable(error) from error
        return frame

    def closed(self, code: int, reason: str = "") -> Resume | Finished | Refused:
        """The connection is gone: what to do, by the protocol's table of close codes."""
        if self._ended or self._complete():
            return Finished()
        verdict = reconnect_after(code)
        if self._refusal is not None and verdict is Reconnect.NOT_UNCHANGED:
            return Refused(self._refusal)
        if verdict is Reconnect.NOT_UNCHANGED:
            return Refused(refusal_of_close(code, reason))
        said = self._refusal.title if self._refusal else reason
        told = f"closed with {code}, {said}" if said else _describe(code)
        if verdict is Reconnect.PLANNED or self._moved:
            # after `moved` the close was planned, even if the last bytes of it got lost
            return Resume(planned_delay_s(self._retry_after_ms, self.random), told)
        return self.failed(told)

    def failed(self, reason: str) -> Resume:
        """No connection could be made, or one was lost to trouble: back off further each time."""
        delay_s = self.backoff.delay_s(self._failures, self.random)
        self._failures += 1
        return Resume(delay_s, reason)

    def _event(self, event: Event, raw: bytes) -> Received | None:
        cursor = self._cursor
        if cursor is None or not self._greeted:
            raise ProtocolError("the publisher sent an event before its hello")
        at = event.partition
        if not (_is_count(at) and at < MAX_PARTITIONS and _is_count(event.offset)):
            raise ProtocolError("an event frame's partition and offset are not counts")
        if at < len(cursor.positions) and event.offset < cursor.positions[at]:
            return None
        self._cursor = cursor.after(at, event.offset)
        self._failures = 0  # progress, not a greeting, is what ends a row of failures
        return Received(event.partition, event.offset, event.event, raw)

    def _control(self, frame: Control) -> None:
        match frame.type:
            case "hello":
                self._hello(frame)
                return
            case "heartbeat":
                self._failures = 0
            case "moved":
                self._moved = True
                wait = frame.members.get("retry_after_ms")
                self._retry_after_ms = wait if isinstance(wait, int | float) else None
            case "end":
                self._ended = True
            case "error":
                self._refusal = read_refusal(frame.members.get("problem"))
            case _:
                pass  # clients ignore frames that they do not know, but their cursors count
        if frame.cursor is not None and self._cursor is not None:
            self._cursor = _furthest(self._cursor, parse_cursor(frame.cursor))

    def _hello(self, frame: Control) -> None:
        if frame.cursor is None:
            raise ProtocolError("the publisher's hello carries no cursor")
        start = parse_cursor(frame.cursor)
        mine = self._cursor
        if mine is None or self.asked.on_ahead == "tip":
            # on_ahead=tip may start below the cursor: the offsets there are new events by then
            self._cursor = start
        else:
            self._check_resumed(mine, start)
            self._cursor = _furthest(mine, start)
        until = frame.members.get("until")
        if self._end is None and isinstance(until, str):
            self._end = parse_cursor(until)
        heartbeat_s = frame.members.get("heartbeat_s")
        if isinstance(heartbeat_s, int | float) and heartbeat_s > 0:
            self._heartbeat_s = float(heartbeat_s)
        self._greeted = True

    def _check_resumed(self, mine: Cursor, start: Cursor) -> None:
        if mine.generation and start.generation and mine.generation != start.generation:
            raise ProtocolError(
                f"the publisher resumed on another topic: {start.generation}, not {mine.generation}"
            )
        ahead = any(s > m for s, m in zip(start.positions, mine.positions, strict=False))
        if ahead and self.asked.on_expired != "earliest":
            raise ProtocolError(f"the publisher resumed at {start}, past this cursor: {mine}")

    def _complete(self) -> bool:
        """Whether all up to the resolved end was had: then a lost ``end`` frame changes nothing."""
        if self._end is None or self._cursor is None:
            return False
        have = self._cursor.positions
        return len(have) >= len(self._end.positions) and all(
            at >= end for at, end in zip(have, self._end.positions, strict=False)
        )


def _furthest(mine: Cursor, told: Cursor) -> Cursor:
    """Each says "all below was had or filtered", so the further one of each partition holds."""
    length = max(len(mine.positions), len(told.positions))
    positions = [0] * length
    for known in (mine.positions, told.positions):
        for partition, at in enumerate(known):
            positions[partition] = max(positions[partition], at)
    return Cursor(tuple(positions), told.generation or mine.generation)


def _unusable(error: ContractsError) -> ProtocolError:
    return ProtocolError(f"the publisher sent a frame that cannot be used: {error}")


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _describe(code: int) -> str:
    if code == CloseCode.ABNORMAL:
        return "the connection was lost"
    if code == CloseCode.NORMAL:
        return "closed before its end"
    return f"closed with {code}"
