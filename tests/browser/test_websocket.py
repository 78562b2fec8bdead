"""The WebSocket in Chromium: frames, bare CloudEvents, and what a page reads of a refusal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
from playwright.async_api import Page

from contracts.frames import frames_in
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


_FOLLOW = """() => {
  const seen = window.seen = [];
  const socket = window.socket = new WebSocket(`ws://${location.host}/websocket?batch=true`);
  socket.onmessage = message => seen.push(message.data);
}"""


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


_EXTENSIONS = """([query, protocols]) => new Promise(resolve => {
  const socket = new WebSocket(`ws://${location.host}/websocket?${query}`, protocols);
  socket.onopen = () => resolve(socket.extensions);
})"""


async def test_several_events_in_a_frame_are_compressed_in_replay_and_live(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, browse: Browse
) -> None:
    """Chromium offers permessage-deflate by itself, with client_max_window_bits."""
    topic = kafka_topic()
    await store(kafka_bootstrap, topic, events(2000, padding="x" * 100))
    publisher = start_publisher(topic, heartbeat_s=0.5)
    page = await browse(publisher.http_url + "/healthz")

    for query in ("since=0&until=now", "since=0&until=now&batch=true"):
        before = publisher.metric("sent_bytes_total")
        found = await page.evaluate(_READ, [query, []])
        frames = [
            orjson.loads(frame) for text in found["texts"] for frame in frames_in(text.encode())
        ]
        offsets = [frame["offset"] for frame in frames if frame["type"] == "event"]
        assert offsets == list(range(2000))
        assert (found["code"], found["reason"]) == (1000, "end")
        took = publisher.metric("sent_bytes_total") - before
        assert (took < 100_000) == ("batch" in query), took
    assert await page.evaluate(_EXTENSIONS, ["since=0", []]) == ""
    taken = await page.evaluate(_EXTENSIONS, ["since=0&batch=true", []])
    assert taken == "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

    await page.evaluate(_FOLLOW)
    await page.wait_for_function("seen.some(text => JSON.parse(text).type === 'live')")
    for number in range(3):
        await store(kafka_bootstrap, topic, events(20, start=2000 + 20 * number))
    await page.evaluate("socket.send('a subscriber has nothing to say '.repeat(100))")
    await page.wait_for_function("seen.join('').includes('\"offset\":2059')")
    await page.wait_for_function("JSON.parse(seen.at(-1)).type === 'heartbeat'")
    texts = await page.evaluate("seen")
    frames = [orjson.loads(frame) for text in texts for frame in frames_in(text.encode())]
    live = [frame["offset"] for frame in frames if frame["type"] == "event"]
    assert live == list(range(2000, 2060))
    assert any(text.startswith('{"type":"events"') for text in texts)
    assert publisher.complaints() == []
