"""Prometheus metrics, fed by the domain events; what can be read is read at scrape time instead."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import assert_never

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from publisher.app.events import (
    CaughtUp,
    Event,
    EventsBroadcast,
    EventsReplayed,
    FellBehind,
    LogTrimmed,
    PageServed,
    RequestRefused,
    SubscriberJoined,
    SubscriberLeft,
)

Reading = tuple[str, str, float]
"""A figure's name, its help and its value."""

Standing = Mapping[tuple[str, str], int]
"""Subscribers by lane and transport."""

_TRANSPORTS = (
    "websocket", "websocket-batch", "websocket-batch-deflate", "websocket-cloudevents", "sse",
    "ndjson",
)  # fmt: skip
_LANES = ("live", "catch-up", "waiting")

_ONLY_GROW = {"page_loads", "page_hits", "page_misses", "consumer_restarts"}
"""The readings that are counters."""

_LATENCY_BUCKETS_S = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip


class Metrics:
    """See the module. Children are bound once: nothing is looked up per event."""

    def __init__(self, clock_s: Callable[[], float] = time.time) -> None:
        self.registry = CollectorRegistry()
        self._clock_s = clock_s
        self._joined = self._counter("subscribers_joined", "Subscriptions begun", ["transport"])
        self._left = self._counter(
            "subscribers_left", "Subscriptions ended", ["transport", "code", "reason"]
        )
        self._refused = self._counter(
            "requests_refused", "Requests answered with a problem", ["transport", "problem"]
        )
        self._pages = self._counter("pages_served", "Pages of events answered")
        self._caught_up = self._counter("caught_up", "Times a subscriber reached the tip")
        self._demoted = self._counter("fell_behind", "Times a live subscriber's socket had no room")
        self._events = self._counter("events", "Events consumed from Kafka")
        self._skipped = self._counter(
            "records_skipped", "Foreign records and tombstones that no subscriber gets"
        )
        deliveries = self._counter("deliveries", "Events written to sockets", ["lane"])
        writes = self._counter("writes", "Writes of events to sockets", ["lane"])
        self._live_writes, self._replay_writes = writes.labels("live"), writes.labels("catch-up")
        sent = self._counter("sent_bytes", "Bytes written to sockets", ["lane"])
        self._live_deliveries = deliveries.labels("live")
        self._replay_deliveries = deliveries.labels("catch-up")
        self._page_deliveries, self._page_bytes = deliveries.labels("page"), sent.labels("page")
        self._live_bytes, self._replay_bytes = sent.labels("live"), sent.labels("catch-up")
        self._trims = self._counter("log_trims", "Times the log's start moved")
        self.failures = self._counter("failures", "Failures by what failed", ["what"])
        self._latency = Histogram(
            "broadcaster_publisher_delivery_seconds",
            "From the record's timestamp to the socket write of the newest event of a round",
            registry=self.registry,
            buckets=_LATENCY_BUCKETS_S,
        )

    def _counter(self, name: str, text: str, labels: Iterable[str] = ()) -> Counter:
        return Counter(f"broadcaster_publisher_{name}", text, list(labels), registry=self.registry)

    def gauges(
        self,
        read: Callable[[], Iterable[Reading]],
        standing: Callable[[], Standing] = dict,
    ) -> None:
        """Report what `read` and `standing` give whenever somebody scrapes."""
        self.registry.register(_Readings(read, standing))

    def on_event(self, event: Event) -> None:
        """Count a domain event."""
        match event:
            case EventsReplayed(events, size):
                self._replay_deliveries.inc(events)
                self._replay_writes.inc()
                self._replay_bytes.inc(size)
            case EventsBroadcast():
                self._on_round(event)
            case SubscriberJoined(transport):
                self._joined.labels(transport).inc()
            case SubscriberLeft(transport, code, reason):
                number = "" if code is None else str(int(code))
                self._left.labels(transport, number, reason).inc()
            case RequestRefused(transport, problem):
                self._refused.labels(transport, problem).inc()
            case PageServed(events, size):
                self._pages.inc()
                self._page_deliveries.inc(events)
                self._page_bytes.inc(size)
            case CaughtUp():
                self._caught_up.inc()
            case FellBehind():
                self._demoted.inc()
            case LogTrimmed():
                self._trims.inc()
            case _:
                assert_never(event)

    def _on_round(self, event: EventsBroadcast) -> None:
        self._events.inc(event.events)
        self._skipped.inc(event.skipped)
        self._live_deliveries.inc(event.deliveries)
        self._live_writes.inc(event.writes)
        self._live_bytes.inc(event.bytes)
        if event.deliveries and event.newest_ms > 0:
            self._latency.observe(max(0.0, self._clock_s() - event.newest_ms / 1000))


class _Readings:
    def __init__(
        self, read: Callable[[], Iterable[Reading]], standing: Callable[[], Standing]
    ) -> None:
        self._read = read
        self._standing = standing

    def collect(self) -> Iterable[Metric]:
        yield self._by_transport()
        for name, text, value in self._read():
            kind = CounterMetricFamily if name in _ONLY_GROW else GaugeMetricFamily
            yield kind(f"broadcaster_publisher_{name}", text, value=value)

    def _by_transport(self) -> Metric:
        """Zeros too, so that a graph does not have holes."""
        family = GaugeMetricFamily(
            "broadcaster_publisher_subscribers_by_transport",
            "Subscribers now, by lane and transport",
            labels=["lane", "transport"],
        )
        found = self._standing()
        everywhere = [(lane, transport) for lane in _LANES for transport in _TRANSPORTS]
        for where in sorted({*found, *everywhere}):
            family.add_metric(where, found.get(where, 0))
        return family
