"""``POST /events``, through Starlette with no server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from listener_fakes.clock import FakeClock
from listener_fakes.event_log import FakeEventLog
from listener_fakes.judge import FakeJudge
from listener_fakes.observer import FakeObserver
from listener_fakes.running import AUTHORIZATION, event
from starlette.applications import Starlette
from starlette.routing import Route

from chassis.basic_auth import BasicAuth
from chassis.origins import OriginAllowlist
from contracts.catalogue import serving_catalogue
from listener.app.admission import Admission
from listener.app.ingest_event import IngestEvent
from listener.domain.delivery import OUTCOME_UNKNOWN, WAITED_TOO_LONG
from listener.infra.gate import Gate
from listener.infra.http_contracts import contract_routes
from listener.infra.http_events import PostEvents
from listener.infra.http_problems import problem_handlers

STRUCTURED = {"content-type": "application/cloudevents+json"}
JSON = {"content-type": "application/json"}


class Service:
    """The endpoint, wired with fakes."""

    def __init__(self) -> None:
        self.log = FakeEventLog()
        observer, clock = FakeObserver(), FakeClock()
        admission = Admission(
            FakeJudge(),
            observer,
            max_event_bytes=10_000,
            new_id=lambda: "new-id",
            now=lambda: "2026-11-22T10:00:00Z",
            clock=clock,
        )
        self.posts = PostEvents(
            Gate(BasicAuth({"user": "pwd"}, plain=True), OriginAllowlist(())),
            IngestEvent(admission, self.log, observer, clock),
            default_type=None,
            max_body_bytes=2000,
            max_requests=2,
        )
        self.app = Starlette(
            routes=[
                Route("/events", self.posts.serve, methods=["POST"]),
                Route("/broken", self._broken),
                *contract_routes(serving_catalogue(None)),
            ],
            exception_handlers=problem_handlers(),
        )

    async def _broken(self, _: object) -> None:
        raise RuntimeError("secret")


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(service.app, raise_app_exceptions=False)
    headers = {"authorization": AUTHORIZATION}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost", headers=headers
    ) as client:
        yield client


async def until_waiting(service: Service, count: int = 1) -> None:
    for _ in range(1000):
        if len(service.log.waiting) >= count:
            return
        await asyncio.sleep(0)
    raise AssertionError(f"{len(service.log.waiting)} events wait, not {count}")


async def test_201_only_when_the_event_is_stored(
    service: Service, client: httpx.AsyncClient
) -> None:
    posted = asyncio.create_task(client.post("/events", content=event("a"), headers=STRUCTURED))
    await until_waiting(service)
    assert not posted.done()
    service.log.store()
    answer = await posted
    assert answer.status_code == 201
    assert answer.json() == {"type": "ack", "ref": 0, "id": "a", "partition": 0, "offset": 0}


@pytest.mark.parametrize("problem", [WAITED_TOO_LONG, OUTCOME_UNKNOWN])
async def test_a_failure_of_kafka_is_503_with_retry_after_and_the_id(
    service: Service, client: httpx.AsyncClient, problem: object
) -> None:
    posted = asyncio.create_task(client.post("/events", content=event("a"), headers=STRUCTURED))
    await until_waiting(service)
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
        (
            b"[]",
            {"content-type": "application/cloudevents-batch+json"},
            415,
            "unsupported-media-type",
        ),
        (b"x", {**JSON, "content-encoding": "gzip"}, 415, "unsupported-media-type"),
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
    service: Service,
    client: httpx.AsyncClient,
    query: dict[str, str],
    headers: dict[str, str],
    data: object,
) -> None:
    posted = asyncio.create_task(client.post("/events", params=query, headers=headers, json=data))
    await until_waiting(service)
    service.log.store()
    assert (await posted).status_code == 201
    assert b'"data":{"text":"x"}' in service.log.records[0].value


async def test_an_unknown_parameter_is_400(client: httpx.AsyncClient) -> None:
    answer = await client.post("/events", params={"az": "x"}, json={})
    assert (answer.status_code, answer.json()["type"]) == (400, "invalid-request")


async def test_too_many_at_once_are_429_and_a_stopping_service_503(
    service: Service, client: httpx.AsyncClient
) -> None:
    posted = [
        asyncio.create_task(client.post("/events", content=event(name), headers=STRUCTURED))
        for name in "ab"
    ]
    await until_waiting(service, 2)
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
    assert (method.status_code, method.headers["allow"]) == (405, "POST")
    broken = await client.get("/broken")
    assert (broken.status_code, broken.json()["type"]) == (500, "internal")
    assert "secret" not in broken.text


async def test_contracts_are_listed_and_served(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/contracts")).json()["contracts"]
    assert {each["type"] for each in listed} >= {"message.posted", "order.placed"}
    for each in listed:
        for version in each["versions"]:
            schema = await client.get(version["schema"])
            assert schema.headers["content-type"] == "application/schema+json"
            assert schema.json()["$schema"].startswith("https://json-schema.org/")
    unknown = await client.get("/contracts/message.posted/99")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "not-found")
