"""``broadcaster demo`` against a listener and a publisher that share a list for a topic."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import orjson
import pytest

from broadcaster.cli.demo import DemoOptions, run_demo
from broadcaster.connection import BasicAuth, BearerAuth
from broadcaster.errors import UnreachableError
from clients.python.tests.fakes.frames import hello
from clients.python.tests.fakes.service import Session, fake_service
from contracts.frames import event_frame, live_frame
from contracts.problem import Problem, ProblemType


@dataclass(slots=True)
class Topic:
    """One partition in memory, with a listener before it and a publisher behind it."""

    records: list[bytes] = field(default_factory=lambda: [b'{"source":"/someone/else"}'])
    grown: asyncio.Condition = field(default_factory=asyncio.Condition)
    loses: int | None = None
    accepts_all: bool = False

    async def listener(self, session: Session) -> None:
        for ref in range(1000):
            text = await session.receive()
            answer = {"type": "ack", "ref": ref, "partition": 0, "offset": len(self.records)}
            answer["id"] = orjson.loads(text)["id"]
            if '"quantity":0' in text and not self.accepts_all:
                problem = Problem(ProblemType.CONTRACT_VIOLATION, "no").document()
                answer = {"type": "nack", "ref": ref, "problem": problem}
            else:
                async with self.grown:
                    self.records.append(text.encode())
                    self.grown.notify_all()
            await session.send(orjson.dumps(answer))

    async def publisher(self, session: Session) -> None:
        since = session.asked.get("since")
        at = int(since[0].removeprefix("0:")) if since else len(self.records)
        await session.send(hello(f"0:{at}"), live_frame(f"0:{at}", 0))
        sending = asyncio.create_task(self.send_on(session, at))
        await session.connection.wait_closed()
        sending.cancel()

    async def send_on(self, session: Session, at: int) -> None:
        while True:
            async with self.grown:
                await self.grown.wait_for(lambda: len(self.records) > at)  # noqa: B023
            if at != self.loses:
                await session.send(event_frame(0, at, self.records[at]))
            at += 1


async def demo(topic: Topic) -> int:
    async with (
        fake_service(topic.listener) as listener,
        fake_service(topic.publisher, topic.publisher) as publisher,
    ):
        return await run_demo(DemoOptions(listener.url, publisher.url, None, 0.0, 1.0))


async def test_everything_seen(capsys: pytest.CaptureFixture[str]) -> None:
    assert await demo(Topic()) == 0
    out = capsys.readouterr().out
    assert "8 events acked, 1 refused; both subscribers saw all 8" in out
    assert "Grüße, 世界" in out


async def test_both_services_are_given_the_credentials() -> None:
    topic = Topic()
    async with (
        fake_service(topic.listener) as listener,
        fake_service(topic.publisher, topic.publisher) as publisher,
    ):
        auth = BasicAuth("ann", "a")
        assert await run_demo(DemoOptions(listener.url, publisher.url, auth, 0.0, 1.0)) == 0
    sent = {each.authorization for each in [*listener.sessions, *publisher.sessions]}
    assert sent == {auth.header()["Authorization"]}


async def test_a_publisher_of_tokens_is_given_the_token_and_the_listener_the_password() -> None:
    topic = Topic()
    async with (
        fake_service(topic.listener) as listener,
        fake_service(topic.publisher, topic.publisher) as publisher,
    ):
        auth, token = BasicAuth("ann", "a"), BearerAuth("t.o.ken")
        options = DemoOptions(listener.url, publisher.url, auth, 0.0, 1.0, subscriber=token)
        assert await run_demo(options) == 0
    assert {each.authorization for each in listener.sessions} == {auth.header()["Authorization"]}
    assert {each.authorization for each in publisher.sessions} == {"Bearer t.o.ken"}


async def test_a_dead_publisher_is_one_error(unused_url: str) -> None:
    with pytest.raises(UnreachableError):
        await run_demo(DemoOptions(unused_url, unused_url, None, 0.0, 5.0))


async def test_an_event_that_does_not_arrive_fails_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert await demo(Topic(loses=3)) == 1
    out = capsys.readouterr().out
    assert "not everything arrived" in out
    assert "PUBLISHER_KEYS=own" in out, "the one setting that makes this happen"


async def test_a_violation_that_is_stored_fails_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert await demo(Topic(accepts_all=True)) == 1
    assert "accepted an event that violates" in capsys.readouterr().out
