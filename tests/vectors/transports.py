"""The broadcast as a run of the vectors sees it: frames, one after the other, or a refusal."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from contracts.frames import frames_in
from support.publisher import Publisher
from support.sse import SseReader

Frames = Iterator[dict[str, Any]]
Pairs = list[list[str]]
_TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was said, and the HTTP status or the close code with which."""

    problem: dict[str, Any]
    status: int | None
    close: int | None


class RefusedError(Exception):
    """There is no stream."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.problem["detail"])
        self.refusal = refusal


def _query(pairs: Pairs) -> str:
    return urlencode([(name, value) for name, value in pairs])


@contextmanager
def websocket(publisher: Publisher, pairs: Pairs) -> Iterator[Frames]:
    """Over WebSocket."""
    address = f"{publisher.websocket_url}?{_query(pairs)}"
    with connect(address, proxy=None, open_timeout=_TIMEOUT_S) as connection:

        def frames() -> Frames:
            while True:
                try:
                    message = connection.recv(_TIMEOUT_S, decode=False)
                except ConnectionClosed:
                    return
                for frame in map(json.loads, frames_in(message)):
                    if frame["type"] == "error":
                        raise RefusedError(Refusal(frame["problem"], None, _code(connection)))
                    yield frame

        yield frames()


@contextmanager
def websocket_batch(publisher: Publisher, pairs: Pairs) -> Iterator[Frames]:
    """The same with several events in a frame, compressed."""
    with websocket(publisher, [*pairs, ["batch", "true"]]) as frames:
        yield frames


def _code(connection: Any) -> int:
    """With which the connection ends; nothing comes before that."""
    with contextlib.suppress(ConnectionClosed):
        raise AssertionError(f"after the error came {connection.recv(_TIMEOUT_S)!r}")
    code: int = connection.close_code
    return code


@contextmanager
def ndjson(publisher: Publisher, pairs: Pairs) -> Iterator[Frames]:
    """Over HTTP, as lines."""
    with _answered(publisher, pairs, "application/x-ndjson") as answer:
        yield (json.loads(line) for line in _body(answer).iter_lines())


@contextmanager
def sse(publisher: Publisher, pairs: Pairs) -> Iterator[Frames]:
    """Over HTTP, as server-sent events."""
    reader = SseReader()
    with _answered(publisher, pairs, "text/event-stream") as answer:
        yield (event.frame for data in _body(answer).iter_bytes() for event in reader.feed(data))


@contextmanager
def _answered(publisher: Publisher, pairs: Pairs, accept: str) -> Iterator[httpx.Response]:
    with (
        httpx.Client(base_url=publisher.http_url, trust_env=False, timeout=_TIMEOUT_S) as client,
        client.stream("GET", f"/events?{_query(pairs)}", headers={"accept": accept}) as answer,
    ):
        yield answer


def _body(answer: httpx.Response) -> httpx.Response:
    """`answer`, if it is a stream."""
    if answer.status_code != 200:
        answer.read()
        raise RefusedError(Refusal(answer.json(), answer.status_code, None))
    return answer


TRANSPORTS = {
    "websocket": websocket,
    "websocket-batch": websocket_batch,
    "ndjson": ndjson,
    "sse": sse,
}
