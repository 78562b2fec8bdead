"""``broadcaster publish``: lines in, one answer each, a summary at the end.

Memory is bounded by `in_flight`, whatever the size of the input.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from broadcaster.cli.running import FAILED, error_console
from broadcaster.cli.text import nack_lines
from broadcaster.connection import BasicAuth
from broadcaster.delivery import Acked, Nacked
from broadcaster.lines import MAX_LINE_BYTES, Line, check_readable, read_lines
from broadcaster.outgoing import Outgoing, prepare
from broadcaster.publish import publish
from broadcaster.refusal import Refusal


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """The options of the subcommand."""

    url: str
    files: tuple[str, ...]
    type_: str | None = None
    auth: BasicAuth | None = None
    in_flight: int = 500


async def run_publish(options: PublishOptions) -> int:
    """Publish all lines; 0 when every event was acked, 1 when any was refused."""
    check_readable(options.files)
    report = _Report(options)
    results = publish(
        options.url,
        report.source(),
        auth=options.auth,
        type_=options.type_,
        in_flight=options.in_flight,
    )
    try:
        async with aclosing(results):
            async for result in results:
                report.take(result)
    except BaseException:
        report.finish(only_if_any=True)
        raise
    report.finish()
    return FAILED if report.refused else 0


class _Report:
    """Where each event came from, and what became of it."""

    def __init__(self, options: PublishOptions) -> None:
        self.acked = 0
        self.refused = 0
        self._options = options
        self._places: dict[int, str] = {}
        self._submitted = 0
        self._err = error_console()
        self._typing = "-" in options.files and sys.stdin.isatty()
        self._progress = _counter(self._err) if not self._typing else None
        if self._progress is not None:
            self._task = self._progress.add_task("", acked=0, refused=0)
            self._progress.start()

    async def source(self) -> AsyncGenerator[Outgoing]:
        """The events of all files, in order; what cannot be sent is refused on the spot."""
        if self._typing and self._err.is_terminal:
            self._err.print("One event a line; Ctrl-D ends.", style="dim")
        for name in self._options.files:
            async with aclosing(read_lines(name)) as lines:
                async for line in lines:
                    for outgoing in self._events(name, line):
                        yield outgoing

    def take(self, result: Acked | Nacked) -> None:
        """Count one result, and tell it where that is of use."""
        place = self._places.pop(result.index)
        if isinstance(result, Nacked):
            self._refuse(place, result.refusal)
            return
        self.acked += 1
        if self._typing:
            self._err.print(f"acked {result.partition}:{result.offset}", style="dim")
        self._draw()

    def finish(self, *, only_if_any: bool = False) -> None:
        """The summary; also when the rest was not to be."""
        if self._progress is not None:
            self._progress.stop()
        if only_if_any and not (self.acked or self.refused or self._places):
            return
        unanswered = f", {len(self._places)} without an answer" if self._places else ""
        sys.stdout.write(f"{self.acked} acked, {self.refused} refused{unanswered}\n")
        sys.stdout.flush()

    def _events(self, name: str, line: Line) -> list[Outgoing]:
        place = f"line {line.number}" if name == "-" else f"{name}:{line.number}"
        if line.text is None:
            limit = f"longer than {MAX_LINE_BYTES} bytes"
            self._refuse(place, Refusal("too-large", "Larger than the limit", limit, 413))
            return []
        if not line.text.strip():
            return []
        events = []
        for ready in prepare(line.text, type_=self._options.type_):
            if isinstance(ready, Refusal):
                self._refuse(place, ready)
                continue
            self._places[self._submitted] = place
            self._submitted += 1
            events.append(ready)
        return events

    def _refuse(self, place: str, refusal: Refusal) -> None:
        self.refused += 1
        for text in nack_lines(place, refusal):
            self._err.print(text, style="red")
        self._draw()

    def _draw(self) -> None:
        if self._progress is not None:
            self._progress.update(self._task, acked=self.acked, refused=self.refused)


def _counter(console: Console) -> Progress | None:
    if not console.is_terminal:
        return None
    return Progress(
        TextColumn("{task.fields[acked]:,} acked, {task.fields[refused]:,} refused"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
