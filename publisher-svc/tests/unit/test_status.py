"""Status: readiness and its reasons, the document, the gauges."""

from __future__ import annotations

import pytest
from publisher_fakes.stage import Stage

from publisher.app.following import Following, Phase
from publisher.app.load_queue import LoadQueue
from publisher.app.page_pool import PagePool
from publisher.app.status import Status
from publisher.app.subscribe import Terms
from publisher.domain.http_encodings import CHUNKED, ndjson


class Desk:
    """A stage and what is told of it."""

    def __init__(self, *held: int) -> None:
        self.stage = Stage(*held)
        self.following = Following()
        self.now_s = 100.0
        pool = PagePool(
            self.stage.log,
            [],
            LoadQueue(lambda _miss: False, lambda: self.now_s, 0.5),
            trimmed=self.stage.hub.expire,
            failed=lambda _error: None,
        )
        self.status = Status(
            self.stage.hub,
            pool,
            self.following,
            Terms("events", "p1", 15.0, 10),
            clock=lambda: self.now_s,
            stuck_s=30.0,
        )

    def follow(self) -> None:
        """All is well."""
        self.following.enter(Phase.FOLLOWING)
        self.following.polled_s = self.now_s


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.FOLLOWING])
def test_every_phase_but_the_last_is_a_reason(phase: Phase) -> None:
    desk = Desk(1)
    desk.following.enter(phase, "because")
    assert desk.status.reasons() == [(phase.value, "because")]


def test_from_the_start_it_is_not_ready() -> None:
    assert Desk(1).status.reasons() == [("no-broker", "not connected to Kafka yet")]


def test_following_is_ready_until_the_consumer_is_silent_too_long() -> None:
    desk = Desk(1)
    desk.follow()
    assert desk.status.reasons() == []
    desk.now_s += 30.0
    assert desk.status.reasons() == []
    desk.now_s += 1.0
    assert desk.status.reasons() == [
        ("stuck-consumer", "the live consumer has not answered for 31 s")
    ]


def test_what_the_watch_sees_is_a_reason_until_kafka_gives_something() -> None:
    desk = Desk(1)
    desk.follow()
    for trouble in (("no-broker", "it does not answer"), ("stuck-consumer", "it stands")):
        desk.following.trouble = trouble
        assert desk.status.reasons() == [trouble]
        desk.following.answered()
        assert desk.status.reasons() == []


def test_draining_comes_before_everything() -> None:
    desk = Desk(1)
    desk.status.draining = True
    assert [name for name, _ in desk.status.reasons()] == ["draining"]


def test_having_followed_once_it_can_serve() -> None:
    following = Following()
    assert not following.served
    following.enter(Phase.CATCHING_UP, "reading")
    assert not following.served
    following.enter(Phase.FOLLOWING)
    following.enter(Phase.NO_BROKER, "away")
    assert (following.served, following.phase, following.detail) == (
        True,
        Phase.NO_BROKER,
        "away",
    )


def test_the_document() -> None:
    desk = Desk(3, 0)
    desk.follow()
    desk.stage.join()
    desk.stage.join(1, 0)
    desk.stage.hub.expire(0, 1)
    desk.stage.publish(1)
    document = desk.status.document()
    memory = document.pop("memory")
    assert memory["tail_bytes"] > 0
    assert document == {
        "service": "publisher",
        "instance": "p1",
        "topic": "events",
        "generation": "0badcafe",
        "ready": True,
        "phase": "following",
        "partitions": 2,
        "earliest": "0:1,1:0@0badcafe",
        "tip": "0:3,1:1@0badcafe",
        "in_memory_from": [3, 0],
        "subscribers": {"total": 2, "live": 1, "catch-up": 1, "waiting": 0},
        "max_subscribers": 10,
        "page_loads": 0,
        "consumer_restarts": 0,
        "io_uring": False,
    }


def test_the_document_before_there_is_a_topic() -> None:
    document = Desk().status.document()
    assert (document["ready"], document["earliest"], document["tip"]) == (False, None, None)


def test_subscribers_by_lane_and_transport() -> None:
    desk = Desk(3)
    desk.stage.join()
    desk.stage.join(encoding=ndjson(CHUNKED))
    desk.stage.join(9, encoding=ndjson(CHUNKED))
    desk.stage.settle()
    assert desk.status.standing() == {
        ("live", "websocket"): 1,
        ("live", "ndjson"): 1,
        ("waiting", "ndjson"): 1,
    }


def test_the_gauges() -> None:
    desk = Desk(3)
    desk.stage.join()
    desk.stage.join(1)
    desk.stage.settle()
    desk.stage.publish()
    desk.following.restarts = 2
    readings = {name: value for name, _, value in desk.status.readings()}
    assert readings["subscribers"] == readings["subscribers_live"] == 2
    assert readings["subscribers_catch_up"] == 0
    assert readings["page_misses"] == 1
    assert readings["page_hits"] == 1
    assert readings["tip"] == 4
    assert readings["tail_bytes"] == desk.stage.log.tail_bytes > 0
    assert readings["cache_bytes"] == desk.stage.log.cache_bytes > 0
    assert readings["consumer_restarts"] == 2
    assert (readings["ready"], readings["page_loads"]) == (0, 0)
    desk.follow()
    assert {name: value for name, _, value in desk.status.readings()}["ready"] == 1
    assert all(help_text for _, help_text, _ in desk.status.readings())


def test_started_anew_it_serves_nobody_until_it_has_read_again() -> None:
    following = Following()
    following.enter(Phase.FOLLOWING)
    following.start_anew("the topic was recreated")
    assert (following.served, following.phase, following.detail) == (
        False,
        Phase.CATCHING_UP,
        "the topic was recreated",
    )
