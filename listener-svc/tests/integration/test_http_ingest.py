"""Other people's clients against ``POST /events``: curl, httpx, the CloudEvents SDK; real Kafka."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import orjson
import psutil
import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from listener_fakes.running import (
    PASSWORD,
    USER,
    RunningListener,
    event,
    parsed,
    read_topic,
    until,
)

from local_kafka.pytest_plugin import TopicFactory

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(40)]

RunListener = Callable[..., RunningListener]

NDJSON = {"content-type": "application/x-ndjson"}
PAGE = "https://app.example"


@pytest.fixture
def topic(kafka_topic: TopicFactory) -> str:
    return kafka_topic()


@pytest.fixture
async def listener(run_listener: RunListener, kafka_bootstrap: str, topic: str) -> RunningListener:
    running = run_listener(kafka_bootstrap, topic, allowed_origins=PAGE)
    await running.wait_ready()
    return running


@pytest.fixture
async def client(listener: RunningListener) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=listener.http, auth=(USER, PASSWORD), timeout=30
    ) as client:
        yield client


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in answer.text.splitlines()]


def sdk_event(id_: str) -> CloudEvent:
    return CloudEvent(
        attributes={"id": id_, "source": "/sdk", "type": "message.posted", "subject": "ü 1"},
        data={"text": id_},
    )


async def post(client: httpx.AsyncClient, message: HTTPMessage) -> httpx.Response:
    return await client.post("/events", content=message.body, headers=dict(message.headers))


async def test_the_sdks_structured_binary_and_batch(
    client: httpx.AsyncClient, kafka_bootstrap: str, topic: str
) -> None:
    structured = await post(client, to_structured_event(sdk_event("structured")))
    binary = await post(client, to_binary_event(sdk_event("binary")))
    items = [to_structured_event(sdk_event(name)).body for name in ("one", "two")]
    # the SDK has no batches of its own; the format is an array of its structured events
    batch = await client.post(
        "/events",
        content=b"[" + b",".join(items) + b"]",
        headers={"content-type": "application/cloudevents-batch+json"},
    )
    assert [each.status_code for each in (structured, binary, batch)] == [201, 201, 201]
    assert [each["offset"] for each in batch.json()["results"]] == [2, 3]
    stored = [parsed(record) for record in await read_topic(kafka_bootstrap, topic)]
    assert [each["id"] for each in stored] == ["structured", "binary", "one", "two"]
    for each in stored:
        assert each["data"] == {"text": each["id"]}
        assert (each["source"], each["subject"]) == ("/sdk", "ü 1")


async def curl(listener: RunningListener, upload: str = "-") -> asyncio.subprocess.Process:
    """`upload` ``-`` waits for input before it looks at answers, ``.`` does not."""
    return await asyncio.create_subprocess_exec(
        *["curl", "-sS", "-X", "POST", "-T", upload, "-N", "-u", f"{USER}:{PASSWORD}"],
        *["-H", "content-type: application/x-ndjson", f"{listener.http}/events"],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 20,
    )


async def test_curl_gets_each_lines_answer_before_it_sends_the_next(
    listener: RunningListener,
) -> None:
    process = await curl(listener, ".")
    assert process.stdin is not None
    assert process.stdout is not None
    for ref, (line, expected) in enumerate(
        [(event("a"), "ack"), ("{", "nack"), ("\n \n42", "ack"), (event("b", type="x"), "nack")]
    ):
        process.stdin.write(line.encode() + b"\n")
        answer = orjson.loads(await asyncio.wait_for(process.stdout.readline(), 10))
        assert (answer["type"], answer["ref"]) == (expected, ref)
    process.stdin.close()
    end = orjson.loads(await asyncio.wait_for(process.stdout.readline(), 10))
    assert end == {"type": "end", "events": 4, "acked": 2, "nacked": 2}
    assert await process.wait() == 0


async def test_20_mb_through_curl_with_flat_memory(
    run_listener: RunListener, kafka_bootstrap: str, topic: str
) -> None:
    listener = run_listener(kafka_bootstrap, topic, retry_window_events=1000)
    await listener.wait_ready()
    memory = psutil.Process(listener.process.pid).memory_info

    async def send(name: str, size_bytes: int) -> tuple[int, int, float]:
        """Events, acks, and how much memory grew at most while they went."""
        before, peak, events = memory().rss, 0, 0
        process = await curl(listener)
        assert process.stdin is not None
        acks = asyncio.create_task(_acks(process))
        sent = 0
        while sent < size_bytes:
            text = "".join(event(f"{name}-{events + n}", "x" * 200) + "\n" for n in range(500))
            process.stdin.write(text.encode())
            await process.stdin.drain()
            sent, events = sent + len(text), events + 500
            peak = max(peak, memory().rss)
        process.stdin.close()
        acked = await acks
        return events, acked, (max(peak, memory().rss) - before) / (1 << 20)

    await send("warm", 20 << 20)  # as much as may be in flight, in buffers and answers
    started = asyncio.get_running_loop().time()
    events, acked, grown_mib = await send("curl", 20 << 20)
    seconds = asyncio.get_running_loop().time() - started
    print(  # noqa: T201 - the figures are asked for
        f"\n20 MiB of NDJSON through curl: {events} events, {acked} acked, {seconds:.1f} s, "
        f"memory grew by {grown_mib:.1f} MiB to {memory().rss / (1 << 20):.0f} MiB"
    )
    assert acked == events
    assert grown_mib < 8
    records = await read_topic(kafka_bootstrap, topic)
    assert len([record for record in records if parsed(record)["id"].startswith("curl")]) == events


async def _acks(process: asyncio.subprocess.Process) -> int:
    assert process.stdout is not None
    acked = 0
    async for line in process.stdout:
        answer = orjson.loads(line)
        acked += answer["type"] == "ack"
    assert answer == {"type": "end", "events": acked, "acked": acked, "nacked": 0}
    return acked


async def test_a_small_stream_with_httpx_also_gzipped(client: httpx.AsyncClient) -> None:
    body = "\n".join([event("a"), "[1]", event("b")]).encode()  # the last line without its end
    plain = await client.post("/events", content=body, headers=NDJSON)
    body = body.replace(b'"a"', b'"c"').replace(b'"b"', b'"d"')
    packed = await client.post(
        "/events", content=gzip.compress(body), headers={**NDJSON, "content-encoding": "gzip"}
    )
    for answer in (plain, packed):
        assert (answer.status_code, answer.headers["content-type"]) == (207, NDJSON["content-type"])
        *told, end = lines(answer)
        assert sorted((each["ref"], each["type"]) for each in told) == [
            (0, "ack"),
            (1, "nack"),  # data must be an object here: LISTENER_AS makes it a message
            (2, "ack"),
        ]
        assert end == {"type": "end", "events": 3, "acked": 2, "nacked": 1}


async def test_a_stream_that_goes_wrong_says_so_in_its_last_lines(
    client: httpx.AsyncClient,
) -> None:
    good = gzip.compress(f"{event('a')}\n".encode())
    encoded = {**NDJSON, "content-encoding": "gzip"}
    cut = await client.post("/events", content=good + good[:9], headers=encoded)
    *told, error, end = lines(cut)
    assert (cut.status_code, [each["type"] for each in told]) == (207, ["ack"])
    assert (error["type"], error["problem"]["type"]) == ("error", "invalid-request")
    assert end == {"type": "end", "events": 1, "acked": 1, "nacked": 0}
    broken = await client.post("/events", content=b"no gzip", headers=encoded)
    assert (broken.status_code, broken.json()["type"]) == (400, "invalid-request")


async def test_a_stream_that_inflates_without_measure_is_ended(
    client: httpx.AsyncClient, listener: RunningListener
) -> None:
    bomb = gzip.compress(b"\n" * (64 << 20))
    answer = await client.post(
        "/events", content=bomb, headers={**NDJSON, "content-encoding": "gzip"}
    )
    assert (answer.status_code, answer.json()["type"]) == (413, "too-large")
    assert (await listener.get("/status")).json()["http"] == {"requests": 0, "streams": 0}


async def test_a_client_that_reads_no_answers_is_not_read_and_then_dropped(
    run_listener: RunListener, kafka_bootstrap: str, topic: str
) -> None:
    listener = run_listener(kafka_bootstrap, topic, stall_s=2, max_in_flight=100)
    await listener.wait_ready()
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port, limit=1)
    writer.write(_head(listener, "transfer-encoding: chunked"))
    data = (event("x" * 200) + "\n").encode() * 100  # ids to be repeated: answers as large

    async def write_on() -> None:
        while True:
            writer.write(b"%x\r\n%b\r\n" % (len(data), data))
            await writer.drain()

    with pytest.raises(ConnectionError):
        await asyncio.wait_for(write_on(), 60)
    await until(lambda: _streams(listener, 0))
    metrics = (await listener.get("/metrics")).text
    assert "broadcaster_listener_streams_stalled_total 1.0" in metrics
    writer.close()
    del reader


def _head(listener: RunningListener, *headers: str) -> bytes:
    lines = [
        "POST /events HTTP/1.1",
        f"host: 127.0.0.1:{listener.port}",
        f"authorization: {httpx.BasicAuth(USER, PASSWORD)._auth_header}",
        "content-type: application/x-ndjson",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


async def _streams(listener: RunningListener, count: int) -> bool:
    http = (await listener.get("/status")).json()["http"]
    return bool(http["streams"] == count)


async def test_a_quiet_stream_is_ended_after_a_while_and_kept_by_blank_lines(
    run_listener: RunListener, kafka_bootstrap: str, topic: str
) -> None:
    listener = run_listener(kafka_bootstrap, topic, stall_s=1)
    await listener.wait_ready()
    process = await curl(listener, ".")
    assert process.stdin is not None
    assert process.stdout is not None
    for _ in range(6):
        process.stdin.write(b"\n")
        await asyncio.sleep(0.4)  # the pause is what is tested
    process.stdin.write(event("a").encode() + b"\n")
    assert orjson.loads(await process.stdout.readline())["type"] == "ack"
    error = orjson.loads(await asyncio.wait_for(process.stdout.readline(), 10))
    assert error["problem"]["type"] == "request-timeout"
    assert orjson.loads(await process.stdout.readline())["acked"] == 1
    process.stdin.close()
    await process.wait()


async def test_a_stream_is_ended_truthfully_when_the_listener_stops(
    listener: RunningListener, kafka_bootstrap: str, topic: str
) -> None:
    process = await curl(listener, ".")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(event("a").encode() + b"\n")
    assert orjson.loads(await process.stdout.readline())["type"] == "ack"
    listener.terminate()
    error = orjson.loads(await asyncio.wait_for(process.stdout.readline(), 10))
    assert (error["type"], error["problem"]["type"]) == ("error", "unavailable")
    end = orjson.loads(await process.stdout.readline())
    assert end == {"type": "end", "events": 1, "acked": 1, "nacked": 0}
    process.stdin.close()
    await process.wait()
    assert await listener.exit_status() == 0
    assert len(await read_topic(kafka_bootstrap, topic)) == 1


async def test_a_pages_fetch_is_preflighted_and_answered(client: httpx.AsyncClient) -> None:
    asked = {
        "origin": PAGE,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, content-type",
    }
    preflight = await client.options("/events", headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == PAGE
    posted = await client.post("/events", json={"text": "x"}, headers={"origin": PAGE})
    assert posted.status_code == 201
    assert posted.headers["access-control-allow-origin"] == PAGE
    foreign = await client.options("/events", headers={**asked, "origin": "https://evil.example"})
    assert foreign.status_code == 403
