"""Publishing a whole source of events: what is fed to a `Producer`, and its results as they come.

Bounded on both sides: events without an answer by the producer, results not yet taken here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from random import Random

from broadcaster.connection import BasicAuth
from broadcaster.delivery import Acked, Nacked
from broadcaster.outgoing import Outgoing
from broadcaster.patience import Patience
from broadcaster.producer import DEFAULT_PATIENCE, Producer


async def publish(
    url: str,
    events: AsyncIterable[Outgoing] | Iterable[Outgoing],
    *,
    auth: BasicAuth | None = None,
    type_: str | None = None,
    in_flight: int = 500,
    patience: Patience = DEFAULT_PATIENCE,
    random: Random | None = None,
) -> AsyncGenerator[Acked | Nacked]:
    """Publish `events` and give each one's result as it comes; `index` counts the events from 0.

    At most twice `in_flight` events are held: those without an answer, and results not yet taken.

    Raises:
        UnreachableError, RefusedError, ProtocolError: after the results of all that was submitted.
    """
    results: asyncio.Queue[Acked | Nacked | None] = asyncio.Queue()
    untaken = asyncio.Semaphore(2 * in_flight)

    async with Producer(
        url, auth=auth, type_=type_, in_flight=in_flight, patience=patience, random=random
    ) as producer:
        feeder = asyncio.create_task(_feed(producer, events, untaken, results))
        try:
            while (result := await results.get()) is not None:
                untaken.release()
                yield result
        finally:
            feeder.cancel()
            await asyncio.wait({feeder})
        feeder.result()


async def _feed(
    producer: Producer,
    events: AsyncIterable[Outgoing] | Iterable[Outgoing],
    untaken: asyncio.Semaphore,
    results: asyncio.Queue[Acked | Nacked | None],
) -> None:
    """Submit all events; the last thing put is None, when every result was put before it."""
    open_results: set[asyncio.Future[Acked | Nacked]] = set()

    def settled(future: asyncio.Future[Acked | Nacked]) -> None:
        open_results.discard(future)
        if not future.cancelled():
            results.put_nowait(future.result())

    async def submit(outgoing: Outgoing) -> None:
        await untaken.acquire()
        future = await producer.submit(outgoing)
        open_results.add(future)
        future.add_done_callback(settled)

    try:
        if isinstance(events, AsyncIterable):
            async for outgoing in events:
                await submit(outgoing)
        else:
            for outgoing in events:
                await submit(outgoing)
    except asyncio.CancelledError:
        raise  # nobody takes results any more: there is nothing to wait for
    except BaseException:
        await _all_settled(open_results, results)
        raise
    await _all_settled(open_results, results)


async def _all_settled(
    open_results: set[asyncio.Future[Acked | Nacked]],
    results: asyncio.Queue[Acked | Nacked | None],
) -> None:
    if open_results:
        await asyncio.wait(open_results)
    results.put_nowait(None)
