"""Publishing over real sockets, against a listener that follows a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

import orjson
import pytest

from broadcaster.backoff import Backoff
from broadcaster.connection import BasicAuth
from broadcaster.delivery import Acked, Nacked
from broadcaster.errors import ProtocolError, RefusedError, UnreachableError
from broadcaster.outgoing import Outgoing
from broadcaster.patience import Patience
from broadcaster.producer import Producer
from broadcaster.publish import publish
from clients.python.tests.fakes.service import Session, fake_service
from contracts.problem import Problem, ProblemType

QUICK = Patience(connect_s=2, answer_s=5, outage_s=5, backoff=Backoff(base_s=0.001, cap_s=0.002))


def events(*names: str) -> list[Outgoing]:
    return [Outgoing(orjson.dumps({"id": name}), name) for name in names]


def ack(ref: int, frame: str, offset: int = 0) -> str:
    name = orjson.loads(frame)["id"]
    answer = {"type": "ack", "ref": ref, "id": name, "partition": 0, "offset": offset}
    return orjson.dumps(answer).decode()


def nack(ref: int, kind: ProblemType) -> str:
    answer = {"type": "nack", "ref": ref, "id": None, "problem": Problem(kind, "why").document()}
    return orjson.dumps(answer).decode()


async def take(published: AsyncIterator[Acked | Nacked], into: list[Acked | Nacked]) -> None:
    async for result in published:
        into.append(result)  # noqa: PERF401 - what came before an error counts


async def ack_all(session: Session) -> None:
    ref = 0
    while True:
        frame = await session.receive()
        await session.send(ack(ref, frame, ref))
        ref += 1


async def test_every_event_gets_its_ack() -> None:
    async with fake_service(ack_all) as fake:
        results = [r async for r in publish(fake.url, events(*"abc"), patience=QUICK)]
    assert results == [Acked(0, "a", 0, 0), Acked(1, "b", 0, 1), Acked(2, "c", 0, 2)]


async def test_credentials_and_type_go_with_the_handshake() -> None:
    async with fake_service(ack_all) as fake:
        auth = BasicAuth("user", "pwd")
        published = publish(fake.url, events("a"), auth=auth, type_="m.p", patience=QUICK)
        assert len([r async for r in published]) == 1
    (session,) = fake.sessions
    assert session.authorization == "Basic dXNlcjpwd2Q="
    assert session.asked == {"as": ["m.p"]}
    assert "pwd" not in repr(auth)


async def test_no_credentials_no_header() -> None:
    async with fake_service(ack_all) as fake:
        assert len([r async for r in publish(fake.url, events("a"), patience=QUICK)]) == 1
    assert fake.sessions[0].authorization is None


async def test_events_are_pipelined_and_bounded() -> None:
    async def script(session: Session) -> None:
        frames = [await session.receive() for _ in range(4)]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await session.receive()  # the fifth waits for an answer
        for ref in (3, 1, 0, 2):
            await session.send(ack(ref, frames[ref]))
        for ref in range(4, 6):
            await session.send(ack(ref, await session.receive()))

    async with fake_service(script) as fake:
        published = publish(fake.url, events(*"abcdef"), in_flight=4, patience=QUICK)
        results = [r async for r in published]
    assert [r.id for r in results[:4]] == ["d", "b", "a", "c"]
    assert len(results) == 6


async def test_a_cut_resends_just_the_unacked_with_the_same_id() -> None:
    async def first(session: Session) -> None:
        frames = [await session.receive() for _ in range(3)]
        await session.send(ack(1, frames[1]))
        await asyncio.wait_for(acked.wait(), 5)
        session.cut()

    async def second(session: Session) -> None:
        again = [await session.receive() for _ in range(2)]
        assert [orjson.loads(f)["id"] for f in again] == ["a", "c"]
        for ref, frame in enumerate(again):
            await session.send(ack(ref, frame, 7 + ref))

    acked = asyncio.Event()
    results = []
    async with fake_service(first, second) as fake:
        async for result in publish(fake.url, events(*"abc"), patience=QUICK):
            results.append(result)
            acked.set()
    assert results == [Acked(1, "b", 0, 0), Acked(0, "a", 0, 7), Acked(2, "c", 0, 8)]


async def test_refusals_are_values_and_retriable_ones_are_tried_again() -> None:
    async def script(session: Session) -> None:
        await session.receive()
        await session.send(nack(0, ProblemType.CONTRACT_VIOLATION))
        await session.receive()
        await session.send(nack(1, ProblemType.OUTCOME_UNKNOWN))
        again = await session.receive()
        assert orjson.loads(again)["id"] == "b"
        await session.send(ack(2, again))

    async with fake_service(script) as fake:
        results = [r async for r in publish(fake.url, events("a", "b"), patience=QUICK)]
    assert isinstance(results[0], Nacked)
    assert results[0].refusal.type == "contract-violation"
    assert results[1] == Acked(1, "b", 0, 0)


async def test_a_listener_that_stops_answering_is_left() -> None:
    async def first(session: Session) -> None:
        await session.connection.wait_closed()

    patience = Patience(answer_s=0.1, outage_s=5, backoff=QUICK.backoff)
    async with fake_service(first, ack_all) as fake:
        results = [r async for r in publish(fake.url, events("a"), patience=patience)]
    assert results == [Acked(0, "a", 0, 0)]


async def test_nothing_there_is_one_error(unused_url: str) -> None:
    with pytest.raises(UnreachableError, match="connection refused"):
        await take(publish(unused_url, events("a"), patience=QUICK), [])


async def test_wrong_credentials_are_a_refusal() -> None:
    async with fake_service(refuse_with=[(HTTPStatus.UNAUTHORIZED, b"")]) as fake:
        with pytest.raises(RefusedError, match="Credentials are missing or wrong"):
            await take(publish(fake.url, events("a"), patience=QUICK), [])


async def test_an_outage_beyond_patience_gives_results_and_then_the_error() -> None:
    async def script(session: Session) -> None:
        await session.receive()
        fake.refuse_with.extend([(HTTPStatus.SERVICE_UNAVAILABLE, b"")] * 10_000)
        session.cut()

    patience = Patience(outage_s=0.05, backoff=QUICK.backoff)
    results: list[Acked | Nacked] = []
    async with fake_service(script) as fake:
        with pytest.raises(UnreachableError):
            await take(publish(fake.url, endless(), in_flight=5, patience=patience), results)
    assert {r.index for r in results} == set(range(len(results)))
    assert all(isinstance(r, Nacked) for r in results)
    assert isinstance(results[0], Nacked)
    assert results[0].refusal.type == "outcome-unknown"


async def endless() -> AsyncIterator[Outgoing]:
    number = 0
    while True:
        yield events(str(number))[0]
        number += 1


async def test_a_listener_that_breaks_the_protocol_ends_it() -> None:
    async def script(session: Session) -> None:
        await session.receive()
        await session.send(ack(9, '{"id":"x"}'))

    async with fake_service(script) as fake:
        results: list[Acked | Nacked] = []
        with pytest.raises(ProtocolError):
            await take(publish(fake.url, events_then_wait(), patience=QUICK), results)
    assert [type(r) for r in results] == [Nacked]


async def events_then_wait() -> AsyncIterator[Outgoing]:
    (first, second) = events("a", "b")
    yield first
    await asyncio.sleep(0.2)
    yield second


async def test_a_source_that_breaks_is_heard_after_the_results() -> None:
    async def source() -> AsyncIterator[Outgoing]:
        yield events("a")[0]
        raise RuntimeError("the file is gone")

    results: list[Acked | Nacked] = []
    async with fake_service(ack_all) as fake:
        with pytest.raises(RuntimeError, match="the file is gone"):
            await take(publish(fake.url, source(), patience=QUICK), results)
    assert results == [Acked(0, "a", 0, 0)]


async def test_results_not_taken_hold_the_source_back() -> None:
    taken = 0

    async def source() -> AsyncIterator[Outgoing]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield events(str(number))[0]

    async with fake_service(ack_all) as fake:
        published = publish(fake.url, source(), in_flight=10, patience=QUICK)
        await anext(published)
        await asyncio.sleep(0.2)  # time for a source that is not held back to run away
        assert taken <= 22
        assert len([r async for r in published]) == 999


async def test_leaving_early_leaves_no_task_behind() -> None:
    async def script(session: Session) -> None:
        await session.send(ack(0, await session.receive()))
        await session.connection.wait_closed()

    async with fake_service(script) as fake:
        published = publish(fake.url, endless(), in_flight=3, patience=QUICK)
        await anext(published)
        before = asyncio.current_task()
        async with asyncio.timeout(3):
            await published.aclose()
        others = [t for t in asyncio.all_tasks() if t is not before and "broadcaster" in repr(t)]
    assert others == []


async def test_single_events_can_be_sent_and_awaited() -> None:
    async with (
        fake_service(ack_all) as fake,
        Producer(fake.url, type_="message.posted", patience=QUICK) as producer,
    ):
        first = await producer.send({"text": "hello"})
        second = await producer.send({"specversion": "1.0", "id": "7", "type": "a"})
    assert isinstance(first, Acked)
    assert len(first.id) == 36
    assert second == Acked(1, "7", 0, 1)


async def test_what_cannot_be_text_is_nacked_here() -> None:
    async with fake_service(ack_all) as fake, Producer(fake.url, patience=QUICK) as producer:
        result = await producer.send({"x": object()})
    assert isinstance(result, Nacked)
    assert result.refusal.type == "invalid-json"


async def test_leaving_the_publisher_waits_for_the_answers() -> None:
    async def script(session: Session) -> None:
        frame = await session.receive()
        await asyncio.sleep(0.1)
        await session.send(ack(0, frame))
        await session.connection.wait_closed()

    async with fake_service(script) as fake:
        async with Producer(fake.url, patience=QUICK) as producer:
            future = await producer.submit(events("a")[0])
        assert future.result() == Acked(0, "a", 0, 0)
