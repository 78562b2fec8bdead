"""Frames as bytes, with the `websockets` library as the judge."""

from __future__ import annotations

import pytest
from chassis_fakes.peer import FrameReader
from websockets.frames import Frame, Opcode

from chassis.websocket_frames import header, text_frame, text_frames

LENGTHS = [0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 1 << 20]


@pytest.mark.parametrize("length", LENGTHS)
def test_a_frame_is_what_the_library_writes(length: int) -> None:
    payload = b"a" * length
    assert text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)
    assert header(length) + payload == text_frame(payload)


@pytest.mark.parametrize(("length", "size"), [(125, 2), (126, 4), (65535, 4), (65536, 10)])
def test_the_shortest_form_of_the_length_is_used(length: int, size: int) -> None:
    assert len(header(length)) == size


def test_frames_that_are_joined_are_read_one_by_one() -> None:
    payloads = [bytes([97 + number]) * length for number, length in enumerate(LENGTHS)]
    joined = bytearray(text_frames(payloads))
    assert joined == b"".join(map(text_frame, payloads))
    frames = FrameReader().frames_in(joined)
    assert [bytes(frame.data) for frame in frames] == payloads
    assert {(frame.opcode, frame.fin, frame.rsv1) for frame in frames} == {
        (Opcode.TEXT, True, False)
    }
