"""``broadcaster tail``: events to stdout, everything else to stderr.

Invariant: the cursor that is saved or printed never covers an event that was not written.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from broadcaster.cli.progress import ReplayBar
from broadcaster.cli.running import error_console
from broadcaster.cli.text import event_line, printable
from broadcaster.connection import BasicAuth, BearerAuth
from broadcaster.cursor_file import CursorFile
from broadcaster.subscribe import Interrupted, Stream, subscribe
from broadcaster.subscription import Received
from contracts.frames import Control

_WORTH_TELLING_S = 0.2


@dataclass(frozen=True, slots=True)
class TailOptions:
    """The options of the subcommand."""

    urls: tuple[str, ...]
    since: str | None = None
    until: str | None = None
    types: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    as_json: bool = False
    on_expired: str | None = None
    on_ahead: str | None = None
    batch: bool = False
    auth: BasicAuth | BearerAuth | None = None
    cursor_file: Path | None = None
    count: int | None = None


async def run_tail(options: TailOptions) -> int:
    """Follow until the end, `count`, Ctrl-C or a refusal; 0 when there is no more to come."""
    keeper = CursorFile(options.cursor_file) if options.cursor_file else None
    since = (keeper.load() if keeper else None) or options.since
    stream = subscribe(
        *options.urls,
        since=since,
        until=options.until,
        types=options.types,
        keys=options.keys,
        on_expired=options.on_expired,
        on_ahead=options.on_ahead,
        batch=options.batch,
        auth=options.auth,
    )
    tail = _Tail(stream, options, keeper)
    try:
        async with stream:
            await tail.follow()
    except asyncio.CancelledError:
        tail.bar.stop()
        tail.tell_cursor()
        raise
    finally:
        tail.bar.stop()
        if keeper and tail.written is not None:
            keeper.save(tail.written)
    return 0


class _Tail:
    """The loop's state. `written` is the cursor after the last item dealt with."""

    def __init__(self, stream: Stream, options: TailOptions, keeper: CursorFile | None) -> None:
        self.written: str | None = None
        self.bar = ReplayBar(error_console())
        self._stream = stream
        self._options = options
        self._keeper = keeper
        self._err = error_console()
        self._write = _writer(options.as_json, self.bar)

    async def follow(self) -> None:
        left = self._options.count
        clock = asyncio.get_running_loop().time
        async for item in self._stream:
            if isinstance(item, Received):
                self._write(item)
                self.bar.advance(item.partition, item.offset)
                if left is not None:
                    left -= 1
            elif isinstance(item, Control):
                self._tell(item)
            else:
                self._tell_interruption(item)
            if self._keeper:
                self.written = self._stream.cursor
                if self.written:
                    self._keeper.note(self.written, clock())
            if left == 0:
                return

    def tell_cursor(self) -> None:
        """After Ctrl-C: how to go on from here."""
        cursor = self._stream.cursor
        if cursor is not None:
            self._err.print(f"Stopped at {cursor}; go on from here with --since {cursor}")

    def _tell(self, frame: Control) -> None:
        members = frame.members
        match frame.type:
            case "hello":
                if members.get("truncated"):
                    self._warn("The log does not reach back that far: starting at what it holds.")
                if members.get("expired"):
                    self._warn("Some of what was asked for has expired: starting at what is left.")
                self.bar.begin(members)
            case "live":
                self.bar.stop()
                if self._err.is_terminal:
                    replayed = members.get("replayed")
                    self._err.print(f"live after {replayed} replayed events", style="dim")
            case "end" | "moved" | "error":
                self.bar.stop()
            case _:
                self.bar.reach(frame.cursor)

    def _tell_interruption(self, item: Interrupted) -> None:
        self.bar.stop()
        # a planned hand-over within the blink of an eye is not news
        if self._err.is_terminal or item.delay_s >= _WORTH_TELLING_S:
            where = f" from {item.cursor}" if item.cursor else ""
            self._warn(f"Interrupted ({item.reason}); resuming{where} in {item.delay_s:.1f} s.")

    def _warn(self, text: str) -> None:
        self._err.print(printable(text), style="yellow")


def _writer(as_json: bool, bar: ReplayBar) -> Callable[[Received], None]:
    """How events are written. Each is flushed at once: the next one may be an hour away."""
    if as_json:
        raw = sys.stdout.buffer

        def write_json(item: Received) -> None:
            raw.write(item.raw + b"\n")
            raw.flush()

        return write_json

    console = Console(highlight=False, soft_wrap=True, markup=False)
    if console.is_terminal:
        # while the bar is drawn on the same terminal, lines must go through it
        return lambda item: (bar.console if bar.drawn else console).print(event_line(item))

    def write_plain(item: Received) -> None:
        sys.stdout.write(event_line(item).plain + "\n")
        sys.stdout.flush()

    return write_plain
