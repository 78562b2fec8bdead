"""``POST /events``, through Starlette with no server."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from listener_fakes.http_service import PAGE, HttpService
from listener_fakes.running import event

from listener.domain.delivery import OUTCOME_UNKNOWN, WAITED_TOO_LONG

STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
JSON = {"content-type": "application/json"}


@pytest.fixture
def service() -> HttpService:
    return HttpService()


@pytest.fixture
async def client(service: HttpService) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client() as client:
        yield client


async def test_201_only_when_the_event_is_stored(
    service: HttpService, client: httpx.AsyncClient
) -> None:
    posted = asyncio.create_task(client.post("/events", content=event("a"), headers=STRUCTURED))
    await service.until_waiting()
    assert not posted.done()
    service.log.store()
    answer = await posted
    assert answer.status_code == 201
    assert answer.json() == {"type": "ack", "ref": 0, "id": "a", "partition": 0, "offset": 0}


@pytest.mark.parametrize("problem", [WAITED_TOO_LONG, OUTCOME_UNKNOWN])
async def test_a_failure_of_kafka_is_503_with_retry_after_and_the_id(
    service: HttpService, client: httpx.AsyncClient, problem: object
) -> None:
    posted = asyncio.create_task(client.post("/events", content=event("a"), headers=STRUCTURED))
    await service.until_waiting()
    service.log.fail(problem)  # type: ignore[arg-type]
    answer = await posted
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["id"] == "a"
    assert answer.json()["retriable"] is True


@pytest.mark.parametrize(
    ("body", "headers", "status", "type_"),
    [
        (b'{"a":1}', STRUCTURED, 400, "not-an-event"),
        (b'{"a":1}', JSON, 400, "not-an-event"),
        (b"{", JSON, 400, "invalid-json"),
        (b"\xff", JSON, 400, "invalid-json"),
        (b'{"specversion":"1.0","type":"bad"}', JSON, 400, "contract-violation"),
        (b"x" * 2001, JSON, 413, "too-large"),
        (b"x", {"content-type": "text/plain"}, 415, "unsupported-media-type"),
        (b"x", {}, 415, "unsupported-media-type"),
        (b"x", {**JSON, "content-encoding": "br"}, 415, "unsupported-media-type"),
        (b"x", {**JSON, "content-encoding": "gzip, gzip"}, 415, "unsupported-media-type"),
        (
            b"{}",
            {"content-type": "application/json; charset=latin-1"},
            415,
            "unsupported-media-type",
        ),
        (b"x", {**JSON, "content-encoding": "gzip"}, 400, "invalid-request"),
        (gzip.compress(b"{}")[:-1], {**JSON, "content-encoding": "gzip"}, 400, "invalid-request"),
        (gzip.compress(b"{}") + b"x", {**JSON, "content-encoding": "gzip"}, 400, "invalid-request"),
        (gzip.compress(b" " * 2001), {**JSON, "content-encoding": "gzip"}, 413, "too-large"),
        (b"", STRUCTURED, 400, "invalid-json"),
        (b"{}", BATCH, 400, "not-an-event"),
        (b"[" + b",".join([b"1"] * 6) + b"]", BATCH, 413, "too-large"),
        (b"{}", {**JSON, "ce-id": "i", "ce-type": "a"}, 400, "not-an-event"),
        (b"{}", {**JSON, "ce-specversion": "1.0", "ce-subject": "%ff"}, 400, "not-an-event"),
        (b"x", {"ce-specversion": "1.0", "ce-type": "a"}, 400, "invalid-json"),
        (b"{}", {"content-type": "application/cloudevents+avro"}, 415, "unsupported-media-type"),
        (b"{}", {**JSON, "authorization": "Basic x"}, 401, "unauthenticated"),
        (b"{}", {**JSON, "origin": "https://evil.example"}, 403, "forbidden"),
    ],
)
async def test_refusals(
    client: httpx.AsyncClient, body: bytes, headers: dict[str, str], status: int, type_: str
) -> None:
    answer = await client.post("/events", content=body, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (status, type_)
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("www-authenticate" in answer.headers) is (status == 401)


async def test_a_body_without_declared_length_is_bounded_too(client: httpx.AsyncClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 500

    answer = await client.post("/events", content=body(), headers=JSON)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("query", "headers", "data"),
    [
        ({"as": "message.posted"}, {}, {"text": "x"}),
        ({}, {"ce-specversion": "1.0", "ce-id": "i", "ce-type": "a"}, {"text": "x"}),
    ],
)
async def test_plain_json_becomes_data(
    service: HttpService,
    client: httpx.AsyncClient,
    query: dict[str, str],
    headers: dict[str, str],
    data: object,
) -> None:
    posted = asyncio.create_task(client.post("/events", params=query, headers=headers, json=data))
    await service.until_waiting()
    service.log.store()
    assert (await posted).status_code == 201
    assert b'"data":{"text":"x"}' in service.log.records[0].value


async def test_an_unknown_parameter_is_400(client: httpx.AsyncClient) -> None:
    answer = await client.post("/events", params={"az": "x"}, json={})
    assert (answer.status_code, answer.json()["type"]) == (400, "invalid-request")


async def test_too_many_at_once_are_429_and_a_stopping_service_503(
    service: HttpService, client: httpx.AsyncClient
) -> None:
    posted = [
        asyncio.create_task(client.post("/events", content=event(name), headers=STRUCTURED))
        for name in "ab"
    ]
    await service.until_waiting(2)
    third = await client.post("/events", content=event("c"), headers=STRUCTURED)
    assert (third.status_code, third.headers["retry-after"]) == (429, "2")
    service.log.store()
    assert [(await each).status_code for each in posted] == [201, 201]
    service.posts.draining = True
    late = await client.post("/events", content=event("d"), headers=STRUCTURED)
    assert (late.status_code, late.json()["type"]) == (503, "unavailable")


async def test_stray_requests_are_told_in_problems(client: httpx.AsyncClient) -> None:
    nowhere = await client.get("/nowhere")
    assert (nowhere.status_code, nowhere.json()["type"]) == (404, "not-found")
    method = await client.put("/events")
    assert method.status_code == 405
    assert set(method.headers["allow"].split(", ")) == {"OPTIONS", "POST"}
    broken = await client.get("/broken")
    assert (broken.status_code, broken.json()["type"]) == (500, "internal")
    assert "secret" not in broken.text


async def posted(
    service: HttpService, client: httpx.AsyncClient, body: bytes, headers: dict[str, str]
) -> httpx.Response:
    """The answer, with all that waits stored."""
    task = asyncio.create_task(client.post("/events", content=body, headers=headers))
    while not task.done():
        service.log.store()
        await asyncio.sleep(0)
    return await task


async def test_a_batch_of_which_all_are_stored_is_201(
    service: HttpService, client: httpx.AsyncClient
) -> None:
    body = f"[{event('a')},{event('b')}]".encode()
    answer = await posted(service, client, body, BATCH)
    assert answer.status_code == 201
    assert answer.json() == {
        "accepted": 2,
        "rejected": 0,
        "results": [
            {"type": "ack", "ref": 0, "id": "a", "partition": 0, "offset": 0},
            {"type": "ack", "ref": 1, "id": "b", "partition": 0, "offset": 1},
        ],
    }


async def test_a_mixed_batch_is_207_with_a_result_per_event(
    service: HttpService, client: httpx.AsyncClient
) -> None:
    body = f"[{event('a')},7,{event('c', type='bad')},{{}}]".encode()
    answer = await posted(service, client, body, BATCH)
    assert (answer.status_code, "retry-after" in answer.headers) == (207, False)
    told = answer.json()
    assert (told["accepted"], told["rejected"]) == (1, 3)
    results = [(each["ref"], each["type"], each["id"]) for each in told["results"]]
    assert results == [(0, "ack", "a"), (1, "nack", None), (2, "nack", "c"), (3, "nack", None)]
    types = [each["problem"]["type"] for each in told["results"][1:]]
    assert types == ["not-an-event", "contract-violation", "not-an-event"]


async def test_a_batch_of_which_none_is_accepted_is_400(
    service: HttpService, client: httpx.AsyncClient
) -> None:
    answer = await posted(service, client, f"[{event('c', type='bad')},7]".encode(), BATCH)
    assert (answer.status_code, answer.json()["type"]) == (400, "none-accepted")
    assert answer.headers["content-type"] == "application/problem+json"
    assert [each["ref"] for each in answer.json()["results"]] == [0, 1]


@pytest.mark.parametrize(
    ("fails", "type_"), [(WAITED_TOO_LONG, "unavailable"), (OUTCOME_UNKNOWN, "outcome-unknown")]
)
async def test_a_batch_that_kafka_did_not_take_is_503(
    service: HttpService, client: httpx.AsyncClient, fails: Any, type_: str
) -> None:
    body = f"[{event('a')},{event('b')}]".encode()
    task = asyncio.create_task(client.post("/events", content=body, headers=BATCH))
    await service.until_waiting(2)
    service.log.fail(fails)
    answer = await task
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["type"] == type_
    assert [each["id"] for each in answer.json()["results"]] == ["a", "b"]


async def test_refused_for_good_and_for_now_is_207(
    service: HttpService, client: httpx.AsyncClient
) -> None:
    """Neither 400 nor 503 would be true of all."""
    body = f"[{event('a')},7]".encode()
    task = asyncio.create_task(client.post("/events", content=body, headers=BATCH))
    await service.until_waiting()
    service.log.fail(WAITED_TOO_LONG)
    answer = await task
    assert (answer.status_code, answer.headers["retry-after"]) == (207, "2")
    assert answer.json()["accepted"] == 0


async def test_an_empty_batch_is_200_and_stores_nothing(
    service: HttpService, client: httpx.AsyncClient
) -> None:
    answer = await client.post("/events", content=b"[]", headers=BATCH)
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 0, "rejected": 0, "results": []}
    assert service.log.waiting == []


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", "deflate", "identity"])
async def test_compressed_bodies_are_taken(
    service: HttpService, client: httpx.AsyncClient, encoding: str
) -> None:
    body = event("a").encode()
    if encoding == "deflate":
        body = zlib.compress(body)
    elif encoding != "identity":
        half = len(body) // 2
        body = gzip.compress(body[:half]) + gzip.compress(body[half:])  # members follow each other
    answer = await posted(service, client, body, {**STRUCTURED, "content-encoding": encoding})
    assert answer.status_code == 201


async def test_a_gzip_bomb_is_refused_before_it_is_inflated_or_read(
    client: httpx.AsyncClient,
) -> None:
    bomb = gzip.compress(b"[" * 50_000_000)
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for at in range(0, len(bomb), 1000):
            read += 1
            yield bomb[at : at + 1000]

    answer = await client.post(
        "/events", content=body(), headers={**JSON, "content-encoding": "gzip"}
    )
    assert (answer.status_code, answer.json()["type"]) == (413, "too-large")
    assert read <= 2, "the rest of the bomb was read"


async def test_binary_mode_without_data(service: HttpService, client: httpx.AsyncClient) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "i", "ce-type": "a", "ce-source": "/s"}
    answer = await posted(service, client, b"", headers)
    assert answer.status_code == 201
    stored = orjson.loads(service.log.records[0].value)
    assert "data" not in stored
    assert "datacontenttype" not in stored


async def test_a_repeated_ce_header_is_refused(client: httpx.AsyncClient) -> None:
    twice = [("ce-specversion", "1.0"), ("ce-id", "a"), ("ce-id", "b"), ("ce-type", "a")]
    answer = await client.post(
        "/events", content=b"{}", headers=[("content-type", "application/json"), *twice]
    )
    assert (answer.status_code, answer.json()["type"]) == (400, "not-an-event")


async def test_an_array_as_plain_json_is_data_not_a_batch(client: httpx.AsyncClient) -> None:
    answer = await client.post("/events", content=f"[{event('a')}]", headers=JSON)
    assert (answer.status_code, answer.json()["type"]) == (400, "not-an-event")


async def test_unsupported_answers_say_what_is_taken(client: httpx.AsyncClient) -> None:
    media = await client.post("/events", content=b"x", headers={"content-type": "text/plain"})
    assert "application/cloudevents-batch+json" in media.headers["accept-post"]
    coding = await client.post(
        "/events", content=b"x", headers={**JSON, "content-encoding": "zstd"}
    )
    assert "gzip" in coding.headers["accept-encoding"]


async def test_a_body_that_does_not_come_is_408(service: HttpService) -> None:
    service = HttpService(stall_s=0.01)
    never = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"{"
        await never.wait()

    async with service.client() as client:
        answer = await client.post("/events", content=body(), headers=JSON)
    assert (answer.status_code, answer.json()["type"]) == (408, "request-timeout")
    assert answer.headers["retry-after"] == "2"


async def test_a_preflight_of_an_allowed_page(client: httpx.AsyncClient) -> None:
    asked = {
        "origin": PAGE,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,ce-id",
    }
    answer = await client.options("/events", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type,ce-id"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["vary"] == "origin"


async def test_a_preflight_of_a_foreign_page_allows_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.options(
        "/events",
        headers={"origin": "https://evil.example", "access-control-request-method": "POST"},
    )
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_options_without_an_origin_says_what_is_taken(client: httpx.AsyncClient) -> None:
    answer = await client.options("/events")
    assert (answer.status_code, answer.headers["allow"]) == (204, "POST, OPTIONS")
    assert "application/x-ndjson" in answer.headers["accept-post"]


async def test_a_pages_script_may_read_answers_and_refusals(
    service: HttpService, client: httpx.AsyncClient
) -> None:
    page = {**STRUCTURED, "origin": PAGE}
    good = await posted(service, client, event("a").encode(), page)
    bad = await client.post("/events", content=b"{", headers=page)
    for answer in (good, bad):
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "retry-after" in answer.headers["access-control-expose-headers"]
    assert service.tally.requests_refused == {400: 1}


async def test_two_content_encodings_are_two_whichever_way_they_are_written(
    client: httpx.AsyncClient,
) -> None:
    headers = [("content-type", JSON["content-type"]), ("content-encoding", "gzip")]
    answer = await client.post(
        "/events", content=b"{}", headers=[*headers, ("content-encoding", "identity")]
    )
    assert (answer.status_code, answer.json()["type"]) == (415, "unsupported-media-type")
