"""``broadcaster tail`` as a process against a publisher that follows a script."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from http import HTTPStatus
from pathlib import Path

import orjson
import pytest

from broadcaster.connection import BasicAuth, BearerAuth
from clients.python.tests.fakes.frames import hello
from clients.python.tests.fakes.service import Session, fake_service
from clients.python.tests.integration.conftest import Command, started
from contracts.frames import end_frame, error_frame, event_frame, events_frame, heartbeat_frame
from contracts.problem import Problem, ProblemType

PYTHON = sys.executable


def event(offset: int, **members: object) -> bytes:
    cloud_event = {"specversion": "1.0", "id": str(offset), "type": "message.posted"} | members
    return event_frame(0, offset, orjson.dumps(cloud_event))


async def hold(session: Session) -> None:
    await session.connection.wait_closed()


async def test_lines_for_people(command: Command) -> None:
    async def script(session: Session) -> None:
        assert session.asked == {"since": ["-15m"]}
        await session.send(
            hello("0:7"),
            event(7, time="2026-11-22T10:00:00Z", partitionkey="k", data={"text": "grüß"}),
            end_frame("0:8"),
        )

    async with fake_service(script) as fake:
        done = await command("tail", fake.url, "--since", "-15m")
    assert done.status == 0
    assert done.out == '0:7  2026-11-22T10:00:00Z  message.posted  k  {"text":"grüß"}\n'
    assert done.err == ""


async def test_json_is_what_was_sent(command: Command) -> None:
    frame = event_frame(0, 0, b'{"id":"x", "n":123456789012345678901234567890,"f":1.0}')

    async def script(session: Session) -> None:
        await session.send(hello("0:0"), frame, end_frame("0:1"))

    async with fake_service(script) as fake:
        done = await command("tail", fake.url, "--json")
    assert done.out.encode() == frame + b"\n"


async def test_json_is_a_line_for_each_event_of_a_frame(command: Command) -> None:
    frames = [
        event_frame(0, 0, b'{"id":"x", "n":123456789012345678901234567890,"f":1.0}'),
        event_frame(1, 7, b'{"id":"y","events":[{"z":"}{"}]}'),
    ]

    async def script(session: Session) -> None:
        assert session.asked == {"batch": ["true"]}
        await session.send(hello("0:0,1:7"), events_frame(frames), end_frame("0:1,1:8"))

    async with fake_service(script, compression="deflate") as fake:
        done = await command("tail", fake.url, "--batch", "--json")
    assert done.out.encode().splitlines() == frames


async def test_all_options_reach_the_publisher(command: Command) -> None:
    async def script(session: Session) -> None:
        assert session.asked == {
            "since": ["0:1"],
            "until": ["now"],
            "type": ["order.*,message.posted"],
            "key": ["a", "b"],
            "on_expired": ["earliest"],
            "on_ahead": ["tip"],
        }
        await session.send(hello("0:1", until="0:1"), end_frame("0:1"))

    options = "--since 0:1 --until now --type order.* --type message.posted --key a --key b"
    async with fake_service(script) as fake:
        done = await command(
            "tail",
            *options.split(),
            "--on-expired=earliest",
            "--on-ahead=tip",
            BROADCASTER_PUBLISHER_URL=fake.url,
        )
    assert done.status == 0


async def test_an_event_cannot_steer_the_terminal(command: Command) -> None:
    async def script(session: Session) -> None:
        bad = event(0, type="\x1b[2J\x07", data={"text": "\x9b31m\u202e[bold]x[/bold]"})
        await session.send(hello("0:0"), bad, end_frame("0:1"))

    async with fake_service(script) as fake:
        done = await command("tail", fake.url)
    assert all(c.isprintable() for c in done.out.rstrip("\n"))
    assert "[bold]x[/bold]" in done.out


async def test_it_resumes_by_itself_and_says_so(command: Command) -> None:
    async def first(session: Session) -> None:
        await session.send(hello("0:0@3f9c21aa"), event(0))
        session.cut()

    async def second(session: Session) -> None:
        assert session.asked["since"] == ["0:1@3f9c21aa"]
        await session.send(hello("0:1@3f9c21aa"), event(1), end_frame("0:2@3f9c21aa"))

    async with fake_service(first, second) as fake:
        done = await command("tail", fake.url, "--json")
    assert [orjson.loads(line)["offset"] for line in done.out.splitlines()] == [0, 1]
    assert done.status == 0
    # a resumption after less than 0.2 s is told on terminals only
    assert done.err == "" or "resuming from 0:1@3f9c21aa" in done.err


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (ProblemType.CURSOR_EXPIRED, "--on-expired earliest"),
        (ProblemType.CURSOR_AHEAD, "--on-ahead tip"),
        (ProblemType.CURSOR_FOREIGN, "--since earliest"),
        (ProblemType.INVALID_CURSOR, "--help"),
        (ProblemType.INVALID_REQUEST, "--help"),
    ],
)
async def test_a_refused_cursor_says_what_to_do(
    command: Command, kind: ProblemType, says: str
) -> None:
    async def script(session: Session) -> None:
        await session.send(error_frame(Problem(kind, "the very detail")))
        await session.close(kind.value.close_code)

    async with fake_service(script) as fake:
        done = await command("tail", fake.url, "--since", "x")
    assert done.status == 2
    assert kind.value.title in done.err
    assert "the very detail" in done.err
    assert says in done.err
    assert "Traceback" not in done.err


async def test_credentials_are_sent_and_kept_out_of_sight(command: Command) -> None:
    asked: list[str | None] = []

    async def script(session: Session) -> None:
        asked.append(session.authorization)
        await session.send(hello("0:0", until="0:0"), end_frame("0:0"))

    async with fake_service(*[script] * 5) as fake:
        await command("tail", fake.url, "--user", "ann", "--password", "a")
        await command("tail", fake.url, BROADCASTER_USER="ann", BROADCASTER_PASSWORD="a")
        await command("tail", fake.url)
        await command("tail", fake.url, "--token", "t")
        await command("tail", fake.url, BROADCASTER_TOKEN="t", BROADCASTER_USER="ann")
    by_name = BasicAuth("ann", "a").header()["Authorization"]
    assert asked == [by_name, by_name, None, "Bearer t", "Bearer t"]
    assert "secret" not in repr([BasicAuth("ann", "secret"), BearerAuth("secret")])


@pytest.mark.parametrize(
    ("kind", "says"),
    [(ProblemType.UNAUTHENTICATED, "BROADCASTER_PASSWORD"), (ProblemType.FORBIDDEN, "--key")],
)
@pytest.mark.parametrize("at", ["the handshake", "a close", "a later close"])
async def test_who_may_not_is_told_what_to_do_and_does_not_come_again(
    command: Command, kind: ProblemType, says: str, at: str
) -> None:
    problem = Problem(kind, "the very detail")

    async def script(session: Session) -> None:
        if at == "a later close":
            await session.send(hello("0:5@3f9c21aa"), event(5))
        await session.send(error_frame(problem))
        await session.close(kind.value.close_code)

    status = HTTPStatus(kind.value.status)
    refused = [(status, problem.encode())] if at == "the handshake" else []
    async with fake_service(script, refuse_with=refused) as fake:
        done = await command("tail", fake.url)
        assert len(fake.sessions) == (at != "the handshake")
    assert done.status == 2
    assert kind.value.title in done.err
    assert "the very detail" in done.err
    assert says in done.err
    assert ("0:6@3f9c21aa" in done.err) == (at == "a later close")


async def test_a_dead_publisher_is_one_clear_line(command: Command, unused_url: str) -> None:
    done = await command("tail", unused_url)
    assert done.status == 1
    (line,) = done.err.splitlines()
    assert unused_url in line
    assert "not running" in line
    assert "make run" in line


async def test_an_address_that_is_none(command: Command) -> None:
    done = await command("tail", "http://localhost:8081/")
    assert done.status == 1
    assert "ws://localhost:8081/websocket" in done.err
    assert len(done.err.splitlines()) == 1


async def test_ctrl_c_hands_the_cursor_over() -> None:
    async def script(session: Session) -> None:
        await session.send(hello("0:5@3f9c21aa"), event(5))
        await hold(session)

    async with fake_service(script) as fake, started("tail", fake.url) as process:
        assert process.stdout is not None
        await asyncio.wait_for(process.stdout.readline(), 10)
        process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), 5)
    assert process.returncode == 130
    assert err.decode().strip() == (
        "Stopped at 0:6@3f9c21aa; go on from here with --since 0:6@3f9c21aa"
    )


async def test_a_reader_that_leaves_is_no_error() -> None:
    gone = asyncio.Event()

    async def script(session: Session) -> None:
        await session.send(hello("0:0"), event(0))
        await gone.wait()
        await session.send(*(event(offset) for offset in range(1, 5000)))
        await hold(session)

    async with fake_service(script) as fake:
        process = await asyncio.create_subprocess_shell(
            f"exec 3>&1; {{ {PYTHON} -m broadcaster tail {fake.url}; echo $? >&3; }} | head -n 1",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        first = await asyncio.wait_for(process.stdout.readline(), 10)
        gone.set()
        out, err = await asyncio.wait_for(process.communicate(), 10)
    assert first.startswith(b"0:0")
    assert out == b"0\n"
    assert err == b""


async def test_count_stops(command: Command) -> None:
    async def script(session: Session) -> None:
        await session.send(hello("0:0"), *(event(offset) for offset in range(10)))
        await hold(session)

    async with fake_service(script) as fake:
        done = await command("tail", fake.url, "--count", "3")
    assert done.status == 0
    assert len(done.out.splitlines()) == 3


async def test_the_cursor_file_goes_on_where_it_stood(command: Command, tmp_path: Path) -> None:
    async def first(session: Session) -> None:
        assert session.asked["since"] == ["earliest"]
        await session.send(hello("0:0@3f9c21aa"), *(event(offset) for offset in range(10)))
        await hold(session)

    async def second(session: Session) -> None:
        assert session.asked["since"] == ["0:3@3f9c21aa"]
        await session.send(hello("0:3@3f9c21aa"), heartbeat_frame("0:9@3f9c21aa", 0))
        await session.send(end_frame("0:9@3f9c21aa"))

    path = tmp_path / "cursor"
    arguments = ["--since", "earliest", "--cursor-file", str(path)]
    async with fake_service(first, second) as fake:
        await command("tail", fake.url, *arguments, "--count", "3")
        assert path.read_text() == "0:3@3f9c21aa\n"
        done = await command("tail", fake.url, *arguments)
    assert done.status == 0
    assert path.read_text() == "0:9@3f9c21aa\n"
    assert os.listdir(tmp_path) == ["cursor"]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_the_cursor_file_is_saved_when_stopped(stop: signal.Signals, tmp_path: Path) -> None:
    async def script(session: Session) -> None:
        await session.send(hello("0:0"), *(event(offset) for offset in range(3)))
        await hold(session)

    path = tmp_path / "cursor"
    async with (
        fake_service(script) as fake,
        started("tail", fake.url, "--cursor-file", str(path)) as process,
    ):
        assert process.stdout is not None
        for _ in range(3):
            await asyncio.wait_for(process.stdout.readline(), 10)
        process.send_signal(stop)
        await asyncio.wait_for(process.communicate(), 5)
    assert process.returncode == 128 + stop
    assert path.read_text() == "0:3\n"


async def test_a_cursor_file_that_holds_something_else_is_left_alone(
    command: Command, tmp_path: Path, unused_url: str
) -> None:
    path = tmp_path / "notes"
    path.write_text("my notes\n")
    done = await command("tail", unused_url, "--cursor-file", str(path))
    assert done.status == 1
    assert "holds no cursor" in done.err
    assert path.read_text() == "my notes\n"
