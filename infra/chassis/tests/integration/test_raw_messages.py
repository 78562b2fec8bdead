"""Messages handed over as they arrive, on a real server: in order, together, and paused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

import pytest
from chassis_fakes.peer import CLOSE, masked
from chassis_fakes.served import LOST, Protocol, Served, until
from starlette.types import Receive, Scope, Send
from websockets.frames import Frame, Opcode

from chassis.limit_hits import Limit
from chassis.raw_websocket import EXTENSION, RawWebSocket

Serve = Callable[..., Served]


class Taker:
    """An application that takes messages as they arrive."""

    def __init__(self) -> None:
        self.reads: list[list[str | bytes]] = []
        self.raw: RawWebSocket
        self.received: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        self.raw = scope["extensions"][EXTENSION]
        self.raw.on_messages = self.reads.append
        while True:
            message = await receive()
            self.received.append(message["type"])
            if message["type"] == "websocket.disconnect":
                return

    @property
    def messages(self) -> list[str | bytes]:
        return [message for read in self.reads for message in read]


@pytest.fixture
def taker() -> Taker:
    return Taker()


def fragments(*parts: bytes) -> bytes:
    last = len(parts) - 1
    return b"".join(
        Frame(Opcode.CONT if at else Opcode.TEXT, part, fin=at == last).serialize(mask=True)
        for at, part in enumerate(parts)
    )


async def test_messages_of_every_kind_come_in_their_order(serve: Serve, taker: Taker) -> None:
    peer = await serve(taker).peer()
    large = b"x" * 100_000
    await peer.send(
        masked(Opcode.TEXT, b"1")
        + masked(Opcode.BINARY, b"2")
        + fragments(b"3", b"", "ü".encode())
        + masked(Opcode.PING, b"?")
        + masked(Opcode.TEXT, large)
        + masked(Opcode.TEXT, b"4")
    )
    await until(lambda: len(taker.messages) == 5, "all came")
    assert taker.messages == ["1", b"2", "3ü", large.decode(), "4"]
    await peer.read_frames(Opcode.PONG, 1)
    await peer.send(CLOSE)
    await until(lambda: taker.received == ["websocket.disconnect"], "the end is received")


async def test_texts_of_one_read_come_together(serve: Serve, taker: Taker) -> None:
    peer = await serve(taker).peer()
    await peer.send(b"".join(masked(Opcode.TEXT, b"%d" % number) for number in range(50)))
    await until(lambda: len(taker.messages) == 50, "all came")
    assert len(taker.reads) <= 3
    assert taker.messages == [str(number) for number in range(50)]


async def test_texts_before_a_close_are_taken_and_those_behind_it_are_not(
    serve: Serve, taker: Taker
) -> None:
    served = serve(taker)
    peer = await served.peer()
    await peer.send(masked(Opcode.TEXT, b"last") + CLOSE + masked(Opcode.TEXT, b"behind"))
    await peer.read_to_end()
    assert taker.messages == ["last"]
    assert peer.close_code == 1000
    assert served.log.count(LOST) == 1


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(masked(Opcode.TEXT, b"\xff"), 1007, id="invalid-utf8"),
        pytest.param(fragments(b"\xff", b"a"), 1007, id="invalid-utf8-in-fragments"),
        pytest.param(b"\xff\xff\xff\xff", 1002, id="nonsense"),
        pytest.param(b"\x81\xff" + (1 << 40).to_bytes(8, "big") + b"mask", 1009, id="too-large"),
    ],
)
async def test_what_breaks_the_protocol_closes_after_what_came_before(
    serve: Serve, taker: Taker, sent: bytes, code: int
) -> None:
    served = serve(taker)
    peer = await served.peer()
    await peer.send(masked(Opcode.TEXT, b"before") + sent)
    await peer.read_to_end()
    assert taker.messages == ["before"]
    assert peer.close_code == code
    await until(lambda: served.connections == 0, "the connection is gone")
    assert served.log.count(LOST) == 1


async def test_paused_the_socket_is_not_read_and_resumed_it_is(serve: Serve, taker: Taker) -> None:
    peer = await serve(taker).peer()
    await until(lambda: hasattr(taker, "raw"), "accepted")
    taker.raw.pause_reading()
    taker.raw.pause_reading()
    await peer.send(masked(Opcode.TEXT, b"1"))
    await asyncio.sleep(0.05)
    assert taker.messages == []
    taker.raw.resume_reading()
    taker.raw.resume_reading()
    await until(lambda: taker.messages == ["1"], "read again")


async def test_while_the_socket_is_not_read_nobody_is_given_up_for_a_pong_in_it(
    serve: Serve, taker: Taker
) -> None:
    peer = await serve(taker, ws_ping_interval=0.2, ws_ping_timeout=0.1).peer()
    await until(lambda: hasattr(taker, "raw"), "accepted")
    taker.raw.pause_reading()
    await asyncio.sleep(0.8)
    assert taker.raw.is_open
    taker.raw.resume_reading()
    await peer.read_to_end()
    assert peer.close_code == 1011, "read again, and it does not answer"


async def test_a_paused_connection_that_the_application_closes_hears_the_answer(
    serve: Serve,
) -> None:
    async def app(scope: Scope, _: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        raw: RawWebSocket = scope["extensions"][EXTENSION]
        raw.on_messages = lambda _: None
        raw.pause_reading()
        await send({"type": "websocket.close", "code": 4001})

    served = serve(app)
    peer = await served.peer()
    await peer.read_frames(Opcode.CLOSE, 1)
    await peer.send(masked(Opcode.TEXT, b"said meanwhile") + CLOSE)
    await peer.read_to_end()
    await until(lambda: served.connections == 0, "the connection is gone")
    served.raw.pause_reading()
    served.raw.resume_reading()


async def test_a_message_in_many_pieces_is_kept_as_one(serve: Serve, taker: Taker) -> None:
    """A piece of no bytes counts towards no bound, and would be kept all the same."""
    peer = await (served := serve(taker)).peer()
    piece = Frame(Opcode.CONT, b"", fin=False).serialize(mask=True)
    await peer.send(Frame(Opcode.TEXT, b"a", fin=False).serialize(mask=True) + piece * 3000)
    await peer.send(masked(Opcode.PING, b"?"))
    await peer.read_frames(Opcode.PONG, 1)
    assert len(served.raw._protocol.frames) == 1
    await peer.send(masked(Opcode.CONT, b"b") + fragments(b"c", b"d"))
    await peer.send(
        Frame(Opcode.BINARY, b"e", fin=False).serialize(mask=True) + masked(Opcode.CONT, b"f")
    )
    await until(lambda: len(taker.messages) == 3, "all came")
    assert taker.messages == ["ab", "cd", b"ef"]


async def test_a_read_of_many_small_frames_does_not_keep_others_from_their_turn(
    serve: Serve, taker: Taker
) -> None:
    peer = await (served := serve(taker)).peer()
    await until(lambda: hasattr(taker, "raw"), "accepted")
    pings = b"".join(masked(Opcode.PING, b"%d" % number) for number in range(5000))
    protocol = served.raw._protocol
    protocol.data_received(pings + masked(Opcode.TEXT, b"1"))
    assert taker.messages == []
    taker.raw.pause_reading()
    taker.raw.resume_reading()
    protocol.data_received(masked(Opcode.TEXT, b"2"))
    await peer.send(masked(Opcode.TEXT, b"3"))
    await until(lambda: len(taker.messages) == 3, "all came")
    assert taker.messages == ["1", "2", "3"]
    frames = await peer.read_frames(Opcode.PONG, 5000)
    assert [int(bytes(frame.data)) for frame in frames] == list(range(5000))


class FewControlFrames(Protocol):
    """Three a minute; it notes what was hit."""

    control_frames_per_minute = 3
    hits: ClassVar[list[Limit]] = []

    @classmethod
    def on_limit(cls, limit: Limit) -> None:
        cls.hits.append(limit)


async def ignores(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI's
    """An application that receives: what it is sent is all the library's."""
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("kind", [Opcode.PING, Opcode.PONG])
async def test_pings_and_pongs_that_nobody_asked_for_are_bounded(
    serve: Serve, taker: Taker, kind: Opcode, *, raw: bool
) -> None:
    """They go past the application, which could not count them."""
    FewControlFrames.hits.clear()
    served = serve(taker if raw else ignores, ws=FewControlFrames)
    peer = await served.peer()
    await peer.send(masked(kind, b"1") * 3 + masked(Opcode.TEXT, b"taken"))
    if raw:
        await until(lambda: taker.messages == ["taken"], "as many as may be")
    assert served.raw.is_open
    await peer.send(masked(kind, b"2"))
    await peer.read_to_end()
    assert peer.close_code == 1008
    assert FewControlFrames.hits == [Limit.CONTROL_FRAMES]
    assert served.log.count(LOST) == 1
    await until(lambda: served.connections == 0, "the connection is gone")


async def test_a_flood_is_cut_off_within_a_read(serve: Serve, taker: Taker) -> None:
    FewControlFrames.hits.clear()
    served = serve(taker, ws=FewControlFrames)
    await served.peer()
    await until(lambda: hasattr(taker, "raw"), "accepted")
    for kind in (Opcode.PING, Opcode.PONG):
        served.raw._protocol.data_received(masked(kind) * 5000)
    assert not served.raw.is_open
    assert FewControlFrames.hits == [Limit.CONTROL_FRAMES]
    await until(lambda: served.connections == 0, "the connection is gone")


@pytest.mark.parametrize("raw", [True, False])
async def test_who_answers_pings_may_do_so_without_end(
    serve: Serve, taker: Taker, *, raw: bool
) -> None:
    FewControlFrames.hits.clear()
    served = serve(taker if raw else ignores, ws=FewControlFrames, ws_ping_interval=0.02)
    peer = await served.peer()
    for count in range(1, 7):
        frames = await peer.read_frames(Opcode.PING, count)
        ping = [frame for frame in frames if frame.opcode is Opcode.PING][count - 1]
        await peer.send(masked(Opcode.PONG, bytes(ping.data)))
    assert served.raw.is_open
    assert FewControlFrames.hits == []
    await peer.send(CLOSE)


@pytest.mark.parametrize("end", [b"", CLOSE, b"\xff\xff\xff\xff"])
async def test_what_was_read_is_handed_over_though_the_connection_goes_meanwhile(
    serve: Serve, taker: Taker, end: bytes
) -> None:
    await (served := serve(taker)).peer()
    await until(lambda: hasattr(taker, "raw"), "accepted")
    protocol = served.raw._protocol
    protocol.data_received(masked(Opcode.PING) * 5000 + masked(Opcode.TEXT, b"last") + end)
    protocol.transport.abort()
    await until(lambda: "websocket.disconnect" in taker.received, "the end is received")
    assert taker.messages == ["last"]
    await until(lambda: served.connections == 0, "the connection is gone")


async def test_an_application_that_fails_to_take_what_is_left_is_told_of_the_end(
    serve: Serve, taker: Taker
) -> None:
    """Its descriptor is another connection's soon, and whoever writes to it must know."""
    await (served := serve(taker)).peer()
    await until(lambda: hasattr(taker, "raw"), "accepted")
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: faults.append(told))

    def take(_: list[str | bytes]) -> None:
        raise LookupError("the application's own fault")

    taker.raw.on_messages = take
    protocol, log = served.raw._protocol, served.log
    protocol.data_received(masked(Opcode.PING) * 5000 + masked(Opcode.TEXT, b"last"))
    protocol.transport.abort()
    await until(lambda: served.connections == 0, "the connection is gone")
    assert log[-1] == LOST
    assert len(faults) == 1
