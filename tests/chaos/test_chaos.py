"""The most telling faults, each under load; all of them are what ``make chaos`` runs."""

from __future__ import annotations

import logging

import pytest

from chaos.catalogue import FAULTS
from chaos.fault import run_fault
from chaos.row import HEADER

pytestmark = [pytest.mark.kafka, pytest.mark.system, pytest.mark.timeout(270)]

TELLING = (
    "publisher-killed",  # a hundred subscribers at 1,000 events/s, all resume on the other one
    "broker-killed-for-5-s",
    "listener-killed",
    "subscribers-cut-repeatedly",
    "transactions-interleaved",
    "topic-recreated",
    "log-lost-its-end-and-grew",
)


@pytest.mark.parametrize("name", TELLING)
async def test_nothing_is_lost_repeated_or_untrue(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # of the harness's own clients
    row = await run_fault(FAULTS[name])
    with capsys.disabled():
        print(f"\n{HEADER}\n{row.line()}")
    assert row.is_clean, row.line()
    assert row.acked > 1000
    assert row.delivered > 50_000
