"""A producer's connection: the thin I/O shell around `broadcaster.delivery`.

Events are pipelined: up to `in_flight` of them are without an answer, beyond that the caller waits.
One task owns the connection. No decision is made here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from random import Random
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from broadcaster.connection import BasicAuth, Closed, OpenFailed, describe_close, open_connection
from broadcaster.delivery import Acked, Delivery, Nacked
from broadcaster.errors import BroadcasterError, RefusedError, UnreachableError
from broadcaster.outgoing import Outgoing, prepare
from broadcaster.patience import Outage, Patience
from broadcaster.refusal import Refusal
from broadcaster.request import with_parameter
from broadcaster.steps import Refused
from contracts.close import CloseCode

DEFAULT_PATIENCE = Patience(outage_s=60.0)


class Producer:
    """A connection to a listener that mends itself; use it with ``async with``.

    Leaving it waits for the answers to all that was submitted (unless it is left by an exception).

    Entering raises:
        UnreachableError: nothing usable answers.
        RefusedError: the listener refuses these credentials or this request.
    """

    def __init__(
        self,
        url: str,
        *,
        auth: BasicAuth | None = None,
        type_: str | None = None,
        in_flight: int = 500,
        patience: Patience = DEFAULT_PATIENCE,
        headers: Mapping[str, str] | None = None,
        random: Random | None = None,
    ) -> None:
        self._url = with_parameter(url, "as", type_) if type_ else url
        self._type = type_
        self._headers = {**(headers or {}), **(auth.header() if auth else {})}
        self._patience = patience
        self._outage = Outage(patience)
        source = random or Random()  # noqa: S311 - jitter, not a secret
        self._delivery = Delivery(source, window=in_flight, backoff=patience.backoff)
        self._room = asyncio.Semaphore(in_flight)
        self._results: dict[int, asyncio.Future[Acked | Nacked]] = {}
        self._offered = asyncio.Event()
        self._standing = asyncio.Event()
        self._failure: BroadcasterError | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        standing = asyncio.create_task(self._standing.wait())
        try:
            await asyncio.wait({self._task, standing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            standing.cancel()
            if not self._standing.is_set():
                await self._stop()
        if self._failure is not None:
            raise self._failure
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if exc_type is None and self._results:
                await asyncio.wait(list(self._results.values()))
        finally:
            await self._stop()

    async def submit(self, outgoing: Outgoing) -> asyncio.Future[Acked | Nacked]:
        """Hand over one event, waiting while `in_flight` are unanswered; the future is its result.

        Raises:
            UnreachableError, RefusedError, ProtocolError: the connection has ended for good.
        """
        await self._room.acquire()
        if self._failure is not None:
            self._room.release()
            raise self._failure
        loop = asyncio.get_running_loop()
        index = self._delivery.offer(outgoing, loop.time())
        result = self._results[index] = loop.create_future()
        self._offered.set()
        return result

    async def send(self, event: Mapping[str, Any]) -> Acked | Nacked:
        """Publish one event and wait for its result."""
        (ready,) = prepare(event, type_=self._type)
        if isinstance(ready, Refusal):
            return Nacked(-1, None, ready)
        return await (await self.submit(ready))

    async def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            if not self._task.cancelled() and (error := self._task.exception()) is not None:
                raise error

    async def _run(self) -> None:
        try:
            await self._connections()
        except BroadcasterError as error:
            # what was pending gets its result as a value; the next caller gets the error
            self._failure = error
            self._settle(self._delivery.give_up(str(error)))
        finally:
            for result in self._results.values():
                result.cancel()  # only when this task was cancelled, or broke

    async def _connections(self) -> None:
        while True:
            opened = await open_connection(
                self._url, timeout_s=self._patience.connect_s, headers=self._headers
            )
            if isinstance(opened, OpenFailed):
                step = self._delivery.failed(opened.reason)
            else:
                self._delivery.opened()
                self._standing.set()
                self._outage.over()
                closed = await self._exchange(opened)
                results, verdict = self._delivery.closed(
                    closed.code, closed.reason, asyncio.get_running_loop().time()
                )
                self._settle(results)
                if isinstance(verdict, Refused):
                    raise RefusedError(verdict.refusal)
                step = verdict
            idle = self._standing.is_set() and not self._delivery.pending
            if self._outage.outlasts(asyncio.get_running_loop().time()) and not idle:
                raise UnreachableError(self._url, step.reason)
            await asyncio.sleep(step.delay_s)

    async def _exchange(self, connection: ClientConnection) -> Closed:
        """Send and receive until the connection ends."""
        sender = asyncio.create_task(self._send(connection))
        try:
            return await self._receive(connection)
        finally:
            sender.cancel()
            await asyncio.wait({sender})
            await connection.close()
            if not sender.cancelled():
                sender.result()

    async def _send(self, connection: ClientConnection) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._offered.clear()
            while (frame := self._delivery.next_frame(loop.time())) is not None:
                try:
                    await connection.send(frame, text=True)
                except ConnectionClosed:
                    return  # the receiver learns how, and its answer counts
            due = self._delivery.wake_at()
            try:
                async with asyncio.timeout_at(due):
                    await self._offered.wait()
            except TimeoutError:
                pass  # a retry is due

    async def _receive(self, connection: ClientConnection) -> Closed:
        loop = asyncio.get_running_loop()
        while True:
            awaited = self._delivery.awaiting
            try:
                async with asyncio.timeout(self._patience.answer_s):
                    raw = await connection.recv(decode=False)
            except TimeoutError:
                if awaited:
                    silence = f"no answer for {self._patience.answer_s:g} s"
                    return Closed(CloseCode.ABNORMAL, silence)
                continue
            except ConnectionClosed as error:
                return describe_close(error)
            result = self._delivery.answered(raw, loop.time())
            if result is not None:
                self._settle([result])
            else:
                self._offered.set()  # a retry may be due before what the sender waits for

    def _settle(self, results: Iterable[Acked | Nacked]) -> None:
        for result in results:
            future = self._results.pop(result.index)
            self._room.release()
            if not future.done():
                future.set_result(result)
