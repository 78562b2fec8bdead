"""The original's walk-through, with the real websocat: type a line, see it at every subscriber."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import websockets

from support.services import System, wait_for
from support.websocat import Websocat

pytestmark = [pytest.mark.kafka, pytest.mark.system, pytest.mark.timeout(60)]

CREDENTIALS = "-H=Authorization: Basic dXNlcjpwd2Q="


def localhost(url: str) -> str:
    """The URLs of the walk-through say localhost, whatever it resolves to first."""
    return url.replace("127.0.0.1", "localhost")


def test_typed_lines_are_answered_and_reach_every_subscriber(system: System) -> None:
    subscribe = localhost(system.publisher.websocket_url)
    with (
        Websocat(localhost(system.listener.websocket_url), CREDENTIALS) as producer,
        Websocat(subscribe) as first,
        Websocat(subscribe) as second,
    ):
        for subscriber in (first, second):
            assert subscriber.frame()["type"] == "hello"
            assert subscriber.frame()["type"] == "live"
        producer.type_line("hello")
        assert _without(producer.frame(), "id") == {
            "type": "ack", "ref": 0, "partition": 0, "offset": 0,
        }  # fmt: skip
        producer.type_line("42")
        assert _without(producer.frame(), "id") == {
            "type": "ack", "ref": 1, "partition": 0, "offset": 1,
        }  # fmt: skip
        producer.type_line('{"a":1}')
        nack = producer.frame()
        assert (nack["type"], nack["ref"]) == ("nack", 2)
        assert nack["problem"]["type"] == "contract-violation"
        assert [error["pointer"] for error in nack["problem"]["errors"]] == ["/data"]
        for subscriber in (first, second):
            texts = [subscriber.frame_of("event")["event"]["data"] for _ in range(2)]
            assert texts == [{"text": "hello"}, {"text": "42"}]


def test_several_events_in_a_frame_come_as_text_to_who_offers_no_compression(ten: System) -> None:
    url = f"{localhost(ten.publisher.websocket_url)}?since=0&until=now&batch=true"
    with Websocat(url) as subscriber:
        hello, *batches, end = subscriber.rest()
    assert (hello["type"], end["type"]) == ("hello", "end")
    assert {frame["type"] for frame in batches} == {"events"}
    assert [each["offset"] for frame in batches for each in frame["events"]] == list(range(10))


def test_without_credentials_the_handshake_is_refused(system: System) -> None:
    with Websocat(localhost(system.listener.websocket_url)) as producer:
        assert producer.rest() == []
        assert "401" in producer.end()


@pytest.fixture
def ten(system: System) -> System:
    """A system whose topic holds ten messages, which the publisher has too."""
    with Websocat(localhost(system.listener.websocket_url), CREDENTIALS) as producer:
        for number in range(10):
            producer.type_line(f"line {number}")
            assert producer.frame()["type"] == "ack"
    wait_for(lambda: system.publisher.status()["tip"].startswith("0:10@"), 10, "its tip is 10")
    return system


@pytest.mark.parametrize(
    ("since", "offsets"),
    [
        ("since=0", range(10)),
        ("since=-5m", range(10)),
        ("since=last:3", range(7, 10)),
        ("since=2026-01-01T00:00:00Z", range(10)),
        ("since=earliest&type=message.*", range(10)),
        ("since=earliest&type=order.*", range(0)),
        ("since=4", range(4, 10)),
    ],
)
def test_since_replays_and_then_goes_on_live(ten: System, since: str, offsets: range) -> None:
    with Websocat(f"{localhost(ten.publisher.websocket_url)}?{since}") as subscriber:
        hello = subscriber.frame()
        assert (hello["type"], hello["truncated"]) == ("hello", False)
        assert [subscriber.frame()["offset"] for _ in offsets] == list(offsets)
        live = subscriber.frame()
        assert (live["type"], live["replayed"]) == ("live", len(offsets))
        assert live["cursor"] == hello["tip"]


def test_until_now_ends(ten: System) -> None:
    with Websocat(f"{localhost(ten.publisher.websocket_url)}?since=0&until=now") as subscriber:
        frames = subscriber.rest()
    assert [frame["type"] for frame in frames] == ["hello", *["event"] * 10, "end"]
    assert frames[0]["until"] == frames[-1]["cursor"]


@pytest.mark.parametrize(
    ("query", "problem", "code"),
    [
        ("since=nonsense", "invalid-cursor", 4400),
        ("since=99999999", "cursor-ahead", 4409),
        ("sinse=0", "invalid-request", 4400),
        ("since=0:0@00000000", "cursor-foreign", 4411),
        ("since=0&since=1", "invalid-request", 4400),
    ],
)
async def test_refusals_are_told_and_closed(
    ten: System, query: str, problem: str, code: int
) -> None:
    url = f"{localhost(ten.publisher.websocket_url)}?{query}"
    with Websocat(url) as subscriber:
        (frame,) = subscriber.rest()
    assert (frame["type"], frame["problem"]["type"]) == ("error", problem)
    async with websockets.connect(url) as connection:  # websocat does not print close codes
        await connection.recv()
        await connection.wait_closed()
    assert connection.close_code == code


def test_after_a_trim_the_beginning_is_expired_and_says_so(ten: System) -> None:
    command = [sys.executable, "-m", "local_kafka", "trim", "--topic", ten.topic]
    subprocess.run(
        [*command, "--before", "4", "--bootstrap", ten.bootstrap],
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=30,
    )
    url = localhost(ten.publisher.websocket_url)
    with Websocat(f"{url}?since=0") as subscriber:
        (frame,) = subscriber.rest()
    assert frame["problem"]["type"] == "cursor-expired"
    assert frame["problem"]["earliest"].startswith("0:4@")
    with Websocat(f"{url}?since=0&on_expired=earliest&until=now") as subscriber:
        frames = subscriber.rest()
    assert frames[0]["expired"] == {"0": 0}
    assert [frame["offset"] for frame in frames[1:-1]] == list(range(4, 10))


def _without(frame: dict[str, Any], member: str) -> dict[str, Any]:
    assert frame[member]
    return {name: value for name, value in frame.items() if name != member}
