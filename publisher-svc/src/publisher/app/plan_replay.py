"""Query: what a request would get. Looks up the facts that its plan needs and lets the plan decide.

While Kafka is away, what memory holds is planned with what is known here, so that a reconnect storm
during an outage is served; what only the broker could tell is refused as unavailable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from contracts.problem import Problem, ProblemType
from publisher.app.hub import Hub
from publisher.app.ports import LogEnds, TopicOffsets
from publisher.domain.errors import PublisherError
from publisher.domain.plan import Bounds, Needs, OffsetsByTime, Plan, Request, needs, resolve


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and the facts it was made from."""

    plan: Plan
    bounds: Bounds


_UNKNOWN_TOPIC = Problem(
    ProblemType.UNAVAILABLE,
    "the topic is not known here yet, or was recreated in this moment; ask again",
)


@dataclass(frozen=True, slots=True)
class _Topic:
    """The topic as it was when a request came; it may be recreated, or grow, during a lookup."""

    generation: str
    partitions: int

    def is_still(self, hub: Hub) -> bool:
        """Facts about it hold for the topic that is there now."""
        return hub.generation == self.generation and 0 < self.partitions <= hub.log.partitions


class PlanReplay:
    """See the module. `clock_ms` is wall-clock time, for ages like ``-15m``."""

    def __init__(self, hub: Hub, offsets: TopicOffsets, clock_ms: Callable[[], int]) -> None:
        self._hub = hub
        self._offsets = offsets
        self._clock_ms = clock_ms

    async def __call__(self, request: Request) -> Planned | Problem:
        """The plan, or the refusal. A live stream's plan is made without waiting."""
        now_ms = self._clock_ms()
        wanted = needs(request, now_ms)
        topic = _Topic(self._hub.generation, self._hub.log.partitions)
        try:
            ends, times = await self._look_up(wanted, topic)
        except PublisherError as error:
            if not topic.is_still(self._hub):
                return _UNKNOWN_TOPIC
            return self._without_kafka(request, wanted, now_ms, error)
        if not topic.is_still(self._hub):
            return _UNKNOWN_TOPIC
        bounds = self._bounds(ends)
        # Partitions added while we waited are newer than the request: from their beginning.
        new = bounds.earliest[topic.partitions :]
        times = {ms: offsets + new for ms, offsets in times.items()}
        return self._planned(resolve(request, bounds, times, now_ms), bounds)

    async def _look_up(self, wanted: Needs, topic: _Topic) -> tuple[LogEnds, OffsetsByTime]:
        log = self._hub.log
        if not wanted.bounds:
            return LogEnds(log.floors, log.tips), {}
        # Ends before times: an event that comes in between is found by its time, or lies above.
        ends = await self._offsets.log_ends(topic.partitions)
        if topic.is_still(self._hub):
            for partition, earliest in enumerate(ends.earliest):
                self._hub.expire(partition, earliest)
        if not wanted.times_ms:
            return ends, {}
        return ends, await self._offsets.offsets_for_times(topic.partitions, wanted.times_ms)

    def _bounds(self, known: LogEnds) -> Bounds:
        log = self._hub.log
        new = len(known.ends)  # partitions may have been added while we waited
        earliest = known.earliest + log.floors[new:]
        ends = known.ends + log.tips[new:]
        return Bounds(
            self._hub.generation,
            tuple([max(low, own) for low, own in zip(earliest, log.floors, strict=True)]),
            tuple([max(end, tip) for end, tip in zip(ends, log.tips, strict=True)]),
            log.tips,
        )

    def _without_kafka(
        self, request: Request, wanted: Needs, now_ms: int, error: PublisherError
    ) -> Planned | Problem:
        away = Problem(
            ProblemType.UNAVAILABLE,
            f"Kafka does not answer ({error.code}), and only it can tell where this request "
            "starts; try again with the same cursor",
        )
        if wanted.times_ms or request.until is not None:
            return away
        bounds = self._bounds(LogEnds(self._hub.log.floors, self._hub.log.tips))
        # Ahead of this instance may well be within the broker's end: on_ahead=tip would repeat.
        plan = resolve(replace(request, move_ahead=False), bounds, {}, now_ms)
        if isinstance(plan, Problem) and plan.type is ProblemType.CURSOR_AHEAD:
            return away
        return self._planned(plan, bounds)

    @staticmethod
    def _planned(plan: Plan | Problem, bounds: Bounds) -> Planned | Problem:
        return plan if isinstance(plan, Problem) else Planned(plan, bounds)
