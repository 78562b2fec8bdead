"""Limits that clients run into: counted by setting, and said without end of neither."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from chassis.limit_hits import Limit, LimitHits


class Lines(list[tuple[str, dict[str, Any]]]):
    def __call__(self, event: str, **facts: Any) -> None:
        self.append((event, facts))


def test_each_is_counted_under_its_settings_name_from_the_start() -> None:
    hits = LimitHits("listener", Lines())
    hits.hit(Limit.VERIFYING)
    hits.hit(Limit.VERIFYING)
    registry = CollectorRegistry()
    registry.register(hits)
    lines = generate_latest(registry).decode().splitlines()
    assert 'broadcaster_listener_limit_hits_total{limit="max_verifying"} 2.0' in lines
    assert 'broadcaster_listener_limit_hits_total{limit="max_pipelined"} 0.0' in lines


@pytest.mark.parametrize("limit", Limit)
def test_a_line_says_what_happened_and_names_the_setting(limit: Limit) -> None:
    said = Lines()
    LimitHits("publisher", said).hit(limit)
    [(event, facts)] = said
    variable = f"PUBLISHER_{limit.value.upper()}"
    assert facts == {"limit": variable}
    assert f"raise {variable}" in event


def test_a_flood_of_one_is_a_line_and_does_not_hide_the_other() -> None:
    said, now_s = Lines(), [0.0]
    hits = LimitHits("publisher", said, lambda: now_s[0])
    for _ in range(5):
        hits.hit(Limit.VERIFYING)
        hits.hit(Limit.PIPELINED)
    assert len(said) == 2
    now_s[0] = 10.0
    hits.hit(Limit.VERIFYING)
    assert said[-1][1]["held_back"] == 4
