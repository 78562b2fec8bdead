"""The broadcast over HTTP as a test's stream, on httpx: every frame, and how it ended."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
import orjson

from support.sse import Dispatched, SseReader
from support.stream import Ended, Frame, Stream

SSE, NDJSON, PAGE = "text/event-stream", "application/x-ndjson", "application/json"


class HttpRefusedError(Exception):
    """Something else than a stream came; `response` is it, read to its end."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"{response.status_code}: {response.text}")
        self.response = response


class HttpStream(Stream):
    """One subscription. `texts` are the frames' bytes, `events_seen` what SSE dispatched."""

    def __init__(self, response: httpx.Response, timeout_s: float) -> None:
        self.response = response
        self.timeout_s = timeout_s
        self.texts = []
        self.sse = SseReader() if response.headers["content-type"] == SSE else None
        self.dispatched: list[Dispatched] = []
        self.body = bytearray()
        self._bytes = response.aiter_bytes()
        self._rest = b""
        self._waiting: deque[bytes] = deque()

    async def next(self, *, timeout_s: float | None = None) -> Frame:
        """The next frame; `StopAsyncIteration` at the end of the body."""
        while not self._waiting:
            data = await asyncio.wait_for(anext(self._bytes), timeout_s or self.timeout_s)
            self.body += data
            self._take(data)
        text = self._waiting.popleft()
        self.texts.append(text)
        frame: Frame = orjson.loads(text)
        return frame

    def _take(self, data: bytes) -> None:
        if self.sse is None:
            *lines, self._rest = (self._rest + data).split(b"\n")
            self._waiting += lines
            return
        found = self.sse.feed(data)
        self.dispatched += found
        for event in found:
            kind = orjson.loads(event.data)["type"]
            assert event.type == ("message" if kind == "event" else kind)
        self._waiting += [event.data.encode() for event in found]

    async def rest(self, *, timeout_s: float | None = None) -> Ended:
        """Read to the end. The code is that of the WebSocket's close: 1006 for a cut body."""
        frames: list[Frame] = []
        try:
            while True:
                frames.append(await self.next(timeout_s=timeout_s))
        except StopAsyncIteration:
            last = frames[-1] if frames else {}
            code = {"end": 1000, "moved": 4001}.get(last.get("type", ""), 4400)
            return Ended(frames, code, last.get("type", ""))
        except httpx.RemoteProtocolError:
            return Ended(frames, 1006, "cut")


@asynccontextmanager
async def http_subscribed(
    base: str,
    query: str = "",
    accept: str = NDJSON,
    *,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 10.0,
) -> AsyncIterator[HttpStream]:
    """A stream from ``base/events?query``.

    Raises:
        HttpRefusedError: it was answered with another status than 200.
    """
    async with (
        httpx.AsyncClient(base_url=base, trust_env=False, timeout=None) as client,  # noqa: S113
        client.stream(
            "GET", f"/events?{query}", headers={"accept": accept, **(headers or {})}
        ) as response,
    ):
        if response.status_code != 200:
            await response.aread()
            raise HttpRefusedError(response)
        yield HttpStream(response, timeout_s)


async def http_outcome(base: str, query: str = "", accept: str = NDJSON) -> Ended:
    """A stream that is expected to end: all its frames."""
    async with http_subscribed(base, query, accept) as stream:
        return await stream.rest()


async def pages(base: str, query: str) -> list[httpx.Response]:
    """All pages, by following ``Link: rel="next"``."""
    found: list[httpx.Response] = []
    async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=10) as client:
        url = f"/events?{query}"
        while True:
            found.append(await client.get(url, headers={"accept": PAGE}))
            following = found[-1].links.get("next")
            if following is None:
                return found
            url = following["url"]
            assert len(found) < 10_000, "never ends"
