"""Pacing: one allowance a principal, whatever it sends by."""

from __future__ import annotations

from listener_fakes.clock import FakeClock

from listener.app.pacing import Pace, Pacing
from listener.domain.allowance import Rates


class Held:
    def __init__(self) -> None:
        self.told: list[tuple[str, str, float]] = []

    def held(self, transport: str, principal: str, wait_s: float) -> None:
        self.told.append((transport, principal, wait_s))


def pace(pacing: Pacing, principal: str, transport: str = "websocket") -> Pace:
    found = pacing.of(principal, transport)
    assert found is not None
    return found


def test_without_limits_there_is_no_pace() -> None:
    assert Pacing(Rates(), FakeClock(), Held()).of("ann", "http") is None


def test_a_principal_has_one_allowance_for_all_its_connections_and_no_other_pays_for_it() -> None:
    pacing = Pacing(Rates(events=10), FakeClock(), Held())
    pace(pacing, "ann").spend(20, 0)
    assert pace(pacing, "ann", "http").wait_s() == 2
    assert pace(pacing, "bob").wait_s() == 0


def test_a_refusal_says_when_to_come_again_and_is_told() -> None:
    held = Held()
    clock = FakeClock()
    ann = pace(Pacing(Rates(events=10), clock, held), "ann", "http")
    assert ann.refusal() is None
    ann.spend(15, 0)
    problem = ann.refusal()
    assert problem is not None
    assert (problem.status, problem.retriable) == (429, True)
    assert problem.members == {"retry_after_s": 2}
    ann.held()
    assert held.told == [("http", "ann", 1.5)]
