"""Messages that depend on nothing before them, with the `websockets` library as the judge."""

from __future__ import annotations

import pytest
from chassis_fakes.peer import FrameReader
from hypothesis import given
from hypothesis import strategies as st
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from chassis.websocket_deflate import LEAST_BYTES, deflated_text_frame, take_deflate
from chassis.websocket_frames import text_frame

LENGTHS = [LEAST_BYTES - 1, LEAST_BYTES, 2043, 2044, 70_000, 1 << 20]
OFFER = "permessage-deflate"
ANSWER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


def inflated(frame: bytes) -> bytes:
    """As a client reads it that keeps no window."""
    (parsed,) = FrameReader(inflate=True).frames_in(bytearray(frame))
    return bytes(parsed.data)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_message_is_read_for_itself(length: int) -> None:
    payload = (b'{"partition":0,"offset":42},' * (length // 20))[:length]
    frame = deflated_text_frame(payload)
    assert inflated(frame) == payload
    assert (len(frame) < length) == (length >= LEAST_BYTES)


@given(st.binary(max_size=3000))
def test_any_message_is_read_for_itself_and_is_never_longer_than_plain(payload: bytes) -> None:
    frame = deflated_text_frame(payload)
    assert inflated(frame) == payload
    assert len(frame) <= len(text_frame(payload))


def negotiated(*offers: str) -> tuple[ServerProtocol, str | None]:
    """A connection, and what is answered to a client's offers."""
    connection = ServerProtocol()
    request = Request("/", Headers([("Sec-WebSocket-Extensions", offer) for offer in offers]))
    response = Response(101, "Switching Protocols", Headers())
    taken = take_deflate(connection, request, response)
    answer = response.headers.get("Sec-WebSocket-Extensions")
    assert taken == (answer is not None) == bool(connection.extensions)
    return connection, answer


@pytest.mark.parametrize(
    ("offers", "answer"),
    [
        pytest.param([OFFER], ANSWER, id="plain"),
        pytest.param(
            # no limit for the client's window is an allowed answer
            [f"{OFFER}; client_max_window_bits"], ANSWER, id="chromium"
        ),
        pytest.param(
            [f"{OFFER}; client_max_window_bits=10"], f"{ANSWER}; client_max_window_bits=10",
            id="client-window",
        ),
        pytest.param([f"{OFFER}; server_no_context_takeover"], ANSWER, id="asks-for-it"),
        pytest.param(
            [f"{OFFER}; server_max_window_bits=15"], f"{ANSWER}; server_max_window_bits=15",
            id="whole-window",
        ),
        pytest.param([f"{OFFER}; server_max_window_bits=10"], None, id="smaller-window"),
        pytest.param(
            [f"{OFFER}; server_max_window_bits=10, {OFFER}"], ANSWER, id="smaller-window-or-not"
        ),
        pytest.param([f"{OFFER}; server_max_window_bits=10", OFFER], ANSWER, id="two-headers"),
        pytest.param(["x-webkit-deflate-frame"], None, id="another"),
        pytest.param([f"{OFFER}; unknown=1"], None, id="unknown-parameter"),
        pytest.param([f"{OFFER};;"], None, id="malformed"),
        pytest.param([], None, id="none"),
    ],
)  # fmt: skip
def test_what_is_offered_is_taken_only_if_shared_messages_can_be_read(
    offers: list[str], answer: str | None
) -> None:
    assert negotiated(*offers)[1] == answer


def test_no_window_is_kept_for_a_connection() -> None:
    connection, _ = negotiated(OFFER)
    (extension,) = connection.extensions
    assert not hasattr(extension, "encoder")
    assert not hasattr(extension, "decoder")
