"""Command: begin a subscription. Plan it, say hello, hand it to the hub, in one step at the end.

The last two happen without waiting in between, so that a live stream starts at the very tip that
its ``hello`` names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contracts.frames import hello_frame
from contracts.problem import Problem, ProblemType
from publisher.app.following import Following, Phase
from publisher.app.hub import Hub
from publisher.app.plan_replay import Planned, PlanReplay
from publisher.app.ports import Sink
from publisher.app.subscription import Subscription
from publisher.app.sweep import Sweep
from publisher.domain.encoding import Encoding
from publisher.domain.parameters import StreamParameters
from publisher.domain.plan import Plan


@dataclass(frozen=True, slots=True)
class Terms:
    """What every ``hello`` says, and the bound on subscribers."""

    topic: str
    instance: str
    heartbeat_s: float
    max_subscribers: int


class Subscribe:
    """See the module."""

    def __init__(
        self,
        hub: Hub,
        plan_replay: PlanReplay,
        sweep: Sweep,
        following: Following,
        terms: Terms,
    ) -> None:
        self._hub = hub
        self._plan_replay = plan_replay
        self._sweep = sweep
        self._following = following
        self._terms = terms
        self._draining = False

    def drain(self) -> None:
        """Take nobody any more."""
        self._draining = True

    def admission(self) -> Problem | None:
        """Why nobody can be taken now, if so; asked before a connection is accepted."""
        if self._draining:
            return Problem(ProblemType.UNAVAILABLE, "this instance is stopping; use another")
        following = self._following
        blind = following.phase is Phase.INCOMPLETE  # to some partitions: streams would have holes
        if not following.served or blind or self._hub.log.partitions == 0:
            detail = f"this instance is not ready: {following.detail}"
            return Problem(ProblemType.UNAVAILABLE, detail)
        if len(self._hub) >= self._terms.max_subscribers:
            detail = f"this instance serves its {self._terms.max_subscribers} subscribers already"
            return Problem(ProblemType.TOO_MANY_SUBSCRIBERS, detail)
        return None

    async def __call__(
        self,
        parameters: StreamParameters,
        encoding: Callable[[Plan], Encoding],
        open_sink: Callable[[], Sink],
    ) -> Subscription | Problem:
        """Begin; `open_sink` is called when the plan stands and nothing can be refused any more."""
        planned = await self._plan_replay(parameters.request)
        refusal = planned if isinstance(planned, Problem) else self.admission()
        if refusal is not None:
            return refusal
        assert isinstance(planned, Planned)  # noqa: S101 - the other case was returned
        plan = planned.plan
        subscription = Subscription(open_sink(), plan, parameters.wanted, encoding(plan))
        self._hub.tell(subscription, self._hello(planned))
        self._sweep.add(subscription, parameters.valid_until_s)
        self._hub.subscribe(subscription)
        return subscription

    def _hello(self, planned: Planned) -> bytes:
        plan = planned.plan
        return hello_frame(
            cursor=self._hub.cursor(plan.start),
            until=None if plan.stop is None else self._hub.cursor(plan.stop),
            tip=self._hub.cursor(self._hub.log.tips),
            truncated=plan.truncated,
            topic=self._terms.topic,
            instance=self._terms.instance,
            heartbeat_s=self._terms.heartbeat_s,
            expired=plan.moved_from,
        )
