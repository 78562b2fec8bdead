"""``broadcaster demo``: one producer and two subscribers against running services, step by step.

Exit status 0 means that every acked event was seen by both subscribers, once and in order, and that
the violation was refused. Other producers may be at work on the same topic: only the demo's own
events (by their `source`) count.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from rich.console import Console
from rich.text import Text

from broadcaster.cli.demo_events import first_events, second_events, violating_event
from broadcaster.cli.running import FAILED
from broadcaster.cli.text import nack_lines, printable
from broadcaster.connection import BasicAuth, BearerAuth
from broadcaster.delivery import Acked, Nacked
from broadcaster.producer import Producer
from broadcaster.subscribe import Interrupted, Stream, subscribe
from broadcaster.subscription import Received
from contracts.frames import Control

_STYLES = {"producer": "magenta", "live": "green", "since": "blue"}


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """The options of the subcommand; `pace_s` is the pause that lets a person follow.

    `auth` is for both services; `subscriber`, if there is one, for the publisher instead of it.
    """

    listener: str
    publisher: str
    auth: BasicAuth | None = None
    pace_s: float = 0.5
    patience_s: float = 10.0
    subscriber: BearerAuth | None = None


async def run_demo(options: DemoOptions) -> int:
    """Run all steps; 0 when everything that was promised was seen."""
    demo = _Demo(options, Console(highlight=False, soft_wrap=True, markup=False))
    try:
        return 0 if await demo.run() else FAILED
    except TimeoutError:
        demo.fail(
            f"not everything arrived within {options.patience_s:g} s. Look at what the services "
            "say; with PUBLISHER_KEYS=own only one of PUBLISHER_OPERATORS sees these events"
        )
        return FAILED


@dataclass(slots=True)
class _Watcher:
    """One subscriber: which of ours it has seen, in the order of arrival."""

    name: str
    source: str
    console: Console
    cursor: str | None = None
    seen: list[tuple[int, int]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(self, stream: Stream) -> None:
        """Take what comes, show what is ours."""
        async for item in stream:
            match item:
                case Received() if item.event.get("source") == self.source:
                    self.seen.append((item.partition, item.offset))
                    place = f"got {item.partition}:{item.offset}"
                    _say(self.console, self.name, place, item.event)
                case Control(type="hello"):
                    self.cursor = item.cursor
                case Control(type="live", members={"replayed": int(count)}) if count:
                    _say(self.console, self.name, f"is live, after {count} replayed events")
                case Interrupted():
                    _say(self.console, self.name, f"interrupted ({item.reason}), resuming")
                case _:
                    continue
            self.changed.set()


class _Demo:
    def __init__(self, options: DemoOptions, console: Console) -> None:
        self._options = options
        self._console = console
        self._source = f"/demo/{secrets.token_hex(4)}"
        self._acked: list[tuple[int, int]] = []
        self._refused = 0
        self._complaints: list[str] = []
        self._step = 0

    async def run(self) -> bool:
        async with self._watching("live", since=None) as live:
            before = await self._greeting(live)
            self._title("A subscriber joins, live only.")
            _say(self._console, "live", f"subscribed at {before}")
            async with Producer(self._options.listener, auth=self._options.auth) as producer:
                self._title("A producer publishes; an ack means: durable in Kafka.")
                await self._produce(producer, first_events())
                await self._all_seen(live)
                self._title("An event that violates its contract is refused and not stored.")
                await self._violate(producer)
                self._title(f"A second subscriber comes late: --since {before}")
                async with self._watching("since", since=before) as late:
                    await self._all_seen(late)
                    self._title("More events: now both get them live.")
                    await self._produce(producer, second_events())
                    await self._all_seen(live)
                    await self._all_seen(late)
                    return self._verdict(live, late)

    def fail(self, why: str) -> None:
        """Say in one line what was not as promised."""
        self._console.print(Text(f"\nThe demo failed: {why}.", "bold red"))

    @asynccontextmanager
    async def _watching(self, name: str, since: str | None) -> AsyncIterator[_Watcher]:
        """A subscriber for the length of the block; what ends it early, ends the block."""
        watcher = _Watcher(name, self._source, self._console)
        body = asyncio.current_task()
        failure: list[BaseException] = []

        async def watch(stream: Stream) -> None:
            try:
                await watcher.watch(stream)
            except Exception as error:  # noqa: BLE001 - raised again below, in the block's task
                failure.append(error)
                if body is not None:
                    body.cancel()

        auth = self._options.subscriber or self._options.auth
        async with subscribe(self._options.publisher, since=since, auth=auth) as stream:
            task = asyncio.create_task(watch(stream))
            try:
                yield watcher
            except asyncio.CancelledError:
                if not failure:
                    raise
                if body is not None:
                    body.uncancel()
                raise failure[0] from None
            finally:
                task.cancel()
                await asyncio.wait({task})

    async def _greeting(self, watcher: _Watcher) -> str:
        async with asyncio.timeout(self._options.patience_s):
            while watcher.cursor is None:
                await self._change(watcher)
        return watcher.cursor

    async def _all_seen(self, watcher: _Watcher) -> None:
        async with asyncio.timeout(self._options.patience_s):
            while not set(self._acked) <= set(watcher.seen):
                await self._change(watcher)

    async def _change(self, watcher: _Watcher) -> None:
        watcher.changed.clear()
        await watcher.changed.wait()

    async def _produce(self, producer: Producer, events: list[dict[str, Any]]) -> None:
        for event in events:
            result = await self._bounded(producer.send(event | {"source": self._source}))
            if isinstance(result, Acked):
                self._acked.append((result.partition, result.offset))
                place = f"acked {result.partition}:{result.offset}"
                _say(self._console, "producer", place, event)
            else:
                self._complaints.append(f"the listener refused {event['type']}: {result.refusal}")
            await asyncio.sleep(self._options.pace_s)

    async def _violate(self, producer: Producer) -> None:
        result = await self._bounded(producer.send(violating_event() | {"source": self._source}))
        if isinstance(result, Acked):
            self._complaints.append("the listener accepted an event that violates its contract")
            return
        self._refused += 1
        for line in nack_lines("refused", result.refusal):
            _say(self._console, "producer", line)
        await asyncio.sleep(self._options.pace_s)

    async def _bounded(self, answer: Awaitable[Acked | Nacked]) -> Acked | Nacked:
        async with asyncio.timeout(self._options.patience_s):
            return await answer

    def _verdict(self, *watchers: _Watcher) -> bool:
        for watcher in watchers:
            # one after the other was acked, so this is the order within every partition
            if _by_partition(watcher.seen) != _by_partition(self._acked):
                self._complaints.append(
                    f"{watcher.name} saw {watcher.seen}, but {self._acked} were acked"
                )
        for complaint in self._complaints:
            self.fail(complaint)
        if self._complaints:
            return False
        self._console.print()
        self._console.print(
            Text(
                f"{len(self._acked)} events acked, {self._refused} refused; both subscribers saw "
                f"all {len(self._acked)}, once: one live, one from its cursor on.",
                "bold green",
            )
        )
        return True

    def _title(self, text: str) -> None:
        self._step += 1
        self._console.print(Text(f"\n{self._step}. {text}", "bold"))


def _by_partition(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return sorted(places, key=lambda place: place[0])  # stable: the order within each stays


def _say(console: Console, who: str, what: str, event: dict[str, Any] | None = None) -> None:
    line = Text("   ")
    line.append(f"{who:<9}", _STYLES[who])
    line.append(printable(what))
    if event is not None:
        data = orjson.dumps(event.get("data")).decode()
        shown = data if len(data) <= 60 else data[:59] + "…"
        line.append(f"  {event.get('type')}  ", "cyan")
        line.append(printable(shown), "dim")
    console.print(line)
