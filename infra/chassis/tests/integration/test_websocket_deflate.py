"""permessage-deflate on a real server: messages made once, ordinary ones, and what clients send."""

from __future__ import annotations

import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from chassis_fakes.peer import Peer, masked
from chassis_fakes.served import Served, until
from starlette.types import Receive, Scope, Send
from websockets.frames import Frame, Opcode

from chassis.raw_websocket import EXTENSION, RawWebSocket
from chassis.websocket_deflate import deflated_text_frame
from chassis.websocket_frames import text_frame

Serve = Callable[..., Served]
OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
LONG = b'{"type":"events","events":[%b]}' % (b'{"partition":0},' * 300)
SHARED = deflated_text_frame(LONG)
LIMIT = 4096


class Application:
    """Takes what is offered, writes raw and otherwise, keeps what it is sent."""

    def __init__(self) -> None:
        self.taken: list[bool] = []
        self.received: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw: RawWebSocket = scope["extensions"][EXTENSION]
        taken = raw.take_deflate()
        self.taken.append(taken)
        await send({"type": "websocket.accept"})
        raw.writer()(text_frame(b"hello"))
        if taken:
            raw.writer()(SHARED)
            await send({"type": "websocket.send", "text": "x" * 1000})
            raw.writer()(SHARED)
        while (message := await receive())["type"] != "websocket.disconnect":
            if message["type"] == "websocket.receive":
                self.received.append(message["text"])


def compressed(data: bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True) -> bytes:
    """A client's compressed frame."""
    frame = bytearray(Frame(opcode, data, fin=fin).serialize(mask=True))
    frame[0] |= 0x40 if opcode is not Opcode.CONT else 0  # RSV1
    return bytes(frame)


def deflate(payload: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


async def offering(serve: Serve, app: Application) -> Peer:
    peer = await serve(app, ws_max_size=LIMIT).peer("/", OFFER)
    await peer.read_frames(Opcode.TEXT, 4)
    return peer


async def test_one_compressed_message_serves_all_between_ordinary_ones(serve: Serve) -> None:
    app = Application()
    served = serve(app)
    for _ in range(2):
        peer = await served.peer("/", OFFER)
        await peer.read_frames(Opcode.TEXT, 4)
        assert peer.texts == [b"hello", LONG, b"x" * 1000, LONG]
        assert bytes(peer.received).count(SHARED) == 2
        answer = b"permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        assert answer in peer.head


async def test_without_an_offer_there_is_no_compression(serve: Serve) -> None:
    app = Application()
    peer = await serve(app).peer()
    await peer.read_frames(Opcode.TEXT, 1)
    assert app.taken == [False]
    assert b"xtensions" not in peer.head


async def test_pings_are_answered_and_what_clients_compress_is_read(serve: Serve) -> None:
    app = Application()
    peer = await offering(serve, app)
    await peer.send(compressed(deflate(b"one" * 1000)) + masked(Opcode.PING, b"?"))
    await peer.read_frames(Opcode.PONG, 1)
    halves = deflate(b"two" * 1000)
    await peer.send(compressed(halves[:5], fin=False))
    await peer.send(compressed(halves[5:], Opcode.CONT))
    await peer.send(masked(Opcode.TEXT, b"three"))
    await until(lambda: len(app.received) == 3, "all was received")
    assert app.received == ["one" * 1000, "two" * 1000, "three"]


BOMB = deflate(b"\0" * (64 << 20))
EXACT = deflate(b"\0" * LIMIT)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param([compressed(deflate(b"\0" * (3 << 20)))], 1009, id="small-bomb"),
        pytest.param([compressed(BOMB)], 1009, id="large-bomb"),
        pytest.param([compressed(deflate(b"a" * (LIMIT + 1)))], 1009, id="one-too-many"),
        pytest.param(
            [compressed(EXACT, fin=False), compressed(BOMB[:2000], Opcode.CONT)],
            1009,
            id="bomb-in-a-continuation",
        ),
        pytest.param(
            [compressed(BOMB[:12], fin=False)]
            + [compressed(BOMB[at : at + 3], Opcode.CONT, fin=False) for at in range(12, 60, 3)],
            1009,
            id="bomb-in-parts",
        ),
        pytest.param([compressed(b"\xff\xff\xff")], 1002, id="no-deflate"),
    ],
)
async def test_what_clients_send_is_inflated_up_to_the_limit_only(
    serve: Serve, sent: list[bytes], code: int
) -> None:
    app = Application()
    peer = await offering(serve, app)
    await peer.send(b"".join(sent))
    await peer.read_to_end()
    assert peer.close_code == code
    assert not app.received


async def test_many_small_messages_that_inflate_are_not_all_in_memory_at_once(serve: Serve) -> None:
    sizes: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raw: RawWebSocket = scope["extensions"][EXTENSION]
        assert raw.take_deflate()
        raw.on_messages = lambda messages: sizes.extend(map(len, messages))
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass

    peer = await serve(app, ws_max_size=LIMIT).peer("/", OFFER)
    swarm = compressed(EXACT) * 5000
    tracemalloc.start()
    await peer.send(swarm)
    await until(lambda: len(sizes) == 5000, "all came")
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert set(sizes) == {LIMIT}
    assert peak_bytes < 4 << 20


async def test_a_compressed_frame_without_the_extension_breaks_the_protocol(serve: Serve) -> None:
    peer = await serve(Application()).peer()
    await peer.send(compressed(deflate(b"one")))
    await peer.read_to_end()
    assert peer.close_code == 1002
