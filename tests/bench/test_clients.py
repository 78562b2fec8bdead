"""Both load clients against a server that sends what it is told, right or wrong."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bench.load.client import LoadClient, Received, Report, client_command
from bench.load.events import event_template, frame_template, made
from bench.load.plan import Plan, Stall, Subscriber
from bench.load.sequence import Share
from publisher.domain.encoding import websocket_text

pytestmark = pytest.mark.system

PYTHON = [sys.executable, "-m", "bench.load.python_client"]
FRAME = frame_template(event_template())
HELLO = websocket_text(b'{"type":"hello","cursor":"0:0@1"}')
Events = list[tuple[int, int]]


@pytest.fixture(params=["C", "Python"])
def command(request: pytest.FixtureRequest) -> list[str]:
    if request.param == "Python":
        return PYTHON
    found = client_command()
    if found == PYTHON:
        pytest.skip("no C compiler is here")
    return found


def sent(events: Events, stamp_ns: int = 0) -> bytes:
    make = made(FRAME)
    return b"".join(websocket_text(make(p, number, stamp_ns)) for p, number in events)


@asynccontextmanager
async def server(data: bytes, piece: int = 1 << 20, *, close: bool = False) -> AsyncIterator[int]:
    """Greets, then sends `data` in pieces; ends the connection if `close`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + HELLO)
        for at in range(0, len(data), piece):
            writer.write(data[at : at + piece])
            await writer.drain()
            await asyncio.sleep(0)
        if not close:
            await reader.read()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


async def got(
    command: list[str],
    data: bytes,
    *subscribers: Subscriber,
    deadline_s: int = 15,
    template: bytes = FRAME,
    greeting: bytes | None = None,
    piece: int = 1 << 20,
    close: bool = False,
) -> Report:
    async with server(data, piece, close=close) as port:
        plan = Plan(
            port, template, subscribers, greeting, sampled=frozenset({0}), deadline_s=deadline_s
        )
        client = await LoadClient.open(plan, command)
        await client.go()
        return await client.report()


ONE = Subscriber((0,), (5,))


async def test_what_is_whole_and_in_order_is_clean(command: list[str]) -> None:
    report = await got(command, sent([(0, n) for n in range(5)]), ONE, ONE, piece=7)
    group = report.groups[0]
    assert (group.subscribers, group.complete, group.events) == (2, 2, 10)
    assert report.breaks == 0


WRONG: dict[str, tuple[bytes, Callable[[Received], int]]] = {
    "gap": (sent([(0, 0), (0, 1), (0, 3), (0, 4)]), lambda group: group.gaps),
    "late start": (sent([(0, n) for n in (1, 2, 3, 4)]), lambda group: group.gaps),
    "duplicate": (sent([(0, n) for n in (0, 1, 1, 2, 3, 4)]), lambda group: group.repeats),
    "reordering": (sent([(0, n) for n in (0, 2, 1, 3, 4)]), lambda group: group.repeats),
    "wrong byte": (
        sent([(0, n) for n in range(5)]).replace(b"xxx", b"xyx", 1),
        lambda group: group.wrong,
    ),
    "another event's bytes": (
        sent([(0, n) for n in range(5)]).replace(b"-000000000002", b"-000000000003", 1),
        lambda group: group.wrong,
    ),
    "another partition": (
        sent([(0, 0), (1, 0), *[(0, n) for n in range(1, 5)]]),
        lambda group: group.wrong,
    ),
    "error frame": (
        websocket_text(b'{"type":"error","problem":{}}') + sent([(0, n) for n in range(5)]),
        lambda group: group.failed,
    ),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_wrong_is_counted(command: list[str], case: str) -> None:
    data, counted = WRONG[case]
    report = await got(command, data, ONE, deadline_s=3)
    assert counted(report.groups[0]) == 1
    assert report.breaks >= 1
    assert report.samples


async def test_what_ends_early_has_failed(command: list[str]) -> None:
    report = await got(command, sent([(0, 0), (0, 1)]), ONE, close=True)
    group = report.groups[0]
    assert (group.complete, group.missing, group.failed) == (0, 1, 1)


async def test_a_deadline_ends_the_waiting(command: list[str]) -> None:
    report = await got(command, sent([(0, 0)]), ONE, deadline_s=1)
    assert report.groups[0].missing == 1


async def test_partitions_are_followed_apart(command: list[str]) -> None:
    events = [(0, 5), (1, 2), (0, 6), (1, 3)]
    subscriber = Subscriber((5, 2), (7, 4))
    assert (await got(command, sent(events), subscriber)).breaks == 0
    swapped = [(0, 5), (1, 3), (0, 6), (1, 2)]
    report = await got(command, sent(swapped), subscriber, deadline_s=2)
    assert (report.groups[0].gaps, report.groups[0].repeats) == (1, 1)


async def test_a_filter_is_held_to_its_share(command: list[str]) -> None:
    share = Share(step=50, phase=3, width=2)
    subscriber = Subscriber((0,), (100,), share=share)
    right = sent([(0, n) for n in (3, 4, 53, 54)])
    assert (await got(command, right, subscriber)).breaks == 0
    foreign = sent([(0, n) for n in (3, 4, 5, 53, 54)])
    assert (await got(command, foreign, subscriber)).groups[0].wrong == 1


async def test_who_joins_later_and_who_stalls_gets_everything(command: list[str]) -> None:
    events = sent([(0, n) for n in range(2000)])
    late = Subscriber((0,), (2000,), group=1, join_ms=100)
    stalled = Subscriber((0,), (2000,), stall=Stall(100, 300))
    report = await got(command, events, late, stalled)
    assert report.breaks == 0
    assert report.groups[0].took_max_ns > 250_000_000
    assert report.groups[1].took_max_ns < report.groups[0].took_max_ns


async def test_latency_is_from_stamp_to_reading(command: list[str]) -> None:
    import time

    report = await got(command, sent([(0, n) for n in range(5)], time.time_ns() - 10**9), ONE)
    assert sum(report.groups[0].histogram.values()) == 5
    assert 1_000 < report.groups[0].latency_ms(0.5) < 5_000


async def test_events_are_found_in_any_framing(command: list[str]) -> None:
    template = event_template()
    make = made(template)
    lines = [b"MSG bench 1 300\r\n" + make(0, n, 0) + b"\r\n" for n in range(5)]
    for data, breaks in ((lines, 0), (lines[:2] + lines[3:], 1)):
        report = await got(
            command, b"".join(data), ONE, template=template, greeting=b'"hello"', piece=100
        )
        assert report.breaks == breaks
        assert report.groups[0].gaps == breaks
