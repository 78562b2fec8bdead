"""``broadcaster publish`` as a process against a listener that follows a script."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import orjson

from clients.python.tests.fakes.service import Session, fake_service
from clients.python.tests.integration.conftest import Command, started
from contracts.problem import Problem, ProblemType


class Listener:
    """Acks everything but what says ``"refuse"``, and keeps what it got."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self._grown = asyncio.Event()

    async def has(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.got) < count:
                self._grown.clear()
                await self._grown.wait()

    async def __call__(self, session: Session) -> None:
        ref = 0
        while True:
            text = await session.receive()
            event = orjson.loads(text) if text.startswith("{") else {"raw": text}
            self.got.append(event)
            self._grown.set()
            answer: dict[str, Any] = {"type": "ack", "ref": ref, "id": event.get("id", "x")}
            answer |= {"partition": 0, "offset": ref}
            if "refuse" in text:
                errors = [
                    {"pointer": "/lines/0/quantity", "keyword": "minimum", "detail": "0 < 1"},
                    {"pointer": "/currency", "keyword": "pattern", "detail": "no currency"},
                ]
                problem = Problem(ProblemType.CONTRACT_VIOLATION, "2 of them", {"errors": errors})
                answer = {"type": "nack", "ref": ref, "id": None, "problem": problem.document()}
            await session.send(orjson.dumps(answer))
            ref += 1


async def test_stdin_lines_are_acked(command: Command) -> None:
    listener = Listener()
    lines = b'{"specversion":"1.0","id":"1","type":"a"}\n\n{"specversion":"1.0","type":"b"}'
    async with fake_service(listener) as fake:
        done = await command("publish", "--url", fake.url, stdin=lines)
    assert (done.status, done.out, done.err) == (0, "2 acked, 0 refused\n", "")
    assert listener.got[0]["id"] == "1"
    assert len(listener.got[1]["id"]) == 36
    assert fake.sessions[0].asked == {}
    assert fake.sessions[0].authorization is None


async def test_type_makes_data_of_what_is_no_event(command: Command) -> None:
    listener = Listener()
    async with fake_service(listener) as fake:
        done = await command(
            "publish", "--type", "message.posted", "-", stdin=b'hello\r\n{"text":"x"}\n',
            BROADCASTER_LISTENER_URL=fake.url,
            BROADCASTER_USER="user",
            BROADCASTER_PASSWORD="pwd",
        )  # fmt: skip
    assert done.out == "2 acked, 0 refused\n"
    assert [e["data"] for e in listener.got] == [{"text": "hello"}, {"text": "x"}]
    assert {e["type"] for e in listener.got} == {"message.posted"}
    assert fake.sessions[0].asked == {"as": ["message.posted"]}
    assert fake.sessions[0].authorization == "Basic dXNlcjpwd2Q="


async def test_a_refusal_names_its_line_and_pointers(command: Command) -> None:
    async with fake_service(Listener()) as fake:
        done = await command("publish", "--url", fake.url, stdin=b"one\nrefuse\n\xff\nfour\n")
    assert done.status == 1
    assert done.out == "2 acked, 2 refused\n"
    lines = done.err.splitlines()
    at = lines.index(
        "line 2: The event violates its contract (contract-violation): 2 of them",
    )
    assert lines[at + 1].split() == ["/lines/0/quantity", "minimum", "0", "<", "1"]
    assert lines[at + 2].split() == ["/currency", "pattern", "no", "currency"]
    assert any(line.startswith("line 3: Not JSON (invalid-json)") for line in lines)


async def test_files(command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(b'{"n":1}\n{"n":"refuse"}\n')
    (tmp_path / "b.json").write_text('{\n  "n": 3\n}\n')
    listener = Listener()
    async with fake_service(listener) as fake:
        done = await command(
            "publish",
            "--url",
            fake.url,
            "--type",
            "t",
            str(tmp_path / "a.ndjson"),
            str(tmp_path / "b.json"),
        )
    assert done.out == "2 acked, 1 refused\n"
    assert f"{tmp_path / 'a.ndjson'}:2: " in done.err
    assert [e["data"]["n"] for e in listener.got] == [1, "refuse", 3]


async def test_a_missing_file_is_found_before_anything_is_sent(
    command: Command, tmp_path: Path, unused_url: str
) -> None:
    done = await command("publish", "--url", unused_url, str(tmp_path / "nowhere"))
    assert done.status == 1
    assert done.err.splitlines() == [
        f"{tmp_path / 'nowhere'} cannot be read: No such file or directory"
    ]


async def test_lines_go_out_as_they_are_typed() -> None:
    """What comes through a pipe that stays open is not held back."""
    listener = Listener()
    async with fake_service(listener) as fake, started("publish", "--url", fake.url) as process:
        assert process.stdin is not None
        for number in range(3):
            process.stdin.write(b'{"n":%d}\n' % number)
            await listener.has(number + 1)
        out, _ = await asyncio.wait_for(process.communicate(b""), 10)
    assert out == b"3 acked, 0 refused\n"


async def test_ctrl_c_while_waiting_for_stdin_sums_up() -> None:
    listener = Listener()
    async with fake_service(listener) as fake, started("publish", "--url", fake.url) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"one\n")
        await listener.has(1)
        process.send_signal(signal.SIGINT)
        out = await asyncio.wait_for(process.stdout.read(), 5)
        assert await asyncio.wait_for(process.wait(), 5) == 130
    assert out.startswith((b"1 acked, 0 refused", b"0 acked, 0 refused, 1 without"))


async def test_a_dead_listener_is_one_clear_line(command: Command, unused_url: str) -> None:
    done = await command("publish", "--url", unused_url, stdin=b"x\n")
    assert done.status == 1
    (line,) = done.err.splitlines()
    assert unused_url in line
    assert "make run" in line
    assert done.out == ""


async def test_a_big_input_streams(command: Command) -> None:
    count = 20_000
    listener = Listener()
    lines = b"".join(b'{"n":%d}\n' % number for number in range(count))
    async with fake_service(listener) as fake:
        done = await command("publish", "--url", fake.url, "--type", "t", stdin=lines)
    assert done.out == f"{count} acked, 0 refused\n"
    assert [e["data"]["n"] for e in listener.got] == list(range(count))
