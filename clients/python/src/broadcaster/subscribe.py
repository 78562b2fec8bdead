"""Subscribing: the thin I/O shell around `broadcaster.subscription`.

One connection at a time, read only as fast as the caller takes events: what is not taken stays with
the publisher (TCP back-pressure), never in memory here. No decision is made here.
"""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Self, assert_never

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from broadcaster.connection import (
    BasicAuth,
    BearerAuth,
    Closed,
    OpenFailed,
    describe_close,
    open_connection,
)
from broadcaster.errors import RefusedError, UnreachableError
from broadcaster.patience import Outage, Patience
from broadcaster.request import Request
from broadcaster.steps import Finished, Refused, Resume
from broadcaster.subscription import Received, Subscription
from contracts.close import CloseCode
from contracts.frames import Control


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The stream was cut and will be resumed from `cursor` after `delay_s`."""

    reason: str
    delay_s: float
    cursor: str | None


class Stream:
    """An endless (or, with `until`, bounded) stream of events that resumes by itself.

    Iterate it once; leave it with ``async with`` or `aclose`, which closes the connection.
    `cursor` stands after the item that was handed out last: store it when that item is dealt with.
    """

    def __init__(
        self,
        urls: Sequence[str],
        subscription: Subscription,
        patience: Patience,
        headers: Mapping[str, str],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._urls = urls
        self._subscription = subscription
        self._patience = patience
        self._headers = headers
        self._sleep = sleep
        self._turn = 0
        self._outage = Outage(patience)
        self._items = self._run()

    @property
    def cursor(self) -> str | None:
        """Where to go on from, as text for `since`; None before the first ``hello``."""
        return self._subscription.cursor

    def __aiter__(self) -> AsyncIterator[Received | Control | Interrupted]:
        return self._items

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection and the stream."""
        await self._items.aclose()

    async def _run(self) -> AsyncGenerator[Received | Control | Interrupted]:
        while True:
            opened = await self._connect()
            if isinstance(opened, OpenFailed):
                step: Resume | Finished | Refused = self._subscription.failed(opened.reason)
            else:
                self._subscription.opened()
                try:
                    while not isinstance(message := await self._next(opened), Closed):
                        for item in self._received(message):
                            yield item
                finally:
                    await opened.close()  # bounded by the connection's close time-out
                step = self._subscription.closed(message.code, message.reason)
            match step:
                case Finished():
                    return
                case Refused():
                    raise RefusedError(step.refusal, cursor=self.cursor)
                case Resume():
                    if self._outage.outlasts(asyncio.get_running_loop().time()):
                        raise UnreachableError(" or ".join(self._urls), step.reason)
                    yield Interrupted(step.reason, step.delay_s, self.cursor)
                    await self._sleep(step.delay_s)
                case _:
                    assert_never(step)

    def _received(self, message: bytes) -> Iterator[Received | Control]:
        """What a message brings that is new; the cursor moves with each that is taken."""
        for frame in self._subscription.frames_in(message):
            item = self._subscription.receive(frame)
            if self._subscription.greeted:
                self._outage.over()
            if item is not None:
                yield item

    async def _connect(self) -> ClientConnection | OpenFailed:
        """Every URL once, beginning with the one whose turn it is."""
        request = self._subscription.request()
        reasons: dict[str, str] = {}
        for _ in self._urls:
            url = self._urls[self._turn % len(self._urls)]
            self._turn += 1  # also after a success: the next try begins with another instance
            opened = await open_connection(
                request.address(url),
                timeout_s=self._patience.connect_s,
                headers=self._headers,
                compressed=request.batch is not None,
            )
            if not isinstance(opened, OpenFailed):
                return opened
            reasons[url] = opened.reason
        return OpenFailed("; ".join(dict.fromkeys(reasons.values())))

    async def _next(self, connection: ClientConnection) -> bytes | Closed:
        """The next message, or how the connection ended."""
        subscription = self._subscription
        if subscription.greeted:
            silence_s = subscription.heartbeat_s * self._patience.silence_heartbeats
        else:
            silence_s = self._patience.connect_s  # `hello` comes first and at once
        try:
            async with asyncio.timeout(silence_s):
                return await connection.recv(decode=False)
        except TimeoutError:
            return Closed(CloseCode.ABNORMAL, f"nothing was heard for {silence_s:g} s")
        except ConnectionClosed as error:
            return describe_close(error)


def subscribe(  # noqa: PLR0913 - the protocol's own parameters, all by name
    *urls: str,
    since: str | None = None,
    until: str | None = None,
    types: Sequence[str] = (),
    keys: Sequence[str] = (),
    on_expired: str | None = None,
    on_ahead: str | None = None,
    batch: bool = False,
    auth: BasicAuth | BearerAuth | None = None,
    patience: Patience | None = None,
    headers: Mapping[str, str] | None = None,
    random: Random | None = None,
) -> Stream:
    """Subscribe to a publisher; with several `urls`, to whichever of its instances answers.

    Args:
        urls: ``ws://host:8081/websocket``. Cursors mean the same on every instance.
        since: where to start, in the publisher's grammar (``earliest``, ``0:42@…``, ``-15m``);
            without it, live only.
        until: an exclusive end, in the same grammar; the stream then finishes by itself.
        types: event types, ``order.*`` allowed; none means all.
        keys: partition keys; none means all.
        on_expired: ``earliest`` to start at what is left when the log no longer holds the cursor.
        on_ahead: ``tip`` to start live when the cursor lies beyond the log's end.
        batch: take several events in one frame, compressed; they are handed out one by one.
        auth: credentials, for a publisher that asks for them. When a token ends, so does the
            stream, with `RefusedError`; its `cursor` serves with a new one.
        patience: timeouts and back-off.
        headers: more of them for the handshake.
        random: the source of jitter; given in tests.

    Iterating raises:
        RefusedError: the publisher will not serve this request, or not with these credentials,
            now or after a cut.
        UnreachableError: nothing usable answers for longer than `patience` allows.
        ProtocolError: the publisher broke its protocol.
        InvalidAddressError: a URL is not a WebSocket address.
    """
    if not urls:
        raise TypeError("subscribe() needs at least one url")
    batches = "true" if batch else None
    request = Request(since, until, tuple(types), tuple(keys), on_expired, on_ahead, batches)
    for url in urls:
        request = request.taking_over(url)
    patience = patience or Patience()
    source = random or Random()  # noqa: S311 - jitter, not a secret
    subscription = Subscription(request, source, patience.backoff)
    return Stream(
        urls, subscription, patience, {**(headers or {}), **(auth.header() if auth else {})}
    )
