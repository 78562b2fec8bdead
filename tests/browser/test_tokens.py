"""Tokens in Chromium, which sets no headers: subprotocol and parameter, refusals, and the end."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
import orjson
import pytest
from playwright.async_api import Page

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.records import events, store

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(60)]

Browse = Callable[[str], Awaitable[Page]]
SECRET = "a secret of thirty-two bytes or more"
LEEWAY_S = 5


def token(left_s: float = 60, secret: str = SECRET) -> str:
    """Of ann, for so long; the publisher's leeway is not counted."""
    claims = {"sub": "ann", "exp": int(time.time() + left_s)}
    return jwt.encode(claims, secret, "HS256")


_READ = """([query, protocols]) => new Promise(resolve => {
  const socket = new WebSocket(`ws://${location.host}/websocket?${query}`, protocols);
  const texts = [];
  socket.onmessage = message => texts.push(message.data);
  socket.onclose = close => resolve({texts, code: close.code, protocol: socket.protocol});
})"""

_LISTEN = """url => {
  const seen = window.seen = {events: [], told: [], states: []};
  const source = window.source = new EventSource(url);
  source.onmessage = message => seen.events.push(JSON.parse(message.data).offset);
  source.addEventListener('error', error => {
    if (error.data) seen.told.push([JSON.parse(error.data), error.lastEventId]);
    else seen.states.push(source.readyState);
  });
}"""


async def test_a_page_subscribes_with_a_token(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, browse: Browse
) -> None:
    topic = kafka_topic()
    for owner in (b"ann", b"bob", b"ann"):
        await store(kafka_bootstrap, topic, events(1), key=owner)
    publisher = start_publisher(
        topic, auth="bearer", token_key=SECRET, keys="own", retry_after_ms=50
    )
    page = await browse(publisher.http_url + "/healthz")

    async def read(query: str, *protocols: str) -> dict[str, Any]:
        found: dict[str, Any] = await page.evaluate(_READ, [query, list(protocols)])
        return found

    good = f"bearer.{token()}"
    whole = await read("since=0&until=now", good)
    frames = [orjson.loads(text) for text in whole["texts"]]
    assert [each["offset"] for each in frames if each["type"] == "event"] == [0, 2]
    assert (whole["code"], whole["protocol"]) == (1000, good)
    bare = await read("since=0&until=now", good, "cloudevents.json")
    assert (len(bare["texts"]), bare["code"], bare["protocol"]) == (2, 1000, "cloudevents.json")

    for query, protocols, code, problem in (
        ("", [f"bearer.{token(secret='x' * 40)}"], 4401, "unauthenticated"),
        ("", [], 4401, "unauthenticated"),
        ("key=bob", [good], 4403, "forbidden"),
    ):
        refused = await read(query, *protocols)
        assert refused["code"] == code
        assert orjson.loads(refused["texts"][0])["problem"]["type"] == problem

    await page.evaluate(_LISTEN, f"/events?since=0&access_token={token()}")
    await page.wait_for_function("seen.events.length == 2")
    assert await page.evaluate("seen.events") == [0, 2]
    await page.evaluate("source.close()")


async def test_when_the_token_ends_so_does_the_event_source(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, browse: Browse
) -> None:
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, events(3), key=b"ann")
    publisher = start_publisher(topic, auth="bearer", token_key=SECRET, retry_after_ms=50)
    page = await browse(publisher.http_url + "/healthz")
    await page.evaluate(_LISTEN, f"/events?since=0&access_token={token(4 - LEEWAY_S)}")
    await page.wait_for_function("source.readyState == 2")  # it came back once, and got 401
    assert await page.evaluate("seen.events") == [0, 1, 2]
    [[told, last_id]] = await page.evaluate("seen.told")
    assert (told["problem"]["type"], told["cursor"]) == ("unauthenticated", last_id)
    await page.evaluate(_LISTEN, f"/events?since={last_id}&access_token={token()}")
    await store(kafka_bootstrap, topic, events(1, start=3), key=b"ann")
    await page.wait_for_function("seen.events.length == 1")
    assert await page.evaluate("seen.events") == [3]
