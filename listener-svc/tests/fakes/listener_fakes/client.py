"""A WebSocket client at the ASGI interface, with or without the raw extension."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any

import orjson

from chassis.raw_websocket import EXTENSION

Message = MutableMapping[str, Any]


class FakeRaw:
    """What the application sees of `RawWebSocket`."""

    def __init__(self, client: FakeClient) -> None:
        self._client = client
        self.is_open = True
        self.paused = False
        self.on_lost: Callable[[], None] | None = None
        self.on_resume: Callable[[], None] | None = None
        self.writes = 0
        self.reading_paused = False
        self._on_messages: Callable[[list[str | bytes]], None] | None = None

    @property
    def on_messages(self) -> Callable[[list[str | bytes]], None] | None:
        return self._on_messages

    @on_messages.setter
    def on_messages(self, take: Callable[[list[str | bytes]], None]) -> None:
        self._on_messages = take
        self._client.arrive()

    def pause_reading(self) -> None:
        self.reading_paused = True

    def resume_reading(self) -> None:
        self.reading_paused = False
        self._client.arrive()

    def writer(self) -> Callable[[bytes], None]:
        return self._write

    def _write(self, data: bytes) -> None:
        self.writes += 1
        at = 0
        while at < len(data):
            assert data[at] == 0x81
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            self._client.answers.append(orjson.loads(data[start : start + length]))
            at = start + length

    def resume(self) -> None:
        self.paused = False
        assert self.on_resume is not None
        self.on_resume()


class FakeClient:
    """Connects an ASGI application, sends texts, keeps what comes back."""

    def __init__(self, *, raw: bool = True, query: str = "", **headers: str) -> None:
        self.answers: list[dict[str, Any]] = []
        self.sent: list[Message] = []
        self.close_code: int | None = None
        self.read = 0
        """Messages that the application took."""
        self._kernel: list[str | bytes] = []
        """What was sent and not read yet, where the application takes messages as they arrive."""
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._inbox.put_nowait({"type": "websocket.connect"})
        self.raw = FakeRaw(self)
        pairs = [(k.encode(), v.encode()) for k, v in {"host": "localhost", **headers}.items()]
        self.scope: dict[str, Any] = {
            "type": "websocket",
            "query_string": query.encode(),
            "headers": pairs,
            "extensions": {EXTENSION: self.raw} if raw else {},
        }

    def run(self, application: Any) -> asyncio.Task[None]:
        return asyncio.ensure_future(application(self.scope, self._receive, self._send))

    def text(self, text: str) -> None:
        self._say(text, {"type": "websocket.receive", "text": text})

    def binary(self, data: bytes) -> None:
        self._say(data, {"type": "websocket.receive", "bytes": data})

    def early(self, text: str) -> None:
        """It was there before the application could take messages as they arrive."""
        self._inbox.put_nowait({"type": "websocket.receive", "text": text})

    def _say(self, message: str | bytes, received: Message) -> None:
        if EXTENSION not in self.scope["extensions"]:
            self._inbox.put_nowait(received)
            return
        self._kernel.append(message)
        self.arrive()

    def arrive(self) -> None:
        """The transport reads, in the next turn of the loop."""
        asyncio.get_running_loop().call_soon(self._hand_over)

    def _hand_over(self) -> None:
        paused = self.raw.reading_paused or not self._inbox.empty()
        if self._kernel and self.raw.on_messages is not None and not paused:
            arrived, self._kernel = self._kernel, []
            self.read += len(arrived)
            self.raw.on_messages(arrived)

    def leave(self) -> None:
        self.raw.is_open = False
        if self.raw.on_lost is not None:
            self.raw.on_lost()
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1001})

    async def _receive(self) -> Message:
        message = await self._inbox.get()
        self.read += 1
        self.arrive()
        return message

    async def _send(self, message: Message) -> None:
        self.sent.append(message)
        if message["type"] == "websocket.send":
            self.answers.append(orjson.loads(message["text"]))
        elif message["type"] == "websocket.close":
            self.close_code = message["code"]
