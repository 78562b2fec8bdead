"""Planning a request: what is looked up, what happens meanwhile, and Kafka away."""

from __future__ import annotations

import pytest
from publisher_fakes.broker_log import FakePartition
from publisher_fakes.stage import Stage
from publisher_fakes.topic_offsets import FakeTopicOffsets

from contracts.cursor import Cursor
from contracts.problem import Problem, ProblemType
from contracts.since import Ago, Earliest, Instant, Last, Now, Offset
from publisher.app.plan_replay import Planned, PlanReplay
from publisher.domain.plan import Plan, Request

NOW_MS = 2_000_000


class Asking:
    """A stage, the broker's answers, and the query."""

    def __init__(self, *held: int, tips: tuple[int, ...] | None = None) -> None:
        self.stage = Stage(*held, tips=tips)
        self.offsets = FakeTopicOffsets(self.stage.broker)
        self.query = PlanReplay(self.stage.hub, self.offsets, lambda: NOW_MS)

    async def plan(self, request: Request) -> Plan:
        """The plan, which there is."""
        answer = await self.query(request)
        assert isinstance(answer, Planned), answer
        return answer.plan

    async def refusal(self, request: Request) -> ProblemType:
        """Why there is none."""
        answer = await self.query(request)
        assert isinstance(answer, Problem), answer
        return answer.type


async def test_a_live_stream_asks_nobody() -> None:
    asking = Asking(10, tips=(7,))
    assert await asking.plan(Request()) == Plan((7,), None)
    assert asking.offsets.asked == []


async def test_a_live_stream_needs_no_kafka() -> None:
    asking = Asking(10, tips=(7,))
    asking.offsets.away = True
    assert await asking.plan(Request()) == Plan((7,), None)


async def test_bounds_and_times_are_looked_up_when_they_are_wanted() -> None:
    asking = Asking(10, tips=(7,))
    assert (await asking.plan(Request(Last(2)))).start == (8,)
    assert asking.offsets.asked == ["bounds"]
    assert (await asking.plan(Request(Instant(1_000_004)))).start == (4,)
    assert asking.offsets.asked == ["bounds", "bounds", "times"]
    assert (await asking.plan(Request(Ago(NOW_MS - 1_000_003)))).start == (3,)
    assert (await asking.plan(Request(Ago(0)))).start == (10,)


async def test_what_the_lookup_says_of_retention_is_taken_up() -> None:
    asking = Asking(10)
    asking.stage.broker[0].start = 4
    assert await asking.plan(Request(Earliest())) == Plan((4,), None)
    assert asking.stage.log.floors == (4,)
    assert await asking.refusal(Request(Offset(3))) is ProblemType.CURSOR_EXPIRED


async def test_what_this_instance_knows_better_counts() -> None:
    """Its own follower and watch may be newer than the answer."""
    asking = Asking(10)

    def meanwhile(_question: str) -> None:
        asking.stage.publish()
        asking.stage.hub.expire(0, 5)

    asking.offsets.meanwhile = meanwhile
    assert await asking.plan(Request(Earliest(), Now())) == Plan((5,), (11,))


async def test_a_time_that_retention_overtook_meanwhile_is_no_expired_cursor() -> None:
    asking = Asking(10)

    def meanwhile(question: str) -> None:
        if question == "times":
            asking.stage.hub.expire(0, 6)

    asking.offsets.meanwhile = meanwhile
    assert await asking.plan(Request(Instant(0))) == Plan((6,), None, truncated=True)


@pytest.mark.parametrize("when", ["bounds", "times"])
async def test_a_partition_added_meanwhile_starts_at_its_beginning(when: str) -> None:
    asking = Asking(10)

    def meanwhile(question: str) -> None:
        if question == when and asking.stage.log.partitions == 1:
            asking.stage.broker.partitions.append(FakePartition(2, 5))
            asking.stage.hub.add_partition(floor=2, tip=5)

    asking.offsets.meanwhile = meanwhile
    plan = await asking.plan(Request(Instant(1_000_004), Ago(NOW_MS - 1_000_006)))
    assert plan.start == (4, 2)
    assert plan.stop is not None
    assert plan.stop[0] == 6
    asking.stage.join(*plan.start, stop=plan.stop)


@pytest.mark.parametrize("away", [False, True])
@pytest.mark.parametrize("again", [False, True])
async def test_a_topic_recreated_meanwhile_is_unavailable(away: bool, again: bool) -> None:
    """Facts about the old topic must not place anybody on the new one."""
    asking = Asking(10, 10)

    def meanwhile(_question: str) -> None:
        asking.stage.hub.recreated()
        if again:
            asking.stage.hub.generation = "11111111"
            for _ in range(2):
                asking.stage.hub.add_partition(floor=0, tip=3)

    asking.offsets.meanwhile = meanwhile
    asking.offsets.away = away
    asking.stage.broker[0].start = 4
    assert await asking.refusal(Request(Cursor((5, 5)))) is ProblemType.UNAVAILABLE
    assert asking.stage.log.floors in {(), (0, 0)}


async def test_before_the_topic_is_known_it_is_unavailable() -> None:
    asking = Asking()
    assert await asking.refusal(Request()) is ProblemType.UNAVAILABLE
    assert await asking.refusal(Request(Cursor((1,)))) is ProblemType.UNAVAILABLE


async def test_kafka_away_what_memory_holds_is_planned() -> None:
    asking = Asking(10, tips=(7,))
    asking.offsets.away = True
    assert (await asking.plan(Request(Cursor((3,), "0badcafe")))).start == (3,)
    assert (await asking.plan(Request(Offset(7)))).start == (7,)
    assert (await asking.plan(Request(Earliest()))).start == (0,)
    assert (await asking.plan(Request(Last(2)))).start == (5,)


async def test_kafka_away_what_is_certain_is_refused_for_good() -> None:
    asking = Asking(10)
    asking.stage.hub.expire(0, 5)
    asking.offsets.away = True
    assert await asking.refusal(Request(Offset(3))) is ProblemType.CURSOR_EXPIRED
    foreign = Request(Cursor((3,), "11111111"))
    assert await asking.refusal(foreign) is ProblemType.CURSOR_FOREIGN
    assert (await asking.plan(Request(Offset(3), move_expired=True))).start == (5,)


@pytest.mark.parametrize(
    "request_",
    [
        Request(Instant(5)),
        Request(Ago(5)),
        Request(Earliest(), Now()),
        Request(Earliest(), Ago(5)),
        Request(Offset(8)),
        Request(Offset(8), move_ahead=True),
    ],
)
async def test_kafka_away_what_only_it_can_tell_is_unavailable(request_: Request) -> None:
    """Above this tip may be within the broker's end: on_ahead=tip would repeat what was read."""
    asking = Asking(10, tips=(7,))
    asking.offsets.away = True
    answer = await asking.query(request_)
    assert isinstance(answer, Problem)
    assert (answer.type, answer.retriable) == (ProblemType.UNAVAILABLE, True)
    assert "kafka-away" in answer.detail
