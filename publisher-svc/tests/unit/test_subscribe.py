"""Beginning a subscription: admission, hello, and nothing between hello and the first event."""

from __future__ import annotations

from publisher_fakes.sink import FakeSink
from publisher_fakes.stage import Stage
from publisher_fakes.topic_offsets import FakeTopicOffsets

from contracts.problem import Problem, ProblemType
from publisher.app.events import SubscriberJoined, SubscriberLeft
from publisher.app.following import Following, Phase
from publisher.app.plan_replay import PlanReplay
from publisher.app.subscribe import Subscribe, Terms
from publisher.app.subscription import Lane, Subscription
from publisher.domain.encoding import WEBSOCKET
from publisher.domain.parameters import StreamParameters, parse_parameters
from publisher.domain.reach import EVERYTHING_SEEN


class Door:
    """A stage and the command, with room for two."""

    def __init__(self, *held: int) -> None:
        self.stage = Stage(*held)
        self.offsets = FakeTopicOffsets(self.stage.broker)
        self.following = Following()
        self.following.enter(Phase.FOLLOWING)
        self.command = Subscribe(
            self.stage.hub,
            PlanReplay(self.stage.hub, self.offsets, lambda: 2_000_000),
            self.stage.sweep,
            self.following,
            Terms("events", "p1", 16.0, max_subscribers=2),
        )
        self.sinks: list[FakeSink] = []
        self.raising = False

    def open_sink(self) -> FakeSink:
        """The connection's sink."""
        self.sinks.append(FakeSink())
        self.sinks[-1].raises = self.raising
        return self.sinks[-1]

    async def enter(self, **query: str) -> Subscription | Problem:
        """One subscriber."""
        parameters = parse_parameters(list(query.items()), EVERYTHING_SEEN)
        assert isinstance(parameters, StreamParameters)
        return await self.command(parameters, lambda _: WEBSOCKET, self.open_sink)


async def test_hello_comes_first_and_names_the_very_start() -> None:
    door = Door(5)
    subscription = await door.enter()
    assert isinstance(subscription, Subscription)
    door.stage.publish()
    frames = door.sinks[0].frames()
    assert [getattr(frame, "type", "event") for frame in frames] == ["hello", "live", "event"]
    assert door.sinks[0].controls("hello")[0].members == {
        "type": "hello",
        "cursor": "0:5@0badcafe",
        "until": None,
        "tip": "0:5@0badcafe",
        "truncated": False,
        "topic": "events",
        "instance": "p1",
        "heartbeat_s": 16.0,
    }


async def test_hello_says_what_was_resolved() -> None:
    door = Door(5)
    door.stage.broker[0].start = 2
    await door.enter(since="1", until="now", on_expired="earliest")
    await door.enter(since="last:4")
    first, second = (sink.controls("hello")[0].members for sink in door.sinks)
    assert (first["cursor"], first["until"]) == ("0:2@0badcafe", "0:5@0badcafe")
    assert (first["expired"], first["truncated"]) == ({"0": 1}, False)
    assert (second["cursor"], second["truncated"]) == ("0:2@0badcafe", True)


async def test_a_live_stream_begins_at_the_tip_of_its_hello_whatever_came_meanwhile() -> None:
    door = Door(5)
    door.offsets.meanwhile = lambda _question: (door.stage.publish(), None)[1]
    await door.enter(since="5")
    door.stage.settle()
    assert door.sinks[0].events() == [(0, 5)]


async def test_heartbeats_begin() -> None:
    door = Door(5)
    await door.enter()
    door.stage.sweep.start()
    door.stage.scheduler.advance(17.0)
    assert len(door.sinks[0].controls("heartbeat")) == 1


async def test_a_refused_request_opens_nothing() -> None:
    door = Door(5)
    answer = await door.enter(since="9")
    assert isinstance(answer, Problem)
    assert answer.type is ProblemType.CURSOR_AHEAD
    assert door.sinks == []
    assert len(door.stage.hub) == 0


async def test_a_socket_that_dies_of_hello_is_in_nobodys_books() -> None:
    door = Door(5)
    door.raising = True
    for since in ("now", "0"):
        subscription = await door.enter(since=since)
        assert isinstance(subscription, Subscription)
        assert subscription.lane is Lane.GONE
    door.stage.settle()
    assert len(door.stage.hub) == 0
    assert not any(isinstance(e, SubscriberJoined | SubscriberLeft) for e in door.stage.emitted)


def admitted(door: Door) -> ProblemType | None:
    """Why nobody is let in, if so."""
    problem = door.command.admission()
    return None if problem is None else problem.type


async def test_a_full_instance_takes_nobody() -> None:
    door = Door(5)
    await door.enter()
    assert admitted(door) is None
    await door.enter()
    assert admitted(door) is ProblemType.TOO_MANY_SUBSCRIBERS
    door.sinks[0].attach(door.stage.hub, door.stage.hub.subscriptions()[0])
    door.stage.hub.unsubscribe(door.stage.hub.subscriptions()[0])
    assert admitted(door) is None


async def test_who_came_too_late_while_planning_is_refused() -> None:
    door = Door(5)
    door.offsets.meanwhile = lambda _question: door.command.drain()
    answer = await door.enter(since="0")
    assert isinstance(answer, Problem)
    assert (answer.type, answer.detail) == (
        ProblemType.UNAVAILABLE,
        "this instance is stopping; use another",
    )
    assert door.sinks == []


def test_before_it_has_followed_once_nobody_is_served() -> None:
    door = Door(5)
    door.following.served = False
    door.following.enter(Phase.CATCHING_UP, "reading up")
    problem = door.command.admission()
    assert problem is not None
    assert (problem.type, problem.detail.endswith("reading up")) == (ProblemType.UNAVAILABLE, True)


def test_trouble_later_keeps_the_door_open_for_what_memory_holds() -> None:
    door = Door(5)
    door.following.enter(Phase.NO_BROKER, "away")
    assert admitted(door) is None


def test_who_lacks_partitions_lets_nobody_in() -> None:
    """A stream would have holes that nobody could see."""
    door = Door(5)
    door.following.enter(Phase.INCOMPLETE, "no partition 1")
    assert admitted(door) is ProblemType.UNAVAILABLE
    door.following.enter(Phase.FOLLOWING)
    assert admitted(door) is None


def test_between_a_topic_and_its_successor_nobody_is_let_in() -> None:
    """A stream on no partitions would be live on none."""
    door = Door(5)
    door.stage.hub.recreated()
    assert admitted(door) is ProblemType.UNAVAILABLE
