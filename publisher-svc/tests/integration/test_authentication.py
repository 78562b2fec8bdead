"""Credentials and own keys on a real Kafka: who is let in, and that nothing of others comes out."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import pytest
from argon2 import PasswordHasher
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.http_stream import NDJSON, PAGE, SSE, HttpRefusedError, http_subscribed
from support.publisher import Publisher
from support.records import event, producing
from support.stream import outcome, subscribed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]

OWNERS = [b"ann", b"bob", None, b"Ann", b"ann", b"ann ", b"bob", b"", b"ann"]
USERS = {
    "auth": "basic",
    "users": "ann:a bob:b ops:o nobody:n",
    "plain_passwords": "true",
    "keys": "own",
    "operators": "ops",
}


def basic(user: str, password: str) -> dict[str, str]:
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"authorization": f"Basic {token}"}


ANN, BOB, OPS = basic("ann", "a"), basic("bob", "b"), basic("ops", "o")


@dataclass(frozen=True, slots=True)
class Walled:
    """A publisher with own keys, on two partitions; every event says whose it is."""

    publisher: Publisher
    bootstrap: str
    topic: str

    async def store(self, start: int) -> list[tuple[int, int]]:
        """One event of each owner; gives the places of ann's."""
        places = []
        async with producing(self.bootstrap) as producer:
            for number, owner in enumerate(OWNERS, start):
                mark = "own" if owner == b"ann" else "FOREIGN"
                sent = await producer.send_and_wait(
                    self.topic, event(number, owner=mark), key=owner, partition=number % 2
                )
                if owner == b"ann":
                    places.append((sent.partition, sent.offset))
        return places


@pytest.fixture(params=[0, 1000], ids=["from Kafka", "from memory"])
async def walled(
    request: pytest.FixtureRequest,
    kafka_bootstrap: str,
    kafka_topic: TopicFactory,
    start_publisher: StartPublisher,
) -> tuple[Walled, list[tuple[int, int]]]:
    topic = kafka_topic(partitions=2)
    made = Walled(None, kafka_bootstrap, topic)  # type: ignore[arg-type] # nothing is asked yet
    mine = await made.store(0)
    publisher = start_publisher(topic, prefill=request.param, **USERS)
    return Walled(publisher, kafka_bootstrap, topic), mine


def events_of(frames: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """Partition and offset of the events, each of which must be the own."""
    found = [each for each in frames if each.get("type") == "event"]
    assert {each["event"]["data"]["owner"] for each in found} <= {"own"}
    return sorted((each["partition"], each["offset"]) for each in found)


@pytest.mark.parametrize("query", ["", "&key=ann", "&type=message.*", "&key=ann&key=ann"])
async def test_whatever_it_asks_a_subscriber_gets_its_own_events_alone(
    walled: tuple[Walled, list[tuple[int, int]]], query: str
) -> None:
    there, mine = walled
    url, base = there.publisher.websocket_url, there.publisher.http_url
    whole = f"since=earliest&until=now{query}"

    for more, compression in (("", None), ("&batch=true", None), ("&batch=true", "deflate")):
        ended = await outcome(url, whole + more, additional_headers=ANN, compression=compression)
        assert (ended.code, events_of(ended.frames)) == (1000, sorted(mine)), (more, compression)
    async with connect(
        f"{url}?{whole}",
        additional_headers=ANN,
        subprotocols=["cloudevents.json"],  # type: ignore[list-item] # a NewType of theirs
        proxy=None,
    ) as connection:
        bare = [orjson.loads(text) async for text in connection]
    assert connection.close_code == 1000
    assert [each["data"]["owner"] for each in bare] == ["own"] * len(mine)

    for accept in (SSE, NDJSON):
        async with http_subscribed(base, whole, accept, headers=ANN) as stream:
            assert events_of((await stream.rest()).frames) == sorted(mine), accept
        assert b"FOREIGN" not in stream.body
        assert "Authorization" in stream.response.headers["vary"]
        assert "private" in stream.response.headers["cache-control"]

    got: list[dict[str, Any]] = []
    following: str | None = f"/events?since=earliest{query}&limit=1&access_token=x"
    while following is not None:
        page = there.publisher.answer(following, headers={"accept": PAGE, **ANN})
        assert "private" in page.headers["cache-control"]
        assert "Authorization" in page.headers["vary"]
        got += [{"type": "event", **each} for each in page.json()["events"]]
        following = page.links["next"]["url"] if "next" in page.links else None
        assert "access_token" not in (following or "")
    assert events_of(got) == sorted(mine)


async def test_live_and_after_a_cut_too(walled: tuple[Walled, list[tuple[int, int]]]) -> None:
    there, mine = walled
    url, base = there.publisher.websocket_url, there.publisher.http_url
    async with (
        subscribed(url, "since=earliest", additional_headers=ANN) as socket,
        subscribed(url, "batch=true", additional_headers=ANN) as batched,
        subscribed(url, "", additional_headers=BOB) as bobs,
        subscribed(url, "", additional_headers=OPS) as operators,
        http_subscribed(base, "", SSE, headers=ANN) as source,
        http_subscribed(base, "", NDJSON, headers=ANN) as lines,
    ):
        assert sorted(await socket.live()) == sorted(mine)
        for stream in (batched, bobs, operators, source, lines):
            assert await stream.live() == []
        more = await there.store(len(OWNERS))
        for stream in (socket, batched, source, lines):
            frames = [await stream.events(1) for _ in more]
            assert events_of([each for [each] in frames]) == sorted(more)
            beat = (await stream.until("heartbeat"))[-1]
            assert beat["behind"] == 0
        assert len(await bobs.events(OWNERS.count(b"bob"))) == 2
        assert len(await operators.events(len(OWNERS))) == len(OWNERS)
        last = source.dispatched[0].last_event_id

    assert last
    again = {"last-event-id": last, **ANN}
    async with http_subscribed(base, "until=now", SSE, headers=again) as resumed:
        assert events_of((await resumed.rest()).frames) == sorted(more)
    stolen = {"last-event-id": last, **BOB}
    async with http_subscribed(base, "until=now", SSE, headers=stolen) as other:
        assert b"own" not in other.body, "a place is no right"
        bobs_again = [each for each in (await other.rest()).frames if each["type"] == "event"]
        assert len(bobs_again) == 2


# -- refusals --------------------------------------------------------------------------------------

WRONG = [{}, basic("ann", "b"), basic("eve", "a"), {"authorization": "Bearer ann"}]
UNTOLD = ("cursor", "tip", "instance", "earliest", "topic", "test")


def is_silent(body: bytes) -> bool:
    """A refusal that says nothing of the log."""
    told = json.loads(body)
    return set(told) == {"type", "title", "status", "detail", "retriable"} and not any(
        word in told["detail"] for word in UNTOLD
    )


@pytest.fixture
def publisher(kafka_topic: TopicFactory, start_publisher: StartPublisher) -> Publisher:
    return start_publisher(kafka_topic(), allowed_origins="https://app.example", **USERS)


async def test_who_proves_no_name_is_told_nothing_but_that(publisher: Publisher) -> None:
    url, friend = publisher.websocket_url, {"origin": "https://app.example"}
    for headers in WRONG:
        for query in ("", "since=x", "key=ann", "sinse=1"):
            with pytest.raises(InvalidStatus) as program:
                await connect(f"{url}?{query}", additional_headers=headers, proxy=None)
            refused = program.value.response
            assert (refused.status_code, "retry-after" in refused.headers) == (401, False)
            assert refused.headers["www-authenticate"].startswith('Basic realm="broadcaster"')
            assert is_silent(bytes(refused.body or b""))

            browser = await outcome(
                url, query, additional_headers=headers, origin="https://app.example"
            )
            assert (browser.code, browser.reason) == (4401, "unauthenticated")
            assert [frame["type"] for frame in browser.frames] == ["error"]
            assert is_silent(orjson.dumps(browser.problem))
            bare = await outcome(
                url,
                query,
                additional_headers=headers,
                origin="https://app.example",
                subprotocols=["cloudevents.json"],
            )
            assert (bare.code, bare.frames) == (4401, [])

            for path in ("/events", "/plan"):
                for accept in (PAGE, SSE, NDJSON, "image/png"):
                    answer = publisher.answer(
                        f"{path}?{query}", headers={"accept": accept, **headers, **friend}
                    )
                    assert answer.status_code == 401, (path, accept)
                    assert answer.headers["content-type"] == "application/problem+json"
                    assert answer.headers["www-authenticate"].startswith("Basic ")
                    assert answer.headers["access-control-allow-origin"] == friend["origin"]
                    assert "no-store" in answer.headers["cache-control"]
                    assert is_silent(answer.content)
        head = publisher.answer("/events", method="HEAD", headers={"accept": SSE, **headers})
        assert (head.status_code, head.content) == (401, b"")
    for transport, least in (("websocket", 40), ("http", 60), ("plan", 60)):
        labels = {"transport": transport, "problem": "unauthenticated"}
        assert publisher.metric("requests_refused_total", **labels) >= least
    assert publisher.status()["subscribers"]["total"] == 0
    assert publisher.complaints() == []
    assert "Basic" not in publisher.logs()


async def test_another_ones_key_is_forbidden_and_said_what_to_do(publisher: Publisher) -> None:
    url = publisher.websocket_url
    for query in ("key=bob", "key=ann&key=bob", "key=Ann", "since=earliest&until=now&key=bob"):
        with pytest.raises(InvalidStatus) as program:
            await connect(f"{url}?{query}", additional_headers=ANN, proxy=None)
        refused = program.value.response
        assert refused.status_code == 403
        assert "leave out key" in json.loads(refused.body or b"")["detail"]
        browser = await outcome(url, query, additional_headers=ANN, origin="https://app.example")
        assert (browser.code, browser.problem["type"]) == (4403, "forbidden")
        for accept in (SSE, NDJSON, PAGE):
            answer = publisher.answer(f"/events?{query}", headers={"accept": accept, **ANN})
            assert (answer.status_code, answer.json()["type"]) == (403, "forbidden")
        plan = publisher.answer(f"/plan?{query}", headers=ANN).json()
        assert (plan["cursor"], plan["problem"]["type"]) == (None, "forbidden")
        assert publisher.answer(f"/plan?{query}", headers=OPS).json()["problem"] is None
    assert publisher.metric("requests_refused_total", problem="forbidden") == 4 * 5


async def test_origin_then_credentials_then_room_then_the_request(
    kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    publisher = start_publisher(
        kafka_topic(), max_subscribers=1, allowed_origins="https://app.example", **USERS
    )
    url = publisher.websocket_url
    async with subscribed(url, additional_headers=OPS) as only:
        await only.hello()

        async def status(headers: dict[str, str]) -> int:
            with pytest.raises(InvalidStatus) as program:
                await connect(f"{url}?sinse=1", additional_headers=headers, proxy=None)
            return program.value.response.status_code

        assert (await status({}), await status(ANN)) == (401, 503)
        for origin, code in (("https://evil.example", 4403), ("https://app.example", 4401)):
            assert (await outcome(url, origin=origin)).code == code
        ended = await outcome(url, additional_headers=ANN, origin="https://app.example")
        assert ended.code == 1013
        with pytest.raises(HttpRefusedError) as source:
            async with http_subscribed(publisher.http_url, "", SSE):
                pass
        assert source.value.response.status_code == 401, "an EventSource must not come back"


async def test_pages_may_send_credentials_and_operators_addresses_stay_open(
    publisher: Publisher,
) -> None:
    asked = {
        "origin": "https://app.example",
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
    }
    for path in ("/events", "/plan"):
        preflight = publisher.answer(path, method="OPTIONS", headers=asked)
        assert preflight.status_code == 204
        assert "Authorization" in preflight.headers["access-control-allow-headers"]
    for path in ("/status", "/healthz", "/readyz", "/metrics", "/openapi.json", "/asyncapi.json"):
        assert publisher.answer(path).status_code == 200, path


async def test_without_the_wall_whoever_is_known_sees_everything(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic()
    async with producing(kafka_bootstrap) as producer:
        for number, owner in enumerate(OWNERS):
            await producer.send_and_wait(topic, event(number), key=owner)
    publisher = start_publisher(topic, auth="basic", users="ann:a", plain_passwords="true")
    async with httpx.AsyncClient(base_url=publisher.http_url, trust_env=False) as client:
        query = {"since": "0"}
        asked = {"accept": PAGE}
        assert (await client.get("/events", params=query, headers=asked)).status_code == 401
        page = await client.get("/events", params=query, headers=asked, auth=("ann", "a"))
    assert len(page.json()["events"]) == len(OWNERS)


async def test_hashes_and_clients_that_leave_while_they_are_verified(
    kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    hashed = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1).hash("a")
    publisher = start_publisher(kafka_topic(), auth="basic", users=f"ann:{hashed}")
    for path, upgrade in (
        ("/websocket", "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
         "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"),
        ("/events", ""),
    ):  # fmt: skip
        for number in range(10):
            password = basic("ann", "a" if number % 2 else f"wrong {number}")["authorization"]
            _, writer = await asyncio.open_connection("127.0.0.1", publisher.port)
            head = f"GET {path} HTTP/1.1\r\nhost: x\r\n{upgrade}authorization: {password}\r\n\r\n"
            writer.write(head.encode())
            await writer.drain()
            writer.transport.abort()
    async with subscribed(publisher.websocket_url, additional_headers=ANN) as stream:
        await stream.hello()
        publisher.wait_that(lambda: publisher.status()["subscribers"]["total"] == 1, "they left")
    with pytest.raises(InvalidStatus):
        await connect(publisher.websocket_url, additional_headers=BOB, proxy=None)
    assert publisher.complaints() == []


async def test_odd_credentials_break_nothing(publisher: Publisher) -> None:
    for line in (
        b"authorization: ", b"authorization: Basic", b"authorization: Basic \xff\xfe",
        b"authorization: Basic " + b"A" * 7000, b"authorization: Basic bm9jb2xvbg==",
        b"authorization: Basic gICA", b"sec-websocket-protocol: bearer.\xff, x",
        b"authorization: basic " + base64.b64encode(b"ann:b"),
    ):  # fmt: skip
        for path, upgrade in (
            (b"/websocket", b"connection: upgrade\r\nupgrade: websocket\r\n"
             b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"),
            (b"/events", b""), (b"/plan", b""),
        ):  # fmt: skip
            reader, writer = await asyncio.open_connection("127.0.0.1", publisher.port)
            head = b"GET %b HTTP/1.1\r\nhost: x\r\n%b%b\r\n\r\n"
            writer.write(head % (path, upgrade, line))
            status = await asyncio.wait_for(reader.readline(), 5)
            assert status.split()[1] in {b"401", b"400"}, (path, line, status)
            writer.close()
    assert publisher.complaints() == []
