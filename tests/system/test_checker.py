"""The promise under load: a hundred subscribers at random offsets, 2,000 events a second."""

from __future__ import annotations

import pytest

from support.checker import Load, run_checker
from support.services import System

pytestmark = [pytest.mark.kafka, pytest.mark.system]


@pytest.mark.timeout(150)
async def test_a_hundred_subscribers_at_random_offsets_get_everything_once_in_order(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = await run_checker(
        bootstrap=system.bootstrap,
        topic=system.topic,
        listener_url=system.listener.websocket_url,
        publisher_url=system.publisher.websocket_url,
        load=Load(),
    )
    with capsys.disabled():
        print(f"\n{outcome.table()}\n{outcome.summary()}")
    assert len(outcome.answers.acked) > 50_000
    assert not outcome.answers.nacked
    assert not outcome.acked_missing()
    assert not outcome.oracle.stored_more_than_once()
    assert [v for v in outcome.verdicts if not v.is_clean] == []
    assert outcome.live_at_the_end >= 95
