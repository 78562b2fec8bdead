"""From bound sockets to a drained exit: in this process, and as a process that gets signals."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chassis_fakes.peer import Peer
from websockets.frames import Opcode

from chassis import server
from chassis.errors import PortInUseError

PROGRAM = Path(__file__).parents[1] / "fakes" / "chassis_fakes" / "drained.py"


@pytest.fixture
def opened() -> Iterator[list[socket.socket]]:
    sockets: list[socket.socket] = []
    yield sockets
    for each in sockets:
        each.close()


def addresses(sockets: list[socket.socket]) -> list[tuple[str, int]]:
    return [each.getsockname()[:2] for each in sockets]


def has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        return True
    return False


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")


# -- bind ------------------------------------------------------------------------------------------


@needs_ipv6
def test_localhost_is_both_loopbacks_and_port_0_is_the_same_on_both(
    opened: list[socket.socket],
) -> None:
    opened += server.bind("localhost", 0, port_variable="LISTENER_PORT")
    (first, port), (second, same) = addresses(opened)
    assert (first, second) == ("127.0.0.1", "::1")
    assert port == same != 0
    for address in addresses(opened):
        socket.create_connection(address, timeout=5).close()


def test_without_ipv6_localhost_is_the_other_loopback(
    opened: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    bind_one = server._bind_one

    def no_ipv6(family: int, host: str, port: int, sharing: server.Sharing) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        return bind_one(family, host, port, sharing)

    monkeypatch.setattr(server, "_bind_one", no_ipv6)
    opened += server.bind("localhost", 0, port_variable="LISTENER_PORT")
    assert [host for host, _ in addresses(opened)] == ["127.0.0.1"]


def test_port_0_whose_twin_is_taken_is_chosen_anew(
    opened: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    bind_one, refused = server._bind_one, list[int]()

    def taken_twice(family: int, host: str, port: int, sharing: server.Sharing) -> socket.socket:
        if host == "::1" and len(refused) < 2:
            refused.append(port)
            raise OSError(errno.EADDRINUSE, "Address already in use")
        if host == "::1":  # also where there is no IPv6
            family, host = socket.AF_INET, "127.0.0.2"
        return bind_one(family, host, port, sharing)

    monkeypatch.setattr(server, "_bind_one", taken_twice)
    opened += server.bind("localhost", 0, port_variable="LISTENER_PORT")
    assert len(refused) == 2
    ports = {port for _, port in addresses(opened)}
    assert len(opened) == 2
    assert len(ports) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", pytest.param("::1", marks=needs_ipv6)])
def test_a_port_in_use_says_which_and_what_to_do(opened: list[socket.socket], host: str) -> None:
    opened += server.bind(host, 0, port_variable="LISTENER_PORT")
    port = addresses(opened)[0][1]
    with pytest.raises(PortInUseError) as caught:
        server.bind(host, port, port_variable="LISTENER_PORT")
    address = "127.0.0.1" if host == "localhost" else host
    assert str(caught.value) == (
        f"port {port} on {address} is in use by another program; "
        "stop that program or set LISTENER_PORT to a free port"
    )


@needs_ipv6
def test_a_port_in_use_on_the_other_loopback_is_said_and_nothing_stays_open(
    opened: list[socket.socket],
) -> None:
    opened += server.bind("::1", 0, port_variable="LISTENER_PORT")
    port = addresses(opened)[0][1]
    with pytest.raises(PortInUseError, match=f"port {port} on ::1 is in use"):
        server.bind("localhost", port, port_variable="LISTENER_PORT")
    opened += server.bind("127.0.0.1", port, port_variable="LISTENER_PORT")


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_ours_is_said(host: str) -> None:
    with pytest.raises(PortInUseError, match=rf"cannot listen on {host} port 1234 \(.+\)"):
        server.bind(host, 1234, port_variable="LISTENER_PORT")


def test_who_connects_before_the_server_runs_waits(opened: list[socket.socket]) -> None:
    opened += server.bind("127.0.0.1", 0, port_variable="LISTENER_PORT")
    socket.create_connection(addresses(opened)[0], timeout=5).close()


# -- signals: a process of its own -----------------------------------------------------------------


class Program:
    """The program `drained`, which says on its output what happens."""

    def __init__(self, drain: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), drain],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.port = int(self.line().removeprefix("port "))
        self.wait_until_it_serves()

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def wait_until_it_serves(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def ended(self, timeout_s: float = 10) -> tuple[int, list[str], str]:
        """Exit status, the lines that were not read yet, and what was logged."""
        out, err = self.process.communicate(timeout=timeout_s)
        return self.process.returncode, out.splitlines(), err


@pytest.fixture
def programs() -> Iterator[list[Program]]:
    running: list[Program] = []
    yield running
    for each in running:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_once_and_the_exit_status_is_0(
    programs: list[Program], number: int
) -> None:
    program = Program("quick")
    programs.append(program)
    program.signal(number)
    status, lines, logged = program.ended()
    assert (status, lines) == (0, ["drain", "drained", "stopped"])
    assert logged.count('"draining"') == 1
    assert '"error"' not in logged


def complaints(logged: str) -> list[dict[str, Any]]:
    """What was logged above info."""
    lines = [json.loads(line) for line in logged.splitlines()]
    return [line for line in lines if line["level"] not in ("debug", "info")]


async def test_a_peer_that_does_not_answer_the_close_is_no_reason_to_warn(
    programs: list[Program],
) -> None:
    program = Program("quick")
    programs.append(program)
    peer = Peer(program.port)
    await peer.connect("/websocket/leaves")
    await peer.read_frames(Opcode.CLOSE, 1)
    program.signal(signal.SIGTERM)
    status, _, logged = await asyncio.to_thread(program.ended)
    assert status == 0
    assert complaints(logged) == []
    assert '"peers did not answer the close' in logged
    peer.leave()


async def test_what_a_stop_cuts_off_is_said(programs: list[Program]) -> None:
    program = Program("quick")
    programs.append(program)
    peer = Peer(program.port)
    await peer.connect("/websocket/stays")
    _, writer = await asyncio.open_connection("127.0.0.1", program.port)
    writer.write(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
    await asyncio.to_thread(program.line)
    program.signal(signal.SIGTERM)
    status, _, logged = await asyncio.to_thread(program.ended)
    assert status == 0
    (line,) = complaints(logged)
    assert line["level"] == "warning"
    assert line["event"].startswith("the stop cut off what did not end in time")
    assert (line["unfinished"], line["not_taken"]) == (2, 1)
    assert line["not_taken_bytes"] > 1_000_000
    peer.leave()
    writer.close()


async def test_a_limit_that_is_hit_is_said(programs: list[Program]) -> None:
    program = Program("quick")
    programs.append(program)
    reader, writer = await asyncio.open_connection("127.0.0.1", program.port)
    writer.write(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n" * 5)
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(10):
            while await reader.read(1 << 20):
                pass
    writer.close()
    program.signal(signal.SIGTERM)
    _, _, logged = await asyncio.to_thread(program.ended)
    assert [line["limit"] for line in complaints(logged) if "limit" in line] == [
        "DRAINED_MAX_PIPELINED"
    ]


async def test_while_it_drains_it_serves(programs: list[Program]) -> None:
    program = Program("until-told")
    programs.append(program)
    peer = Peer(program.port)
    await peer.connect("/websocket")
    program.signal(signal.SIGTERM)
    assert await asyncio.to_thread(program.line) == "drain"
    late = Peer(program.port)
    await late.connect("/websocket")
    await late.send(b"\x81\x80\x00\x00\x00\x00")  # ends the drain
    await peer.read_frames(Opcode.CLOSE, 1)
    assert peer.close_code == 1012
    status, lines, _ = await asyncio.to_thread(program.ended)
    assert (status, lines) == (0, ["drained", "stopped"])
    peer.leave()
    late.leave()


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_stops_at_once(programs: list[Program], first: int) -> None:
    program = Program("hang")
    programs.append(program)
    program.signal(first)
    assert program.line() == "drain"
    begun_s = time.monotonic()
    program.signal(signal.SIGTERM)
    status, lines, logged = program.ended()
    assert time.monotonic() - begun_s < 3
    assert (status, lines) == (0, ["stopped"])
    assert "asked a second time" in logged


@pytest.mark.parametrize(
    ("drain", "said"),
    [
        pytest.param("raise", "the drain failed", id="raises"),
        pytest.param("cancel", "the drain failed", id="is-cancelled"),
        pytest.param("slow", "the drain took too long", id="hangs"),
        pytest.param("stubborn", "the drain took too long", id="hangs-and-will-not-be-cancelled"),
    ],
)
def test_whatever_the_drain_does_the_process_ends(
    programs: list[Program], drain: str, said: str
) -> None:
    program = Program(drain)
    programs.append(program)
    program.signal(signal.SIGTERM)
    status, lines, logged = program.ended()
    assert (status, lines) == (0, ["drain", "stopped"])
    assert said in logged
    assert logged.count("drain") >= 1
