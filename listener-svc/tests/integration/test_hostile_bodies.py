"""Hostile bodies at the real listener: each its documented answer (docs/hostile-input.md), and what
is in the topic is what was judged, byte for byte.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
from collections.abc import AsyncIterator, Callable

import httpx
import orjson
import pytest
from listener_fakes.running import (
    PASSWORD,
    USER,
    Answers,
    RunningListener,
    event,
    read_topic,
    until,
)

from local_kafka.pytest_plugin import TopicFactory

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]

RunListener = Callable[..., RunningListener]

STRUCTURED = "application/cloudevents+json"
HEAD = b'{"specversion":"1.0","id":"i","source":"/s","type":"sensor.reading","data":'


@pytest.fixture
def topic(kafka_topic: TopicFactory) -> str:
    return kafka_topic()


@pytest.fixture
async def listener(run_listener: RunListener, kafka_bootstrap: str, topic: str) -> RunningListener:
    running = run_listener(kafka_bootstrap, topic, max_frame_bytes=200_000, stall_s=2)
    await running.wait_ready()
    return running


@pytest.fixture
async def client(listener: RunningListener) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=listener.http, auth=(USER, PASSWORD), timeout=30
    ) as client:
        yield client


def message(text: bytes, id_: bytes = b"i") -> bytes:
    """An event around `text`, the JSON of its data's text."""
    return (
        b'{"specversion":"1.0","id":"%b","source":"/s","type":"message.posted",'
        b'"time":"2026-11-22T10:00:00Z","data":{"text":%b}}' % (id_, text)
    )


REFUSED: list[tuple[str, bytes, int, str]] = [
    ("empty", b"", 400, "invalid-json"),
    ("blanks", b" \n ", 400, "invalid-json"),
    ("byte order mark", b"\xef\xbb\xbf" + message(b'"x"'), 400, "invalid-json"),
    ("UTF-16", message(b'"x"').decode().encode("utf-16"), 400, "invalid-json"),
    ("invalid UTF-8", message(b'"\xff\xfe"'), 400, "invalid-json"),
    ("overlong UTF-8", message(b'"\xc0\xaf"'), 400, "invalid-json"),
    ("surrogate in UTF-8", message(b'"\xed\xa0\x80"'), 400, "invalid-json"),
    ("lone high surrogate", message(b'"\\ud800"'), 400, "invalid-json"),
    ("lone low surrogate", message(b'"\\udc00"'), 400, "invalid-json"),
    ("surrogates the wrong way round", message(b'"\\udc00\\ud800"'), 400, "invalid-json"),
    ("NaN", message(b"NaN"), 400, "invalid-json"),
    ("Infinity", message(b"-Infinity"), 400, "invalid-json"),
    ("raw newline in a string", message(b'"a\nb"'), 400, "invalid-json"),
    ("raw tab in a string", message(b'"a\tb"'), 400, "invalid-json"),
    ("raw NUL", message(b'"a\x00b"'), 400, "invalid-json"),
    ("trailing garbage", message(b'"x"') + b"x", 400, "invalid-json"),
    ("two documents", message(b'"x"') * 2, 400, "invalid-json"),
    ("trailing comma", message(b'"x",'), 400, "invalid-json"),
    ("comment", b"/* */" + message(b'"x"'), 400, "invalid-json"),
    ("cut short", message(b'"x"')[:-1], 400, "invalid-json"),
    ("leading zero", message(b"01"), 400, "invalid-json"),
    ("a double beyond all doubles", message(b"1e999"), 400, "invalid-json"),
    ("2,000 deep", message(b"[" * 2000 + b"]" * 2000), 400, "invalid-json"),
    ("1,000 deep", message(b"[" * 1000 + b"]" * 1000), 400, "invalid-event"),
    ("64 bits and one", message(b'"x","n":18446744073709551616'), 400, "invalid-json"),
    ("an array", b"[" + message(b'"x"') + b"]", 400, "not-an-event"),
    ("a number", b"7", 400, "not-an-event"),
    ("null", b"null", 400, "not-an-event"),
    ("too large", message(b'"%b"' % (b"x" * 200_000)), 413, "too-large"),
    ("id with a control character", message(b'"x"', b"\\u0000"), 400, "invalid-event"),
    ("id that is a number", message(b'"x"').replace(b'"i"', b"7"), 400, "invalid-event"),
    (
        "a reserved type",
        message(b'"x"').replace(b"message.", b"broadcaster."),
        400,
        "reserved-type",
    ),
]


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_what_is_refused_is_refused_the_same_way_and_leaves_no_trace(
    client: httpx.AsyncClient,
    listener: RunningListener,
    kafka_bootstrap: str,
    topic: str,
    encoding: str,
) -> None:
    for name, body, status, type_ in REFUSED:
        sent = gzip.compress(body) if encoding == "gzip" else body
        headers = {"content-type": STRUCTURED, "content-encoding": encoding}
        answer = await client.post("/events", content=sent, headers=headers)
        assert answer.headers["content-type"] == "application/problem+json", name
        assert (answer.status_code, answer.json()["type"]) == (status, type_), name
    assert await read_topic(kafka_bootstrap, topic) == []
    assert '"error"' not in listener.log()


STORED: list[tuple[str, bytes, bytes]] = [
    ("the last of two names", b'"a","text":"b"', b'"b"'),
    ("an escaped newline stays escaped", b'"a\\nb\\r"', b'"a\\nb\\r"'),
    ("escapes become what they mean", b'"\\u00fc\\/\\ud83d\\ude00"', '"ü/😀"'.encode()),
    ("an escaped NUL stays escaped", b'"a\\u0000b"', b'"a\\u0000b"'),
    ("line separators stand", '"\u2028\u2029"'.encode(), '"\u2028\u2029"'.encode()),
    ("not normalised", '"e\u0301"'.encode(), '"e\u0301"'.encode()),
    ("HTML is text", b'"</script>"', b'"</script>"'),
]


async def test_what_is_taken_is_stored_as_it_was_judged(
    client: httpx.AsyncClient, kafka_bootstrap: str, topic: str
) -> None:
    for number, (name, text, _) in enumerate(STORED):
        body = b" \r\n" + message(text, b"%d" % number).replace(b",", b" ,\n") + b"\n"
        answer = await client.post("/events", content=body, headers={"content-type": STRUCTURED})
        assert answer.status_code == 201, name
    values = [record.value for record in await read_topic(kafka_bootstrap, topic)]
    assert values == [message(text, b"%d" % at) for at, (_, _, text) in enumerate(STORED)]


NUMBERS: list[tuple[bytes, bytes | None]] = [
    (b"-9223372036854775808", b"-9223372036854775808"),
    (b"18446744073709551615", b"18446744073709551615"),
    (b"18446744073709551616", None),
    (b"-9223372036854775809", None),
    (b"9" * 300, None),
    (b"6.02e23", b"6.02e+23"),
    (b"0.1234567890123456789", b"0.12345678901234568"),
    (b"-0", b"0"),
    (b"1e-400", b"0.0"),
]


async def test_numbers_are_kept_or_refused(
    client: httpx.AsyncClient, kafka_bootstrap: str, topic: str
) -> None:
    kept = []
    for number, stored in NUMBERS:
        body = message(b'"x","n":%b' % number).replace(b'"id":"i"', b'"id":"%b"' % number)
        answer = await client.post("/events", content=body, headers={"content-type": STRUCTURED})
        if stored is None:
            assert (answer.status_code, answer.json()["type"]) == (400, "invalid-json"), number
        else:
            assert answer.status_code == 201, number
            kept.append(b'"n":%b}}' % stored)
    values = [record.value or b"" for record in await read_topic(kafka_bootstrap, topic)]
    assert [value[value.index(b'"n"') :] for value in values] == kept


async def test_deep_nesting_that_the_contract_allows_is_refused_and_not_stored(
    run_listener: RunListener,
    kafka_bootstrap: str,
    topic: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    own = tmp_path_factory.mktemp("contracts")
    (own / "schemas" / "any").mkdir(parents=True)
    (own / "schemas" / "any" / "1.json").write_text("true")
    listener = run_listener(kafka_bootstrap, topic, contracts=own)
    await listener.wait_ready()
    lines = [
        b'{"specversion":"1.0","type":"any","data":' + b"[" * depth + b"]" * depth + b"}"
        for depth in (200, 300, 1000, 1100)
    ]
    async with httpx.AsyncClient(base_url=listener.http, auth=(USER, PASSWORD)) as client:
        answer = await client.post(
            "/events", content=b"\n".join(lines), headers={"content-type": "application/x-ndjson"}
        )
    told = {each["ref"]: each for each in map(orjson.loads, answer.text.splitlines()[:-1])}
    assert told[0]["type"] == "ack"
    problems = [told[ref]["problem"]["type"] for ref in (1, 2, 3)]
    assert problems == ["invalid-event", "invalid-event", "invalid-json"]
    async with listener.connect() as connection:
        answers = Answers(connection)
        for line in lines[:3]:
            await connection.send(line.decode())
        await answers.wait(3)
    assert [answers.by_ref[ref]["type"] for ref in range(3)] == ["ack", "nack", "nack"]
    assert len(await read_topic(kafka_bootstrap, topic)) == 2


# -- below HTTP's own rules


def request(body: bytes, *headers: str) -> bytes:
    secret = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    lines = [
        "POST /events HTTP/1.1",
        "host: localhost",
        f"authorization: Basic {secret}",
        f"content-type: {STRUCTURED}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def say(listener: RunningListener, text: bytes, *, leave: bool = False) -> bytes:
    """What comes back until the connection ends or says no more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(text)
    await writer.drain()
    if leave:
        writer.close()
        return b""
    said = b""
    try:
        async with asyncio.timeout(5):
            while True:
                piece = await reader.read(65536)
                if not piece:
                    return said
                said += piece
    except TimeoutError:
        return said
    finally:
        writer.close()


BODY = event("a").encode()
CHUNKED = "transfer-encoding: chunked"


def chunk(data: bytes, extension: bytes = b"") -> bytes:
    return b"%x%b\r\n%b\r\n" % (len(data), extension, data)


async def test_odd_framing_that_is_allowed(listener: RunningListener) -> None:
    by_bytes = b"".join([chunk(BODY[at : at + 1]) for at in range(len(BODY))])
    for body in (
        by_bytes + b"0\r\n\r\n",
        chunk(BODY, b";name=value") + b"0\r\n\r\n",
        chunk(BODY) + b"0\r\ntrailer: x\r\n\r\n",
        b"%08X\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
    ):
        answer = await say(listener, request(body, CHUNKED, "connection: close"))
        assert answer.startswith(b"HTTP/1.1 201 "), answer


@pytest.mark.parametrize(
    "text",
    [
        request(b"zz\r\n", CHUNKED),
        request(b"-1\r\n", CHUNKED),
        request(b"fffffffffffffffff\r\n", CHUNKED),
        request(b"5\r\n1234567890\r\n0\r\n\r\n", CHUNKED),
        request(BODY, "content-length: -1"),
        request(BODY, "content-length: 1x"),
        request(BODY, f"content-length: {len(BODY)}", "content-length: 1"),
        request(chunk(BODY) + b"0\r\n\r\n", CHUNKED, f"content-length: {len(BODY)}"),
        b"no http at all\r\n\r\n",
    ],
)
async def test_framing_that_is_wrong_is_400_and_stores_nothing(
    listener: RunningListener, kafka_bootstrap: str, topic: str, text: bytes
) -> None:
    answer = await say(listener, text)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 "), answer
    assert orjson.loads(body)["type"] == "invalid-request"
    assert await read_topic(kafka_bootstrap, topic) == []
    assert (await listener.get("/healthz")).status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        request(BODY[:-1], f"content-length: {len(BODY)}"),
        request(BODY, f"content-length: {len(BODY) + 1}"),
        request(chunk(BODY), CHUNKED),
        request(chunk(BODY)[:-4], CHUNKED),
    ],
)
async def test_a_body_that_the_client_cut_short_is_never_taken_for_a_whole_one(
    listener: RunningListener, kafka_bootstrap: str, topic: str, text: bytes
) -> None:
    late = await say(listener, text)  # it stays, and says no more
    assert late.startswith(b"HTTP/1.1 408 ")
    await say(listener, text, leave=True)
    await until(lambda: _cut(listener))
    assert await read_topic(kafka_bootstrap, topic) == []


async def _cut(listener: RunningListener) -> bool:
    return "broadcaster_listener_requests_cut_total 1.0" in (await listener.get("/metrics")).text


async def test_a_content_length_that_is_too_small_cuts_the_body(
    listener: RunningListener, kafka_bootstrap: str, topic: str
) -> None:
    answer = await say(listener, request(BODY, f"content-length: {len(BODY) - 1}"))
    assert answer.startswith(b"HTTP/1.1 400 ")  # the rest is no request
    assert await read_topic(kafka_bootstrap, topic) == []


async def test_a_stream_that_the_client_cuts_keeps_whole_lines_and_no_half_one(
    listener: RunningListener, kafka_bootstrap: str, topic: str
) -> None:
    text = request(b"", CHUNKED).replace(STRUCTURED.encode(), b"application/x-ndjson")
    lines = BODY + b"\n" + event("b").encode() + b"\n" + event("half").encode()
    await say(listener, text + chunk(lines), leave=True)
    await until(lambda: _stored(kafka_bootstrap, topic, 2))
    await until(lambda: _cut(listener))
    assert await _stored(kafka_bootstrap, topic, 2)


async def _stored(bootstrap: str, topic: str, count: int) -> bool:
    return len(await read_topic(bootstrap, topic)) == count


async def test_a_large_body_is_refused_by_its_declared_length_without_being_sent(
    listener: RunningListener,
) -> None:
    answer = await say(
        listener,
        request(b"", "content-length: 100000000", "expect: 100-continue", "connection: close"),
    )
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in answer
