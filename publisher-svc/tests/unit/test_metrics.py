"""What operators scrape: names, kinds, values."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import generate_latest

from contracts.close import CloseCode
from publisher.app.events import (
    EventsBroadcast,
    EventsReplayed,
    PageServed,
    RequestRefused,
    SubscriberLeft,
)
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


def test_subscribers_by_transport_have_zeros_too() -> None:
    metrics = Metrics()
    metrics.gauges(list, lambda: {("live", "sse"): 3})
    lines = generate_latest(metrics.registry).decode().splitlines()
    family = f"{PREFIX}subscribers_by_transport"
    assert f'{family}{{lane="live",transport="sse"}} 3.0' in lines
    assert f'{family}{{lane="waiting",transport="ndjson"}} 0.0' in lines


def test_what_is_counted_by_transport() -> None:
    metrics = Metrics()
    for event in (
        SubscriberLeft("sse", CloseCode.STALLED, "stalled"),
        SubscriberLeft("ndjson", None, "gone"),
        RequestRefused("sse", "cursor-ahead"),
        PageServed(5, 700),
    ):
        metrics.on_event(event)
    lines = generate_latest(metrics.registry).decode().splitlines()
    for line in (
        'subscribers_left_total{code="4008",reason="stalled",transport="sse"} 1.0',
        'subscribers_left_total{code="",reason="gone",transport="ndjson"} 1.0',
        'requests_refused_total{problem="cursor-ahead",transport="sse"} 1.0',
        "pages_served_total 1.0",
        'deliveries_total{lane="page"} 5.0',
        'sent_bytes_total{lane="page"} 700.0',
    ):
        assert PREFIX + line in lines


def test_deliveries_and_writes_by_lane() -> None:
    metrics = Metrics()
    metrics.on_event(EventsBroadcast(2, 0, 6, 3, 900, 0))
    metrics.on_event(EventsReplayed(40, 8000))
    lines = generate_latest(metrics.registry).decode().splitlines()
    for line in (
        'deliveries_total{lane="live"} 6.0',
        'deliveries_total{lane="catch-up"} 40.0',
        'writes_total{lane="live"} 3.0',
        'writes_total{lane="catch-up"} 1.0',
        'sent_bytes_total{lane="live"} 900.0',
        'sent_bytes_total{lane="catch-up"} 8000.0',
    ):
        assert f"{PREFIX}{line}" in lines
