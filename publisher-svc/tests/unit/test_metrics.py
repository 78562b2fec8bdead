"""What operators scrape: names, kinds, values."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import generate_latest

from publisher.infra.metrics import Metrics, Reading

PREFIX = "broadcaster_publisher_"


def scraped(readings: Iterable[Reading]) -> list[str]:
    metrics = Metrics()
    metrics.gauges(lambda: readings)
    return generate_latest(metrics.registry).decode().splitlines()


def test_what_only_grows_is_a_counter() -> None:
    names = ["page_loads", "page_hits", "page_misses", "consumer_restarts"]
    lines = scraped([(name, f"About {name}", number) for number, name in enumerate(names, 3)])
    for number, name in enumerate(names, 3):
        assert f"# TYPE {PREFIX}{name}_total counter" in lines
        assert f"# HELP {PREFIX}{name}_total About {name}" in lines
        assert f"{PREFIX}{name}_total {number}.0" in lines


def test_what_goes_up_and_down_is_a_gauge() -> None:
    lines = scraped([("subscribers", "Subscribers now", 7), ("tail_bytes", "Memory", 1 << 20)])
    assert f"# TYPE {PREFIX}subscribers gauge" in lines
    assert f"{PREFIX}subscribers 7.0" in lines
    assert f"{PREFIX}tail_bytes 1.048576e+06" in lines
