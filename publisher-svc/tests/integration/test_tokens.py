"""Bearer tokens on a running publisher: every way to send one, and what happens when one ends."""

from __future__ import annotations

import json
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from publisher_fakes.tokens import SECRET, pem_of, token, unsigned
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.http_stream import NDJSON, PAGE, SSE, http_subscribed
from support.publisher import Publisher
from support.records import events, store
from support.stream import outcome, subscribed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]

TOKENS = {"auth": "bearer", "token_key": SECRET, "keys": "own", "operators": "ops"}
FRIEND = "https://app.example"


@pytest.fixture
async def publisher(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> Publisher:
    """Three events of ann's, one of bob's, three of ann's; it logs all that it may."""
    topic = kafka_topic()
    for count, owner in ((3, b"ann"), (1, b"bob"), (3, b"ann")):
        await store(kafka_bootstrap, topic, events(count), key=owner)
    return start_publisher(topic, allowed_origins=FRIEND, log_level="debug", **TOKENS)


MINE = [(0, offset) for offset in (0, 1, 2, 4, 5, 6)]
WHOLE = "since=earliest&until=now"


async def test_every_way_to_send_one(publisher: Publisher) -> None:
    url, mine = publisher.websocket_url, token()
    bearer = {"authorization": f"Bearer {mine}"}
    for query, arguments, selected in (
        ("", {"additional_headers": bearer}, None),
        (f"&access_token={mine}", {}, None),
        ("", {"subprotocols": [f"bearer.{mine}"]}, f"bearer.{mine}"),
        ("&batch=true", {"subprotocols": [f"bearer.{mine}"]}, f"bearer.{mine}"),
    ):
        more: dict[str, Any] = {**arguments, "origin": FRIEND}
        async with subscribed(url, WHOLE + query, **more) as stream:
            ended = await stream.rest()
            assert stream.connection.subprotocol == selected
        assert (ended.code, ended.events) == (1000, MINE), (query, selected)
    async with connect(
        f"{url}?{WHOLE}",
        subprotocols=[f"bearer.{mine}", "cloudevents.json"],  # type: ignore[list-item] # a NewType
        proxy=None,
    ) as connection:
        bare = [orjson.loads(text) async for text in connection]
    assert connection.subprotocol == "cloudevents.json"
    assert [each["id"] for each in bare] == ["0", "1", "2"] * 2

    for query, headers in (("", bearer), (f"&access_token={mine}", {})):
        for accept in (SSE, NDJSON):
            async with http_subscribed(
                publisher.http_url, WHOLE + query, accept, headers=headers
            ) as stream:
                assert (await stream.rest()).events == MINE
        page = publisher.answer(
            f"/events?since=0{query}&limit=2", headers={"accept": PAGE, **headers}
        )
        assert [each["offset"] for each in page.json()["events"]] == [0, 1]
        assert "key" not in page.links["next"]["url"]
        assert "access_token" not in page.links["next"]["url"]
        plan = publisher.answer(f"/plan?since=0{query}", headers=headers)
        assert plan.json()["problem"] is None
    assert mine.rpartition(".")[2] not in publisher.logs()
    assert publisher.complaints() == []


BAD = {
    "none": unsigned(),
    "another secret": token("x" * 40),
    "expired": token(exp=1),
    "no sub": token(sub=None),
    "no exp": token(exp=None),
    "for another": token(aud="another"),
    "long": token(x="x" * 5000),
    "empty": "",
}


@pytest.mark.parametrize("case", [each for each in BAD if each != "long"])
async def test_what_proves_nothing_lets_nobody_in(publisher: Publisher, case: str) -> None:
    url, bad = publisher.websocket_url, BAD[case]
    for query, arguments in (
        ("", {"additional_headers": {"authorization": f"Bearer {bad}"}}),
        (f"access_token={bad}", {}),
        ("", {"subprotocols": [f"bearer.{bad}"]}),
    ):
        with pytest.raises(InvalidStatus) as program:
            await connect(f"{url}?{query}", proxy=None, **arguments)
        assert program.value.response.status_code == 401
        assert program.value.response.headers["www-authenticate"] == 'Bearer realm="broadcaster"'
        browser = await outcome(url, query, origin=FRIEND, **arguments)
        assert (browser.code, browser.problem["type"]) == (4401, "unauthenticated")
        assert ("expired" in browser.problem["detail"]) == (case == "expired")
    for accept in (SSE, NDJSON, PAGE):
        answer = publisher.answer(f"/events?access_token={bad}", headers={"accept": accept})
        assert answer.status_code == 401
    assert publisher.complaints() == []
    if bad:
        assert bad not in publisher.logs()


def test_one_that_is_far_too_long_is_none(publisher: Publisher) -> None:
    for length in (9_000, 30_000):
        headers = {"authorization": f"Bearer {token(x='x' * length)}"}
        assert publisher.answer("/events", headers=headers).status_code == 401
    long = publisher.answer(f"/events?access_token={BAD['long']}", headers={"accept": PAGE})
    assert long.status_code == 200, "a long one with a right signature is one"


async def test_a_subscription_ends_when_its_token_does(publisher: Publisher) -> None:
    url = publisher.websocket_url
    short = token(exp=int(time.time()) - 1)  # within the leeway for some seconds yet
    bearer = {"authorization": f"Bearer {short}"}
    async with AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(
                subscribed(url, f"since=earliest{query}", additional_headers=bearer)
            )
            for query in ("", "&batch=true")
        ]
        bare = await stack.enter_async_context(
            subscribed(url, additional_headers=bearer, subprotocols=["cloudevents.json"])
        )
        answers = [
            await stack.enter_async_context(
                http_subscribed(publisher.http_url, "since=earliest", accept, headers=bearer)
            )
            for accept in (SSE, NDJSON)
        ]
        longer = await stack.enter_async_context(
            subscribed(url, additional_headers={"authorization": f"Bearer {token()}"})
        )
        for stream in (*sockets, *answers):
            assert await stream.live() == MINE
            ended = await stream.rest()
            assert ended.frames[-1]["type"] == "error"
            assert ended.problem["type"] == "unauthenticated"
            assert "expired" in ended.problem["detail"]
            assert ended.frames[-1]["cursor"].startswith("0:7@"), "behind bob's too"
            assert ended.code in (4401, 4400), "HTTP has no code"
        for each in sockets:
            assert each.connection.close_code == 4401
        assert (await bare.rest()).code == 4401
        source = answers[0]
        last = source.dispatched[-1]
        assert (last.type, last.last_event_id) == ("error", json.loads(last.data)["cursor"])
        await longer.until("heartbeat")
    again = {"accept": SSE, "last-event-id": last.last_event_id}
    refused = publisher.answer(f"/events?access_token={short}", headers=again)
    assert refused.status_code == 401, "an EventSource then stops"
    left = {"code": "4401", "reason": "unauthenticated"}
    assert publisher.metric("subscribers_left_total", **left) == 5
    assert publisher.complaints() == []


async def test_public_keys_audience_and_issuer(
    kafka_topic: TopicFactory, start_publisher: StartPublisher, tmp_path: Path
) -> None:
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    (tmp_path / "keys.pem").write_text(pem_of(key.public_key()))
    publisher = start_publisher(
        kafka_topic(),
        auth="basic,bearer",
        users="ann:a",
        plain_passwords="true",
        token_keys_file=str(tmp_path / "keys.pem"),
        token_audience="broadcaster",
        token_issuer="https://id.example",
    )
    good: dict[str, Any] = {"aud": "broadcaster", "iss": "https://id.example"}

    def status(text: str) -> int:
        headers = {"authorization": f"Bearer {text}", "accept": PAGE}
        return publisher.answer("/events", headers=headers).status_code

    assert status(token(key, "ES256", **good)) == 200
    assert status(token(other, "ES256", **good)) == 401
    assert status(token(key, "ES256", **{**good, "aud": "other"})) == 401
    assert status(token(key, "ES256", **{**good, "iss": "other"})) == 401
    assert status(token(**good)) == 401
    page = publisher.answer("/events", headers={"accept": PAGE}, auth=("ann", "a"))
    assert page.status_code == 200


async def test_an_open_publisher_takes_what_pages_offer(
    kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    publisher = start_publisher(kafka_topic())
    async with subscribed(publisher.websocket_url, subprotocols=["x", "bearer.any"]) as stream:
        await stream.hello()
        assert stream.connection.subprotocol == "bearer.any"
    assert publisher.answer("/events?until=now&access_token=any").status_code == 200
