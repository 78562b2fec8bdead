"""Filters by type and key: the same events live, from memory and from Kafka, and nothing else."""

from __future__ import annotations

import pytest

from local_kafka.pytest_plugin import TopicFactory
from support.fixtures import StartPublisher
from support.http_stream import NDJSON, PAGE, SSE, http_outcome, http_subscribed
from support.records import event, producing
from support.stream import Frame, place, subscribed

pytestmark = pytest.mark.kafka

RECORDS = [
    (event(0, kind="order.placed"), b"ann"),
    (event(1, kind="order.placed.late"), b"bob"),
    (event(2, kind="orders.placed"), None),
    (event(3, kind="order"), b"ann"),
    (event(4, kind="message.posted"), "zoë".encode()),
    (event(5, kind="Order.placed"), b"\xff\xfe"),
    (b'{"id":"no type"}', b"ann"),
    (b'{"type":7}', b"bob"),
]

CASES = {
    "type=order.placed": [0],
    "type=order.*": [0, 1],
    "type=order.placed.*": [1],
    "type=order.placed,message.posted": [0, 4],
    "type=order.*,orders.*": [0, 1, 2],
    "type=order.*,order.placed": [0, 1],
    "type=nothing": [],
    "key=ann": [0, 3, 6],
    "key=ann&key=bob": [0, 1, 3, 6, 7],
    "key=zo%C3%AB": [4],
    "key=a": [],
    "type=order.*&key=ann": [0],
    "type=order.*,order&key=ann": [0, 3],
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("prefill", [0, 1000], ids=["from Kafka", "from memory"])
async def test_a_filter_gives_what_it_names(
    kafka_bootstrap: str, kafka_topic: TopicFactory, start_publisher: StartPublisher, prefill: int
) -> None:
    topic = kafka_topic()
    async with producing(kafka_bootstrap) as producer:

        async def send_all() -> None:
            for value, key in RECORDS:
                await producer.send_and_wait(topic, value, key=key)

        await send_all()
        publisher = start_publisher(topic, prefill=prefill)
        found: dict[str, list[int]] = {}
        for query in CASES:
            async with subscribed(publisher.websocket_url, f"since=0&until=now&{query}") as stream:
                found[query] = [offset for _, offset in (await stream.rest()).events]
        assert found == CASES
        for accept in (SSE, NDJSON):
            for query in CASES:
                ended = await http_outcome(publisher.http_url, f"since=0&until=now&{query}", accept)
                found[query] = [offset for _, offset in ended.events]
            assert found == CASES, accept
        for query in CASES:
            answer = publisher.answer(f"/events?since=0&{query}", headers={"accept": PAGE})
            found[query] = [each["offset"] for each in answer.json()["events"]]
        assert found == CASES

        # Filtered and unfiltered side by side, live.
        url = publisher.websocket_url
        async with (
            subscribed(url) as everything,
            subscribed(url, "type=order.*") as orders,
            subscribed(url, "type=order.*") as same_orders,
            subscribed(url, "key=bob") as bobs,
            http_subscribed(publisher.http_url, "type=order.*", SSE) as order_source,
            http_subscribed(publisher.http_url, "key=bob", NDJSON) as bob_lines,
        ):
            streams = (everything, orders, same_orders, bobs, order_source, bob_lines)
            for stream in streams:
                await stream.until("live")
            await send_all()
            await producer.send_and_wait(topic, event("last", kind="order.last"), key=b"bob")
            last = 2 * len(RECORDS)
            seen = []
            for stream in streams:
                frames: list[Frame] = []
                while not frames or place(frames[-1]) != (0, last):
                    frames += await stream.events(1)
                seen.append([offset - len(RECORDS) for _, offset in map(place, frames)])

    end = len(RECORDS)
    assert seen[:4] == [[*range(end), end], [0, 1, end], [0, 1, end], [1, 7, end]]
    assert seen[4:] == [[0, 1, end], [1, 7, end]]
