"""Blocks over a real ring to real transports: the same bytes as by each transport's own writes."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import Awaitable, Callable, Iterator

import pytest
import uvloop

from chassis.outlet import Outlet, outlet_of
from publisher.infra.ring_writer import FEWEST, RingWriter
from support.rings import ring_or_skip

COUNT = 24
TIMEOUT_S = 20.0
SMALL_BYTES = 4096
"""Of the kernel's buffers here, so that a socket is soon full."""


class Kept(asyncio.Protocol):
    """A server's side of one connection."""

    def __init__(self) -> None:
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, _: Exception | None) -> None:
        self.lost = True


class Room:
    """Connections in pairs, and the writer under test."""

    def __init__(self, writer: RingWriter) -> None:
        self.writer = writer
        self.kept: list[Kept] = []
        self.peers: list[socket.socket] = []
        self.outlets: list[Outlet] = []

    async def open(self, count: int = COUNT) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(count):
            here, peer = socket.socketpair()
            here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BYTES)
            here.setblocking(False)
            peer.setblocking(False)
            _, kept = await loop.connect_accepted_socket(Kept, here)
            self.kept.append(kept)
            self.peers.append(peer)
            self.outlets.append(outlet_of(kept.transport))
            self.writer.joined(self.outlets[-1])

    def read(self, at: int, most: int = 1 << 20) -> bytes:
        try:
            return self.peers[at].recv(most)
        except BlockingIOError:
            return b""

    async def read_all(self, at: int, length: int) -> bytes:
        got = bytearray()
        async with asyncio.timeout(TIMEOUT_S):
            while len(got) < length:
                got += self.read(at)
                await asyncio.sleep(0)
        return bytes(got) + self.read(at)

    def close(self) -> None:
        for kept in self.kept:
            kept.transport.abort()  # type: ignore[attr-defined]
        for peer in self.peers:
            peer.close()


@pytest.fixture
def writer() -> Iterator[RingWriter]:
    failures: list[str] = []
    one = ring_or_skip(lambda: RingWriter(lambda: failures.append("failed")))
    one.failures = failures  # type: ignore[attr-defined]
    yield one
    one.close()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def play(
    request: pytest.FixtureRequest, writer: RingWriter
) -> Callable[[Callable[[Room], Awaitable[None]]], None]:
    """Runs a scene in a room, on either event loop."""

    def run(scene: Callable[[Room], Awaitable[None]]) -> None:
        async def whole() -> None:
            room = Room(writer)
            await room.open()
            try:
                await scene(room)
            finally:
                room.close()
                await asyncio.sleep(0)

        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(whole())

    return run


Play = Callable[[Callable[[Room], Awaitable[None]]], None]


def test_blocks_arrive_whole_and_in_order(play: Play) -> None:
    async def scene(room: Room) -> None:
        row = room.writer.row(room.outlets)
        for number in range(100):
            assert row.write(b"<%d>" % number, 0, COUNT) == []
            assert {room.read(at) for at in range(COUNT)} == {b"<%d>" % number}
        assert not room.writer.marks

    play(scene)


def test_a_part_of_a_row_is_those_alone(play: Play) -> None:
    async def scene(room: Room) -> None:
        row = room.writer.row(room.outlets)
        assert row.write(b"many", 2, 2 + FEWEST) == []
        assert row.write(b"few", 0, FEWEST - 1) == []
        expected = [b"few"] * 2 + [b"manyfew"] * (FEWEST - 3) + [b"many"] * 3
        found = [room.read(at) for at in range(COUNT)]
        assert found == expected + [b""] * (COUNT - len(expected))

    play(scene)


def test_what_a_transport_holds_back_goes_first(play: Play) -> None:
    """Whatever else is written there, by whomever, and however full the sockets are."""

    async def scene(room: Room) -> None:
        chance = random.Random(3)
        row = room.writer.row(room.outlets)
        sent, got = [bytearray() for _ in room.outlets], [bytearray() for _ in room.outlets]
        for number in range(400):
            if chance.random() < 0.5:
                at = chance.randrange(COUNT)
                data = b"(%d)" % number * chance.choice([1, 1, 500, 3000])
                room.outlets[at].write(data)
                room.outlets[at].touched()
                sent[at] += data
            block = b"<%d>" % number * chance.choice([1, 1, 50, 2000])
            assert row.write(block, 0, COUNT) == []
            for at in range(COUNT):
                sent[at] += block
                got[at] += room.read(at, chance.choice([0, 100, 10_000, 100_000]))
            if chance.random() < 0.3:
                await asyncio.sleep(0)
        assert any(outlet.buffered_bytes() for outlet in room.outlets), "nothing was held back"
        for at in range(COUNT):
            got[at] += await room.read_all(at, len(sent[at]) - len(got[at]))
            assert got[at] == sent[at], f"connection {at}"

    play(scene)


def test_who_joins_with_something_held_back_gets_that_first(play: Play) -> None:
    async def scene(room: Room) -> None:
        hello = os.urandom(200_000)
        first = room.outlets[0]
        room.writer.left(first)
        first.write(hello)
        held = first.buffered_bytes()
        assert 0 < held < len(hello)
        room.writer.joined(first)
        got = room.read(0)  # room for a block, and the loop has had no turn
        room.writer.row(room.outlets).write(b"block", 0, COUNT)
        got += await room.read_all(0, len(hello) + len(b"block") - len(got))
        assert got == hello + b"block"

    play(scene)


def test_one_that_is_gone_harms_nobody(play: Play) -> None:
    async def scene(room: Room) -> None:
        row = room.writer.row(room.outlets)
        room.peers[5].close()
        broken = row.write(b"block", 0, COUNT)
        assert broken in ([], [5])  # uvloop raises; asyncio tells the protocol alone
        async with asyncio.timeout(TIMEOUT_S):
            while not room.kept[5].lost:
                await asyncio.sleep(0)
        assert {room.read(at) for at in range(COUNT) if at != 5} == {b"block"}

    play(scene)


def test_a_transport_that_ends_keeps_its_descriptor_until_it_has_told(play: Play) -> None:
    """Else a block could reach whoever got the number next."""

    async def scene(_: Room) -> None:
        numbers = list[int]()

        class Telling(Kept):
            def connection_lost(self, exc: Exception | None) -> None:
                numbers.append(self.transport.get_extra_info("socket").fileno())
                probe, other = socket.socketpair()
                with probe, other:
                    numbers.extend((probe.fileno(), other.fileno()))
                super().connection_lost(exc)

        loop = asyncio.get_running_loop()
        for end in ("close", "abort", "peer"):
            here, peer = socket.socketpair()
            with peer:
                here.setblocking(False)
                transport, kept = await loop.connect_accepted_socket(Telling, here)
                descriptor = outlet_of(transport).descriptor
                numbers.clear()
                peer.close() if end == "peer" else getattr(transport, end)()
                async with asyncio.timeout(TIMEOUT_S):
                    while not kept.lost:
                        await asyncio.sleep(0)
            assert numbers[0] == descriptor
            assert descriptor not in numbers[1:]

    play(scene)


def test_who_left_is_looked_at_no_more(play: Play) -> None:
    async def scene(room: Room) -> None:
        first = room.outlets[0]
        first.write(os.urandom(1 << 20))
        first.touched()
        room.writer.left(first)
        assert first.descriptor not in room.writer.marks
        assert first.marks is None
        room.writer.left(first)

    play(scene)


def test_without_a_ring_it_writes_in_turn(play: Play) -> None:
    async def scene(room: Room) -> None:
        row = room.writer.row(room.outlets)
        row.write(b"1", 0, COUNT)
        room.writer._ring._call = _refused  # type: ignore[method-assign, assignment]
        assert row.write(b"2", 0, COUNT) == []
        assert row.write(b"3", 0, COUNT) == []
        assert not room.writer.is_open
        assert room.writer.failures == ["failed"]  # type: ignore[attr-defined]
        assert {room.read(at) for at in range(COUNT)} == {b"123"}

    play(scene)


def _refused(*_: int) -> int:
    raise PermissionError(1, "no")
