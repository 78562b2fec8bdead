"""Frames cut out of what arrived, judged by the `websockets` library's own parser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from chassis.client_frames import HELD_BYTES, ClientFrames

MAX_BYTES = 70_000


class Library:
    """The library beside the cutter, as the protocol holds them."""

    def __init__(self) -> None:
        self.conn = ServerProtocol(state=State.OPEN, max_size=MAX_BYTES)
        self.frames = ClientFrames(MAX_BYTES)
        self.texts = 0
        self.pongs: list[bytes] = []
        self.taken: list[tuple[Opcode, bool, bytes]] = []

    def arrive(self, data: bytes) -> None:
        self.frames.feed(data)
        while self.conn.state is State.OPEN:
            within = self.conn.current_size is not None
            for text in self.frames.texts(within_message=within):
                self.texts += 1
                self.taken.append((Opcode.TEXT, True, text.encode()))
            self.pongs += self.frames.pongs
            self.frames.pongs.clear()
            piece = self.frames.piece(within_message=within)
            if not piece:
                return
            self.give(piece)
        self.give(self.frames.rest())

    def give(self, piece: bytes) -> None:
        self.conn.receive_data(piece)
        for each in self.conn.events_received():
            assert isinstance(each, Frame)
            if each.opcode is Opcode.PONG:
                self.pongs.append(bytes(each.data))
                continue
            self.taken.append((each.opcode, each.fin, bytes(each.data)))


def masked(frame: Frame) -> bytes:
    return frame.serialize(mask=True)


SIZES = st.sampled_from([0, 1, 125, 126, 300, HELD_BYTES, HELD_BYTES + 1, 65_536])
TEXTS = st.builds(lambda size: [Frame(Opcode.TEXT, b"x" * size)], SIZES)
OTHERS = st.sampled_from(
    [
        [Frame(Opcode.PING, b"?")],
        [Frame(Opcode.PONG, b"")],
        [Frame(Opcode.PONG, b"1"), Frame(Opcode.PONG, b"x" * 125)],
        [Frame(Opcode.TEXT, b"a", fin=False), Frame(Opcode.PONG, b"2"), Frame(Opcode.CONT, b"b")],
        [Frame(Opcode.BINARY, b"\x00\xff")],
        [Frame(Opcode.TEXT, b"a", fin=False), Frame(Opcode.CONT, b"b")],
        [Frame(Opcode.TEXT, b"a", fin=False), Frame(Opcode.PING, b""), Frame(Opcode.CONT, b"b")],
        [Frame(Opcode.TEXT, "ü€😀".encode())],
    ]
)


@given(st.lists(TEXTS | OTHERS, max_size=8), st.data())
def test_whatever_is_cut_where_every_frame_comes_once_and_in_order(
    groups: list[list[Frame]], data: st.DataObject
) -> None:
    frames = [frame for group in groups for frame in group]
    sent = b"".join(masked(frame) for frame in frames)
    cuts = data.draw(st.lists(st.integers(0, len(sent)), max_size=6).map(sorted))
    library = Library()
    for begin, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        library.arrive(sent[begin:end])
    pongs = [each.data for each in frames if each.opcode is Opcode.PONG]
    others = [each for each in frames if each.opcode is not Opcode.PONG]
    assert library.taken == [(each.opcode, each.fin, bytes(each.data)) for each in others]
    assert library.pongs == pongs
    assert library.conn.state is State.OPEN


def test_byte_for_byte_it_is_the_same() -> None:
    frames = [Frame(Opcode.TEXT, b"x" * 200), Frame(Opcode.PING, b"?"), Frame(Opcode.TEXT, b"y")]
    library = Library()
    for byte in b"".join(masked(frame) for frame in frames):
        library.arrive(bytes([byte]))
    assert [data for _, _, data in library.taken] == [b"x" * 200, b"?", b"y"]
    assert library.texts == 2


def test_of_a_read_no_more_is_kept_than_the_frame_that_has_begun() -> None:
    library = Library()
    frames = [masked(Frame(Opcode.TEXT, b"x" * 300)) for _ in range(500)]
    library.arrive(b"".join(frames)[:-100])
    assert library.texts == 499
    assert library.frames.held_bytes == len(frames[-1]) - 100
    library.arrive(frames[-1][-100:])
    assert (library.texts, library.frames.held_bytes) == (500, 0)


def test_a_text_that_is_whole_never_reaches_the_library() -> None:
    library = Library()
    library.arrive(b"".join(masked(Frame(Opcode.TEXT, b"%d" % n)) for n in range(100)))
    assert library.texts == 100


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(b"\xff\xff\xff\xff", 1002, id="nonsense"),
        pytest.param(b"\x81\x01a", 1002, id="unmasked"),
        pytest.param(b"\xc1\x80\x00\x00\x00\x00", 1002, id="reserved-bit"),
        pytest.param(b"\x83\x80\x00\x00\x00\x00", 1002, id="unknown-opcode"),
        pytest.param(b"\x89\xfe", None, id="long-ping-so-far"),
        pytest.param(b"\x89\xfe\x00\x80\x00\x00\x00\x00" + b"x" * 128, 1002, id="long-ping"),
        pytest.param(b"\x09\x80\x00\x00\x00\x00", 1002, id="fragmented-ping"),
        pytest.param(b"\x80\x80\x00\x00\x00\x00", 1002, id="continues-nothing"),
        pytest.param(b"\x81\xff" + (MAX_BYTES + 1).to_bytes(8, "big") + b"mask", 1009, id="large"),
        pytest.param(b"\x81\xff" + b"\xff" * 12, 1009, id="absurd"),
        pytest.param(b"\x01\x80\x00\x00\x00\x00\x81\x80\x00\x00\x00\x00", 1002, id="text-within"),
    ],
)
def test_what_breaks_the_protocol_is_the_librarys_to_refuse(sent: bytes, code: int | None) -> None:
    library = Library()
    library.arrive(masked(Frame(Opcode.TEXT, b"before")) + sent)
    assert library.taken[0] == (Opcode.TEXT, True, b"before")
    if code is None:
        assert library.conn.state is State.OPEN
        return
    assert library.conn.close_sent is not None
    assert library.conn.close_sent.code == code
    library.arrive(masked(Frame(Opcode.TEXT, b"after")))
    assert (Opcode.TEXT, True, b"after") not in library.taken


def test_what_is_no_text_goes_to_the_library_as_it_is() -> None:
    library = Library()
    library.arrive(masked(Frame(Opcode.TEXT, b"\xff")) + masked(Frame(Opcode.TEXT, b"a")))
    assert [data for _, _, data in library.taken] == [b"\xff", b"a"]
    assert library.texts == 1


def test_a_close_ends_it_and_nothing_behind_it_is_taken() -> None:
    library = Library()
    library.arrive(
        masked(Frame(Opcode.TEXT, b"last"))
        + masked(Frame(Opcode.CLOSE, b"\x03\xe8"))
        + masked(Frame(Opcode.TEXT, b"behind"))
    )
    assert [data for _, _, data in library.taken] == [b"last", b"\x03\xe8"]
