"""Several events in a frame, over real sockets, against a publisher that follows a script."""

from __future__ import annotations

import pytest

from broadcaster.errors import ProtocolError
from broadcaster.subscribe import subscribe
from broadcaster.subscription import Received
from clients.python.tests.fakes.frames import hello
from clients.python.tests.fakes.service import Session, fake_service
from clients.python.tests.fakes.streams import QUICK, collect, events
from contracts.frames import end_frame, events_frame


def extensions(session: Session) -> list[str]:
    return [each.name for each in session.connection.protocol.extensions]


async def test_of_several_events_in_a_frame_the_cursor_stands_after_each() -> None:
    async def script(session: Session) -> None:
        assert session.asked == {"since": ["earliest"], "batch": ["true"]}
        assert extensions(session) == ["permessage-deflate"]
        await session.send(hello("0:4"), events_frame(events(4, 5, 6)), events_frame(events(8)))
        session.cut()

    async def again(session: Session) -> None:
        assert session.asked == {"since": ["0:9"], "batch": ["true"]}
        await session.send(hello("0:9"), events_frame(events(7, 8, 9)), end_frame("0:12"))

    async with fake_service(script, again, compression="deflate") as fake:
        stream = subscribe(fake.url, since="earliest", batch=True, patience=QUICK)
        got: list[Received] = []
        async for item in stream:
            if isinstance(item, Received):
                assert stream.cursor == f"0:{item.offset + 1}"
                got.append(item)
    assert [item.offset for item in got] == [4, 5, 6, 8, 9]
    assert [item.raw for item in got] == events(4, 5, 6, 8, 9)


async def test_what_was_not_taken_of_a_frame_is_not_in_the_cursor() -> None:
    async def script(session: Session) -> None:
        await session.send(hello("0:4"), events_frame(events(4, 5, 6)))
        await session.connection.wait_closed()

    async with fake_service(script) as fake:
        async with subscribe(fake.url, batch=True, patience=QUICK) as stream:
            async for item in stream:
                if isinstance(item, Received) and item.offset == 5:
                    break
        assert stream.cursor == "0:6"


@pytest.mark.parametrize("by", ["url", "parameter", "nothing"])
async def test_compression_is_offered_with_batches_alone(by: str) -> None:
    async def script(session: Session) -> None:
        assert (session.asked == {"batch": ["true"]}) == (by != "nothing")
        assert extensions(session) == (["permessage-deflate"] if by != "nothing" else [])
        await session.send(hello("0:0"), end_frame("0:0"))

    async with fake_service(script, compression="deflate") as fake:
        url = fake.url + ("?batch=true" if by == "url" else "")
        await collect(subscribe(url, batch=by == "parameter", patience=QUICK))


@pytest.mark.parametrize("events", [b"{}", b"[1]", b'[{"partition":0}]'])
async def test_a_frame_of_no_events_is_a_breach(events: bytes) -> None:
    async def script(session: Session) -> None:
        await session.send(hello("0:0"), b'{"type":"events","events":%b}' % events)
        await session.connection.wait_closed()

    async with fake_service(script) as fake:
        with pytest.raises(ProtocolError):
            await collect(subscribe(fake.url, batch=True, patience=QUICK))
