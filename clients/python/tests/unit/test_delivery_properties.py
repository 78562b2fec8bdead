"""Any answers, cuts and nacks: one result an event, and no repetition that could store it twice."""

from __future__ import annotations

from collections import Counter
from random import Random

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from broadcaster.backoff import Backoff
from broadcaster.delivery import Acked, Delivery, Nacked
from broadcaster.outgoing import Outgoing
from contracts.problem import Problem, ProblemType


class DeliveryMachine(RuleBasedStateMachine):
    """A listener that stores, forgets to answer, refuses and dies at will."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.delivery = Delivery(Random(0), max_attempts=4, backoff=Backoff(0.1, 1))
        self.delivery.opened()
        self.offered: dict[int, Outgoing] = {}
        self.results: dict[int, Acked | Nacked] = {}
        self.unanswered: list[tuple[int, str]] = []
        self.refs = 0
        self.stored: Counter[str] = Counter()

    def settle(self, *results: Acked | Nacked | None) -> None:
        for result in results:
            if result is not None:
                assert result.index not in self.results, "two results for one event"
                self.results[result.index] = result

    @rule(has_id=st.booleans())
    def offer(self, has_id: bool) -> None:
        name = f"event-{len(self.offered)}"
        outgoing = Outgoing(name.encode(), name if has_id else None)
        self.offered[self.delivery.offer(outgoing, self.now)] = outgoing

    @rule(stores=st.booleans())
    def send(self, stores: bool) -> None:
        frame = self.delivery.next_frame(self.now)
        if frame is not None:
            self.unanswered.append((self.refs, frame.decode()))
            self.refs += 1
            self.stored[frame.decode()] += stores

    @precondition(lambda self: self.unanswered)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.unanswered) - 1))
        ref, name = self.unanswered.pop(at)
        if self.stored[name]:
            kinds = [ProblemType.OUTCOME_UNKNOWN, None]
        else:
            kinds = [
                ProblemType.OUTCOME_UNKNOWN,
                ProblemType.UNAVAILABLE,
                ProblemType.CONTRACT_VIOLATION,
            ]
        kind = data.draw(st.sampled_from(kinds))
        if kind is None:
            answer = {"type": "ack", "ref": ref, "id": name, "partition": 0, "offset": ref}
        else:
            answer = {"type": "nack", "ref": ref, "problem": Problem(kind, "x").document()}
        self.settle(self.delivery.answered(orjson.dumps(answer), self.now))

    @rule(code=st.sampled_from([1006, 1011, 1012, 1009]))
    def cut(self, code: int) -> None:
        results, _ = self.delivery.closed(code, "", self.now)
        self.settle(*results)
        self.unanswered.clear()
        self.refs = 0
        self.delivery.opened()

    @rule(seconds=st.floats(0, 2))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def nothing_is_lost_from_sight(self) -> None:
        assert len(self.results) + self.delivery.pending == len(self.offered)

    @invariant()
    def only_what_has_an_id_is_stored_twice(self) -> None:
        for outgoing in self.offered.values():
            if outgoing.id is None:
                assert self.stored[outgoing.frame.decode()] <= 1

    def teardown(self) -> None:
        self.settle(*self.delivery.give_up("the end"))
        assert sorted(self.results) == sorted(self.offered)
        for index, result in self.results.items():
            if isinstance(result, Nacked) and result.refusal.type == "unavailable":
                name = self.offered[index].frame.decode()
                assert self.stored[name] == 0, "called not stored, but it was"


TestDelivery = DeliveryMachine.TestCase
TestDelivery.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
