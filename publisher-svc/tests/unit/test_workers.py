"""Workers: what each is told, and how soon one that ended is started again."""

from __future__ import annotations

import pytest

from publisher.settings import PublisherSettings
from publisher.workers import Backoff, worker_environment


def test_each_worker_is_one_process_with_a_name_and_the_port_of_all() -> None:
    told = worker_environment(PublisherSettings(instance="east", workers=4, port=0), 3, 8099)
    assert told == {
        "PUBLISHER_WORKERS": "1",
        "PUBLISHER_WORKER": "3",
        "PUBLISHER_PORT": "8099",
        "PUBLISHER_INSTANCE": "east.3",
    }


def test_without_a_stable_name_each_takes_its_own() -> None:
    told = worker_environment(PublisherSettings(workers=4), 1, 8099)
    assert "PUBLISHER_INSTANCE" not in told


@pytest.mark.parametrize(
    ("lasted_s", "waits_s"),
    [
        ([0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0.5, 1, 2, 4, 8, 16, 30, 30]),
        ([0, 0, 0, 61, 0, 0], [0, 0.5, 1, 0, 0.5, 1]),
        ([100, 100, 100], [0, 0, 0]),
    ],
    ids=["never lasts", "lasts once", "lasts"],
)
def test_the_less_it_lasts_the_longer_the_wait(lasted_s: list[float], waits_s: list[float]) -> None:
    backoff = Backoff()
    assert [backoff.after(each) for each in lasted_s] == waits_s
