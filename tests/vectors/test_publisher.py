"""The wire vectors for servers, on the real publisher and a real Kafka, over WebSocket and HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from contracts.vectors import filled, vectors
from local_kafka.waiting import run_apart
from support.records import events, store

from .conftest import Served, served
from .transports import TRANSPORTS, Frames, RefusedError

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]
EACH_TRANSPORT = pytest.mark.parametrize("transport", TRANSPORTS)


def cases(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", vectors(name)["cases"], ids=lambda case: case["name"])


def without_heartbeats(frames: Frames) -> Frames:
    return (frame for frame in frames if frame["type"] != "heartbeat")


def offsets(frames: Iterable[dict[str, Any]], partitions: Iterable[str]) -> dict[str, list[int]]:
    """By partition, in the order in which they came."""
    got: dict[str, list[int]] = {partition: [] for partition in partitions}
    for frame in frames:
        got[str(frame["partition"])].append(frame["offset"])
    return got


def told(frame: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """The members of `frame` that the vectors speak of."""
    return {name: frame.get(name, "(absent)") for name in expected}


@EACH_TRANSPORT
@cases("replays")
def test_a_bounded_stream(still: Served, case: dict[str, Any], transport: str) -> None:
    expected = filled(case["expect"], still.generation)
    request = filled(case["request"], still.generation)
    with TRANSPORTS[transport](still.publisher, request) as frames:
        hello, *body, end = without_heartbeats(frames)
    assert hello["type"] == "hello"
    assert told(hello, expected["hello"]) == expected["hello"]
    assert ("expired" in hello) == ("expired" in expected["hello"])
    assert {frame["type"] for frame in body} <= {"event"}
    assert offsets(body, expected["events"]) == expected["events"]
    assert (end["type"], end["cursor"]) == ("end", expected["end"])


@EACH_TRANSPORT
@cases("refusals")
def test_a_refusal(still: Served, case: dict[str, Any], transport: str) -> None:
    expected = filled(case["expect"], still.generation)
    request = filled(case["request"], still.generation)
    with (
        pytest.raises(RefusedError) as caught,
        TRANSPORTS[transport](still.publisher, request) as frames,
    ):
        list(frames)
    refusal = caught.value.refusal
    assert told(refusal.problem, expected["problem"]) == expected["problem"]
    by_http = not transport.startswith("websocket")
    assert refusal.status == (expected["status"] if by_http else None)
    assert refusal.close == (None if by_http else expected["close"])


@cases("splices")
def test_where_replay_and_live_meet(
    kafka_bootstrap: str, tmp_path: Path, case: dict[str, Any]
) -> None:
    partitions = [{"events": count, "begins": 0} for count in case["partitions"]]
    topic = {"partitions": partitions, "types": ["message.posted"], "keys": ["a"]}
    with served(kafka_bootstrap, topic, tmp_path) as made:
        expected = filled(case["expect"], made.generation)
        request = filled(case["request"], made.generation)
        with (
            TRANSPORTS["websocket"](made.publisher, request) as one,
            TRANSPORTS["ndjson"](made.publisher, request) as other,
            TRANSPORTS["sse"](made.publisher, request) as third,
            TRANSPORTS["websocket-batch"](made.publisher, request) as fourth,
        ):
            streams = [without_heartbeats(frames) for frames in (one, other, third, fourth)]
            for frames in streams:
                check_replay(frames, expected)
            for partition, count in enumerate(case["append"]):
                run_apart(store(made.bootstrap, made.topic, events(count), partition=partition))
            for frames in streams:
                more = [next(frames) for _ in range(sum(case["append"]))]
                assert offsets(more, case["then"]) == case["then"]


def check_replay(frames: Frames, expected: dict[str, Any]) -> None:
    """From hello to live."""
    hello = next(frames)
    assert told(hello, expected["hello"]) == expected["hello"]
    count = sum(len(each) for each in expected["events"].values())
    replayed = [next(frames) for _ in range(count)]
    assert offsets(replayed, expected["events"]) == expected["events"]
    live = next(frames)
    assert live["type"] == "live"
    assert told(live, expected["live"]) == expected["live"]
