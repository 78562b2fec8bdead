"""The WebSocket in Chromium: frames, bare CloudEvents, and what a page reads of a refusal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
from playwright.async_api import Page

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.records import events, store

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(60)]

Browse = Callable[[str], Awaitable[Page]]

_READ = """([query, protocols]) => new Promise(resolve => {
  const socket = new WebSocket(`ws://${location.host}/websocket?${query}`, protocols);
  const texts = [];
  socket.onmessage = message => texts.push(message.data);
  socket.onclose = close =>
    resolve({texts, code: close.code, reason: close.reason, protocol: socket.protocol});
})"""


async def test_frames_refusals_and_bare_events(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, browse: Browse
) -> None:
    topic = kafka_topic()
    values = events(3)
    await store(kafka_bootstrap, topic, values)
    publisher = start_publisher(topic)
    page = await browse(publisher.http_url + "/healthz")

    async def read(query: str, *protocols: str) -> dict[str, Any]:
        found: dict[str, Any] = await page.evaluate(_READ, [query, list(protocols)])
        return found

    whole = await read("since=0&until=now")
    kinds = [orjson.loads(text)["type"] for text in whole["texts"]]
    assert kinds == ["hello", "event", "event", "event", "end"]
    assert (whole["code"], whole["reason"], whole["protocol"]) == (1000, "end", "")

    bare = await read("since=0&until=now", "cloudevents.json")
    assert [text.encode() for text in bare["texts"]] == values
    assert (bare["code"], bare["protocol"]) == (1000, "cloudevents.json")

    refused = await read("since=99")
    assert orjson.loads(refused["texts"][0])["problem"]["type"] == "cursor-ahead"
    assert (refused["code"], refused["reason"]) == (4409, "cursor-ahead")
    bare_refused = await read("since=99", "cloudevents.json")
    assert (bare_refused["texts"], bare_refused["code"]) == ([], 4409)
