"""The operators' endpoints and the answers at every other address."""

from __future__ import annotations

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.records import events, store
from support.stream import subscribed

pytestmark = pytest.mark.kafka


async def test_what_operators_read(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher
) -> None:
    topic = kafka_topic(partitions=2)
    await store(kafka_bootstrap, topic, events(3), partition=1)
    publisher = start_publisher(topic, instance="observed", prefill=2)

    async with subscribed(publisher.websocket_url, "since=earliest") as stream:
        await stream.until("live")
        await store(kafka_bootstrap, topic, [*events(2), b"foreign"], partition=0)
        await stream.events(2)
        publisher.wait_that(
            lambda: publisher.status()["tip"].startswith("0:3,1:3@"), "all consumed"
        )
        status = publisher.status()
        assert publisher.metric("subscribers") == 1
        assert publisher.metric("subscribers_live") == 1
        assert publisher.metric("deliveries_total", lane="live") == 2
        assert publisher.metric("deliveries_total", lane="catch-up") == 3
        assert publisher.metric("sent_bytes_total", lane="live") > 0
        assert publisher.metric("records_skipped_total") == 1
        assert publisher.metric("subscribers_joined_total", transport="websocket") == 1
        assert publisher.metric("delivery_seconds_count") >= 1
        assert publisher.metric("subscribers_by_transport", transport="websocket") == 1
        assert publisher.metric("subscribers_by_transport", lane="live", transport="sse") == 0
        assert publisher.answer("/events?since=x").status_code == 400
        assert publisher.metric("requests_refused_total", problem="invalid-cursor") == 1
        assert publisher.metric("ready") == 1
    publisher.wait_that(lambda: publisher.metric("subscribers") == 0, "it has left")

    assert status["service"] == "publisher"
    assert (status["instance"], status["topic"]) == ("observed", topic)
    assert (status["ready"], status["phase"], status["partitions"]) == (True, "following", 2)
    generation = status["generation"]
    assert status["earliest"] == f"0:0,1:0@{generation}"
    assert status["tip"] == f"0:3,1:3@{generation}"
    assert status["in_memory_from"] == [0, 1]
    assert status["subscribers"] == {"total": 1, "live": 1, "catch-up": 0, "waiting": 0}
    assert status["page_loads"] >= 1
    assert publisher.answer("/readyz").json() == {"status": "ready"}
    assert publisher.answer("/healthz").json() == {"status": "ok"}
    assert publisher.metric("subscribers_left_total", reason="gone") == 1


async def test_other_addresses(kafka_topic: TopicFactory, start_publisher: StartPublisher) -> None:
    publisher = start_publisher(kafka_topic())

    for path in ("/", "/nothing", "/status/", "/websocket/x"):
        answer = publisher.answer(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "not-found"
        assert "/websocket" in answer.json()["detail"]
    refused = publisher.answer("/status", method="POST")
    assert refused.status_code == 405
    assert refused.json()["type"] == "method-not-allowed"
    assert "GET" in refused.headers["allow"]

    plain = publisher.answer("/websocket")
    assert (plain.status_code, plain.headers["upgrade"]) == (426, "websocket")
    assert plain.headers["content-type"] == "application/problem+json"
    assert plain.json()["type"] == "upgrade-required"
    assert "ws://" in plain.json()["detail"]

    for path in ("/nothing", "/", "/status"):
        with pytest.raises(InvalidStatus) as elsewhere:
            await connect(f"ws://127.0.0.1:{publisher.port}{path}", proxy=None)
        response = elsewhere.value.response
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
        assert b'"not-found"' in (response.body or b"")
    assert publisher.complaints() == []
