"""The broadcast's bytes over HTTP: lines, Server-Sent Events and their ids, items of a page."""

from __future__ import annotations

import h11
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.frames import (
    end_frame,
    error_frame,
    event_frame,
    heartbeat_frame,
    hello_frame,
    live_frame,
    moved_frame,
)
from contracts.problem import Problem, ProblemType
from publisher.domain.encoding import CLOUDEVENTS, websocket_payload
from publisher.domain.http_encodings import BARE, CHUNKED, ITEMS, Framing, ndjson, sse
from support.sse import SseReader

EVENT = '{ "id" : "ü\u2028", "n": 1.0e5, "event": {"event":{}} }'.encode()
FRAME = event_frame(3, 42, EVENT)
CURSOR = "0:42,1:7@0badcafe"
CONTROLS = {
    "hello": hello_frame(
        cursor=CURSOR,
        until=None,
        tip="0:99,1:99@0badcafe",
        truncated=False,
        topic='a "topic"',
        instance="i",
        heartbeat_s=15.0,
    ),
    "live": live_frame(CURSOR, 3),
    "heartbeat": heartbeat_frame(CURSOR, 5),
    "moved": moved_frame(CURSOR, 1234),
    "end": end_frame(CURSOR),
    "error": error_frame(Problem(ProblemType.CURSOR_EXPIRED, "gone", {"earliest": "0:9@x"})),
}


def body_of(wire: bytes) -> bytes:
    """What an HTTP/1.1 client makes of chunks; h11 is the judge."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + wire)
    assert isinstance(client.next_event(), h11.Response)
    body = b""
    while isinstance(event := client.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage), event
    return body


def unframed(framing: Framing, wire: bytes) -> bytes:
    return body_of(wire + framing.end()) if framing is CHUNKED else wire


@pytest.mark.parametrize("framing", [CHUNKED, BARE])
def test_a_line_is_the_websockets_frame(framing: Framing) -> None:
    encoding = ndjson(framing)
    assert encoding.event is not None
    line = encoding.event(42, FRAME)
    assert line == FRAME + b"\n"
    sealed = encoding.seal([line, line], CURSOR) if encoding.seal else [line, line]
    wire = encoding.wrap(CONTROLS["hello"]) + b"".join(sealed) + encoding.wrap(CONTROLS["end"])
    lines = unframed(framing, wire).splitlines(keepends=True)
    assert lines == [CONTROLS["hello"] + b"\n", line, line, CONTROLS["end"] + b"\n"]


@pytest.mark.parametrize("name", CONTROLS)
@pytest.mark.parametrize("framing", [CHUNKED, BARE])
def test_a_control_frame_is_a_named_event_and_its_cursor_is_the_id(
    framing: Framing, name: str
) -> None:
    encoding = sse(framing, "0badcafe", 2, None)
    reader = SseReader()
    [event] = reader.feed(unframed(framing, encoding.wrap(CONTROLS[name])))
    assert (event.type, event.data.encode()) == (name, CONTROLS[name])
    assert event.last_event_id == ("" if name == "error" else CURSOR)
    assert reader.retry_ms == (1234 if name == "moved" else None)


def test_with_one_partition_every_event_has_its_id() -> None:
    encoding = sse(BARE, "0badcafe", 1, None)
    assert encoding.event is not None
    assert encoding.seal is None
    [event] = SseReader().feed(encoding.event(42, FRAME))
    assert (event.type, event.data.encode()) == ("message", FRAME)
    assert event.last_event_id == "0:43@0badcafe"


@pytest.mark.parametrize("partitions", [1, 2])
@pytest.mark.parametrize("framing", [CHUNKED, BARE])
def test_several_partitions_or_an_end_a_block_of_an_id_alone_ends_a_write(
    framing: Framing, partitions: int
) -> None:
    end = "0:50@0badcafe" if partitions == 1 else None
    encoding = sse(framing, "0badcafe", partitions, end)
    assert encoding.event is not None
    assert encoding.seal is not None
    block = encoding.event(42, FRAME)
    reader = SseReader()
    wire = b"".join(encoding.seal([block, block], CURSOR))
    events = reader.feed(unframed(framing, wire))
    assert [(each.type, each.data.encode()) for each in events] == [("message", FRAME)] * 2
    assert {each.last_event_id for each in events} == {""}, "a cut inside the write repeats it"
    assert reader.last_event_id == (CURSOR if end is None else f"{CURSOR}/{end}")


def test_equal_streams_have_equal_encodings_and_share_views() -> None:
    assert sse(CHUNKED, "0badcafe", 2, None) == sse(CHUNKED, "0badcafe", 3, None)
    assert hash(ndjson(CHUNKED)) == hash(ndjson(CHUNKED))
    different = [
        sse(CHUNKED, "0badcafe", 1, None),
        sse(CHUNKED, "0badcafe", 2, None),
        sse(CHUNKED, "1badcafe", 2, None),
        sse(BARE, "0badcafe", 2, None),
        sse(CHUNKED, "0badcafe", 2, "0:1@0badcafe"),
        sse(CHUNKED, "0badcafe", 2, "0:2@0badcafe"),
        ndjson(CHUNKED),
        ndjson(BARE),
    ]
    assert len(set(different)) == len(different)
    assert len({each.form for each in different[1:6]}) == 1, "their events are the same bytes"
    assert different[0].form not in {each.form for each in different[1:]}


def test_when_the_topic_grows_ids_of_one_partition_are_no_longer_true() -> None:
    single = sse(CHUNKED, "0badcafe", 1, None)
    assert single.several == sse(CHUNKED, "0badcafe", 2, None)
    assert sse(CHUNKED, "0badcafe", 2, None).several is None


def test_an_item_of_a_page() -> None:
    assert ITEMS.event is not None
    item = ITEMS.event(42, FRAME)
    assert item == b'{"partition":3,"offset":42,"event":' + EVENT + b"},"
    assert orjson.loads(item[:-1])["event"]["n"] == 1e5


def test_a_bare_event_is_the_stored_bytes() -> None:
    assert CLOUDEVENTS.event is not None
    assert websocket_payload(CLOUDEVENTS.event(42, FRAME)) == EVENT
    assert CLOUDEVENTS.wrap(CONTROLS["hello"]) == b""


@given(st.integers(0, 10**6), st.integers(0, 2**63 - 1), st.binary(max_size=300))
def test_a_bare_event_is_found_behind_any_place(partition: int, offset: int, value: bytes) -> None:
    assert CLOUDEVENTS.event is not None
    frame = event_frame(partition, offset, value)
    assert websocket_payload(CLOUDEVENTS.event(offset, frame)) == value


@given(st.lists(st.binary(max_size=70_000), min_size=1, max_size=4))
def test_chunks_are_what_http_says(buffers: list[bytes]) -> None:
    if any(buffers):
        assert body_of(b"".join(CHUNKED.frame([*buffers])) + CHUNKED.end()) == b"".join(buffers)
