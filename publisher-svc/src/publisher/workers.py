"""Several worker processes on one port: each a publisher instance of its own, with its own group.

The kernel spreads connections over them (SO_REUSEPORT). This process serves nobody: it starts the
workers, starts one again that ended, hands on the order to stop, and ends when they have. A worker
whose starter is gone (its standard input ends) stops by itself, so that none is left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chassis.errors import ChassisError
from chassis.logs import configure, get_logger
from chassis.server import hold
from publisher.settings import PublisherSettings

_log = get_logger("publisher.workers")

WRONG_SETTINGS = 2
"""Exit status; starting again would change nothing."""
_STEADY_S = 60.0
_SHORTEST_S, _LONGEST_S = 0.5, 30.0


@dataclass(slots=True)
class Backoff:
    """How long to wait before a worker is started again: at once if it had lasted, else longer
    each time.
    """

    _next_s: float = 0.0

    def after(self, lasted_s: float) -> float:
        """In seconds; the worker had run for `lasted_s`."""
        wait_s = 0.0 if lasted_s >= _STEADY_S else self._next_s
        self._next_s = min(_LONGEST_S, max(_SHORTEST_S, 2 * wait_s))
        return wait_s


def worker_environment(settings: PublisherSettings, number: int, port: int) -> dict[str, str]:
    """What worker `number` (1…) is told besides what this process was told."""
    told = {
        "PUBLISHER_WORKERS": "1",
        "PUBLISHER_WORKER": str(number),
        "PUBLISHER_PORT": str(port),
    }
    if settings.instance is not None:
        told["PUBLISHER_INSTANCE"] = f"{settings.instance}.{number}"
    return told


async def run_workers(settings: PublisherSettings) -> int:
    """Run ``settings.workers`` of them until told to stop; gives the exit status."""
    configure(settings.log_level, as_json=settings.log_format == "json", service="publisher")
    try:
        held = hold(settings.host, settings.port, port_variable="PUBLISHER_PORT")
    except ChassisError as error:
        _log.error(str(error))
        return 1
    try:
        return await Workers(settings, held[0].getsockname()[1]).run()
    finally:
        for each in held:
            each.close()


class Workers:
    """See the module."""

    def __init__(self, settings: PublisherSettings, port: int) -> None:
        self._settings = settings
        self._port = port
        self._stop = asyncio.Event()
        self._status = 0
        # A drain, the closing of connections, leaving the group: each worker bounds them itself.
        self._patience_s = settings.drain_s + 8

    async def run(self) -> int:
        """Until SIGTERM or SIGINT, or until the settings turn out to be wrong."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self._stop.set)
        numbers = range(1, self._settings.workers + 1)
        _log.info("starting workers", workers=len(numbers), port=self._port)
        await asyncio.gather(*[self._keep(number) for number in numbers])
        return self._status

    async def _keep(self, number: int) -> None:
        loop, backoff = asyncio.get_running_loop(), Backoff()
        while not self._stop.is_set():
            started_s = loop.time()
            worker = await self._start(number)
            if await self._first(worker.wait()):
                await self._end(worker)
                return
            if worker.returncode == WRONG_SETTINGS:
                self._status = WRONG_SETTINGS
                self._stop.set()
                return
            wait_s = backoff.after(loop.time() - started_s)
            _log.error(
                "a worker ended; starting it again",
                worker=number,
                status=worker.returncode,
                wait_s=wait_s,
            )
            await self._first(asyncio.sleep(wait_s))

    async def _start(self, number: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "publisher",
            env=os.environ | worker_environment(self._settings, number, self._port),
            stdin=asyncio.subprocess.PIPE,  # ends when this process does
            start_new_session=True,  # Ctrl-C comes to this process alone, which hands it on once
        )

    async def _first(self, what: Awaitable[object]) -> bool:
        """Wait for it, or for the order to stop, which is told."""
        tasks = [asyncio.ensure_future(what), asyncio.ensure_future(self._stop.wait())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return self._stop.is_set()

    async def _end(self, worker: asyncio.subprocess.Process) -> None:
        if worker.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                worker.terminate()
            try:
                await asyncio.wait_for(worker.wait(), self._patience_s)
            except TimeoutError:
                _log.error("a worker did not stop in time; killing it", pid=worker.pid)
                worker.kill()
                await worker.wait()
        if worker.returncode:
            self._status = self._status or 1


def stop_with_starter(stop: Callable[[], None]) -> None:
    """Call `stop`, once, when the process that started this worker is gone."""
    loop, end = asyncio.get_running_loop(), sys.stdin.fileno()

    def at_end() -> None:
        if not os.read(end, 1024):
            loop.remove_reader(end)
            _log.warning("the process that started this worker is gone; stopping")
            stop()

    loop.add_reader(end, at_end)
