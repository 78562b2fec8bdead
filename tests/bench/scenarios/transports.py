"""Transports: the same burst over WebSocket, one event or several to a frame, SSE and NDJSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bench.fed_publisher import fed_publisher
from bench.ground import Ground, measured
from bench.load.plan import Plan, Subscriber, websocket_request
from bench.report.result import (
    FAN_OUT_HEADER,
    Bars,
    Result,
    Sample,
    fan_out_row,
    no_breaks,
)
from bench.servers import server as servers

SUBSCRIBERS = 500
_HELLO = b'"type":"hello"'
_FRAME = b'{"type":"event",'
_BATCH = websocket_request("/websocket?batch=true")


def http_request(accept: str, query: str = "") -> bytes:
    """A stream over HTTP."""
    lines = f"GET /events{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {accept}\r\n\r\n"
    return lines.encode()


REQUESTS = {
    "publisher, WebSocket": websocket_request("/websocket"),
    "publisher, WebSocket, several to a frame": _BATCH,
    "publisher, server-sent events": http_request("text/event-stream"),
    "publisher, NDJSON": http_request("application/x-ndjson"),
}


def _product(ground: Ground, request: bytes, events: int) -> Callable[[], Awaitable[Sample]]:
    async def run() -> Sample:
        async with fed_publisher(ground) as (feed, server):
            each = Subscriber((0,), (events,), request)
            plan = Plan(0, b"", (each,) * SUBSCRIBERS, _HELLO, deadline_s=90)
            sample, _ = await measured(
                _told(server, request), plan, drive=lambda: feed.burst(events)
            )
        return sample

    return run


def _told(server: servers.Server, request: bytes) -> servers.Server:
    """What an event looks like: in a frame of several it stands without the one it has alone."""
    if request is not _BATCH:
        return server
    return replace(server, template=b"{" + server.template[len(_FRAME) :])


async def run(ground: Ground) -> Result:
    """In turns."""
    events = ground.scaled(20_000, 500)
    found = await ground.interleaved(
        {name: _product(ground, request, events) for name, request in REQUESTS.items()}
    )
    return Result(
        "transports",
        f"Transports: a burst of {events:,} to {SUBSCRIBERS}",
        FAN_OUT_HEADER,
        tuple(fan_out_row(variant) for variant in found.values()),
        (no_breaks(found.values()),),
        (Bars("Server CPU a delivery", "µs", tuple((n, v.us_an_event) for n, v in found.items())),),
        (
            "The client finds the events in the stream, whatever the transport puts around them; "
            "it offers no compression.",
        ),
    )
