"""The stream over real sockets, against a publisher that follows a script."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from random import Random

import orjson
import pytest

from broadcaster.errors import (
    InvalidAddressError,
    RefusedError,
    UnreachableError,
)
from broadcaster.patience import Patience
from broadcaster.subscribe import Interrupted, subscribe
from broadcaster.subscription import Received
from clients.python.tests.fakes.frames import hello
from clients.python.tests.fakes.service import Session, fake_service
from clients.python.tests.fakes.streams import QUICK, collect, consume, events, offsets
from contracts.frames import (
    Control,
    end_frame,
    error_frame,
    event_frame,
    live_frame,
    moved_frame,
)
from contracts.problem import Problem, ProblemType


async def test_a_bounded_stream_ends() -> None:
    async def script(session: Session) -> None:
        assert session.asked == {"since": ["earliest"], "until": ["now"]}
        await session.send(hello("0:0", until="0:2"), *events(0, 1), end_frame("0:2"))
        await session.close(1000)

    async with fake_service(script) as fake:
        stream = subscribe(fake.url, since="earliest", until="now", patience=QUICK)
        items = await collect(stream)
    assert offsets(items) == [0, 1]
    assert [i.type for i in items if isinstance(i, Control)] == ["hello", "end"]
    assert stream.cursor == "0:2"


async def test_all_parameters_arrive_as_given() -> None:
    async def script(session: Session) -> None:
        assert session.asked == {
            "since": ["2026-11-22T10:00:00+01:00"],
            "type": ["order.*,message.posted"],
            "key": ["a b", "c&d=e"],
            "on_expired": ["earliest"],
            "on_ahead": ["tip"],
            "color": ["x"],
        }
        await session.send(hello("0:0"), end_frame("0:0"))

    async with fake_service(script) as fake:
        stream = subscribe(
            fake.url + "?color=x",
            since="2026-11-22T10:00:00+01:00",
            types=["order.*", "message.posted"],
            keys=["a b", "c&d=e"],
            on_expired="earliest",
            on_ahead="tip",
            patience=QUICK,
        )
        await collect(stream)


async def test_a_since_in_the_url_is_replaced_when_resuming() -> None:
    async def first(session: Session) -> None:
        assert session.asked == {"since": ["0"]}
        await session.send(hello("0:0@3f9c21aa"), *events(0))
        session.cut()

    async def second(session: Session) -> None:
        assert session.asked == {"since": ["0:1@3f9c21aa"]}
        await session.send(hello("0:1@3f9c21aa"), *events(1), end_frame("0:2@3f9c21aa"))

    async with fake_service(first, second) as fake:
        items = await collect(subscribe(fake.url + "?since=0", patience=QUICK))
    assert offsets(items) == [0, 1]


@pytest.mark.parametrize("code", [1011, 1013, 4008, 4029, 1000])
async def test_trouble_resumes_from_the_cursor(code: int) -> None:
    async def first(session: Session) -> None:
        await session.send(hello("0:0"), *events(0, 1))
        await session.close(code)

    async def second(session: Session) -> None:
        assert session.asked["since"] == ["0:2"]
        await session.send(hello("0:2"), *events(1, 2), end_frame("0:3"))

    async with fake_service(first, second) as fake:
        items = await collect(subscribe(fake.url, since="0", patience=QUICK))
    assert offsets(items) == [0, 1, 2]
    assert [type(i) for i in items].count(Interrupted) == 1


async def test_a_move_waits_as_long_as_it_was_told() -> None:
    async def first(session: Session) -> None:
        await session.send(hello("0:5"), moved_frame("0:5", 120))
        await session.close(4001)

    async def second(session: Session) -> None:
        await session.send(hello("0:5"), end_frame("0:5"))

    async with fake_service(first, second) as fake:
        items = await collect(subscribe(fake.url, patience=QUICK))
    (pause,) = [i for i in items if isinstance(i, Interrupted)]
    assert pause.delay_s == pytest.approx(0.12)
    assert pause.cursor == "0:5"


async def test_a_refused_cursor_is_told_with_its_problem() -> None:
    async def script(session: Session) -> None:
        problem = Problem(ProblemType.CURSOR_EXPIRED, "begins at 0:9", {"earliest": "0:9"})
        await session.send(error_frame(problem))
        await session.close(4410)

    async with fake_service(script) as fake:
        with pytest.raises(RefusedError) as caught:
            await collect(subscribe(fake.url, since="0:1", patience=QUICK))
    assert caught.value.refusal.type == "cursor-expired"
    assert caught.value.refusal.members == {"earliest": "0:9"}


async def test_a_cursor_refused_after_a_cut_still_says_where_it_stood() -> None:
    async def first(session: Session) -> None:
        await session.send(hello("0:1"), *events(1))
        session.cut()

    async def second(session: Session) -> None:
        await session.close(4410)

    async with fake_service(first, second) as fake:
        with pytest.raises(RefusedError) as caught:
            await collect(subscribe(fake.url, since="0:1", patience=QUICK))
    assert caught.value.cursor == "0:2"


async def test_a_silent_publisher_is_left() -> None:
    left = asyncio.Event()

    async def first(session: Session) -> None:
        await session.send(hello("0:0", heartbeat_s=0.02), *events(0))
        await session.connection.wait_closed()
        left.set()

    async def second(session: Session) -> None:
        await session.send(hello("0:1"), end_frame("0:1"))

    async with fake_service(first, second) as fake:
        items = await collect(subscribe(fake.url, patience=QUICK))
        await asyncio.wait_for(left.wait(), 5)
    (pause,) = [i for i in items if isinstance(i, Interrupted)]
    assert "nothing was heard for 0.05 s" in pause.reason


async def test_a_publisher_that_never_greets_is_left() -> None:
    async def first(session: Session) -> None:
        await session.connection.wait_closed()

    async def second(session: Session) -> None:
        await session.send(hello("0:1"), end_frame("0:1"))

    patience = Patience(connect_s=0.1, first_outage_s=5, backoff=QUICK.backoff)
    async with fake_service(first, second) as fake:
        items = await collect(subscribe(fake.url, patience=patience))
    assert isinstance(items[0], Interrupted)


async def test_the_next_url_is_tried_when_one_does_not_answer(unused_url: str) -> None:
    async def script(session: Session) -> None:
        await session.send(hello("0:0"), end_frame("0:0"))

    async with fake_service(script) as fake:
        items = await collect(subscribe(unused_url, fake.url, patience=QUICK))
    assert not [i for i in items if isinstance(i, Interrupted)]


async def test_a_cut_moves_to_the_other_instance() -> None:
    async def first(session: Session) -> None:
        await session.send(hello("0:0"), *events(0))
        session.cut()

    async def other(session: Session) -> None:
        assert session.asked["since"] == ["0:1"]
        await session.send(hello("0:1"), *events(1), end_frame("0:2"))

    async with fake_service(first) as one, fake_service(other) as two:
        items = await collect(subscribe(one.url, two.url, patience=QUICK))
    assert offsets(items) == [0, 1]


async def test_nothing_there_is_one_error(unused_url: str) -> None:
    with pytest.raises(UnreachableError, match="connection refused"):
        await collect(subscribe(unused_url, patience=QUICK))


async def test_an_outage_is_borne_as_long_as_patience_says() -> None:
    async def script(session: Session) -> None:
        await session.send(hello("0:0"))
        session.cut()

    patience = Patience(connect_s=1, outage_s=0.05, backoff=QUICK.backoff)
    async with fake_service(script) as fake:
        stream = subscribe(fake.url, patience=patience)
        iterator = aiter(stream)
        assert isinstance(await anext(iterator), Control)
        fake.refuse_with.extend([(HTTPStatus.SERVICE_UNAVAILABLE, b"")] * 10_000)
        with pytest.raises(UnreachableError):
            await consume(iterator)


async def test_a_busy_answer_at_the_handshake_is_tried_again() -> None:
    async def script(session: Session) -> None:
        await session.send(hello("0:0"), end_frame("0:0"))

    patience = Patience(first_outage_s=5, backoff=QUICK.backoff)
    busy = (HTTPStatus.SERVICE_UNAVAILABLE, b"")
    async with fake_service(script, refuse_with=[busy]) as fake:
        items = await collect(subscribe(fake.url, patience=patience))
    assert isinstance(items[0], Interrupted)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (HTTPStatus.UNAUTHORIZED, "unauthenticated"),
        (HTTPStatus.FORBIDDEN, "forbidden"),
        (HTTPStatus.NOT_FOUND, "not-found"),
        (HTTPStatus.GONE, "cursor-expired"),
        (HTTPStatus.IM_A_TEAPOT, "http-status"),
    ],
)
async def test_a_refused_handshake_is_a_refusal(status: HTTPStatus, kind: str) -> None:
    async with fake_service(refuse_with=[(status, b"no")]) as fake:
        with pytest.raises(RefusedError) as caught:
            await collect(subscribe(fake.url, patience=QUICK))
    assert caught.value.refusal.type == kind


async def test_a_refused_handshake_s_problem_is_read() -> None:
    body = Problem(ProblemType.INVALID_REQUEST, "sinse is no parameter").encode()
    async with fake_service(refuse_with=[(HTTPStatus.BAD_REQUEST, body)]) as fake:
        with pytest.raises(RefusedError, match="sinse is no parameter"):
            await collect(subscribe(fake.url, patience=QUICK))


async def test_what_is_not_taken_is_not_read() -> None:
    """A publisher of 40 MB meets back-pressure while the subscriber holds still."""
    sent = 0
    stalled = asyncio.Event()
    frame = event_frame(0, 0, orjson.dumps({"pad": "x" * 100_000}))

    async def script(session: Session) -> None:
        nonlocal sent
        await session.send(hello("0:0"))
        for offset in range(400):
            await send_or_tell(session, frame.replace(b'"offset":0', b'"offset":%d' % offset))
            sent += 1
        await session.send(end_frame("0:400"))

    async def send_or_tell(session: Session, data: bytes) -> None:
        try:
            async with asyncio.timeout(0.3):
                await session.connection.send(data, text=True)
        except TimeoutError:
            stalled.set()
            # the frame is already in the buffer of the connection: only the drain was cut short

    async with fake_service(script) as fake:
        stream = subscribe(fake.url, patience=QUICK)
        iterator = aiter(stream)
        await anext(iterator)
        await asyncio.wait_for(stalled.wait(), 10)
        assert sent < 350
        rest = [item async for item in iterator]
    assert offsets(rest) == list(range(400))


async def test_leaving_early_closes_the_connection() -> None:
    closed = asyncio.Event()

    async def script(session: Session) -> None:
        await session.send(hello("0:0"), live_frame("0:0", 0), *events(0, 1, 2))
        await session.connection.wait_closed()
        closed.set()

    async with fake_service(script) as fake:
        async with subscribe(fake.url, patience=QUICK) as stream:
            async for item in stream:
                if isinstance(item, Received):
                    break
            assert stream.cursor == "0:1"
        await asyncio.wait_for(closed.wait(), 5)


@pytest.mark.parametrize(
    "url", ["", "localhost:8081", "http://localhost/", "ws://", "ws://h:99999"]
)
async def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(InvalidAddressError, match="looks like ws://localhost:8081/websocket"):
        await collect(subscribe(url, patience=QUICK))


def test_no_address_at_all() -> None:
    with pytest.raises(TypeError, match="at least one"):
        subscribe()


async def test_random_cuts_lose_and_repeat_nothing() -> None:
    """Two hundred events over connections cut after a few frames each."""
    random = Random(3)
    total = 200

    def script(keep: int) -> Callable[[Session], Awaitable[None]]:
        async def run(session: Session) -> None:
            at = int(session.asked["since"][0].removeprefix("0:"))
            await session.send(hello(f"0:{at}"), *events(*range(at, min(at + keep, total))))
            if at + keep >= total:
                await session.send(end_frame(f"0:{total}"))
            elif random.random() < 0.5:
                session.cut()

        return run

    async with fake_service(*[script(random.randint(0, 30)) for _ in range(100)]) as fake:
        patience = Patience(first_outage_s=10, backoff=QUICK.backoff)
        items = await collect(subscribe(fake.url, since="0:0", patience=patience))
    assert offsets(items) == list(range(total))
