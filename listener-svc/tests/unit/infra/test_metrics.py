"""Figures, as Prometheus reads them."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from listener.infra.metrics import Tally


def test_all_figures_are_offered() -> None:
    said: list[str] = []
    tally = Tally(lambda _, problem: said.append(problem))
    websocket = tally.transports["websocket"]
    websocket.judged(0.5)
    websocket.accepted(300)
    websocket.stored(0.002)
    websocket.stored(99.0)
    websocket.failed("contract-violation")
    assert said == ["contract-violation"]
    tally.late(stored=True)
    tally.gauges["open_connections"] = ("Open", lambda: 7)
    registry = CollectorRegistry()
    tally.register(registry)
    text = generate_latest(registry).decode()
    for line in (
        'broadcaster_listener_events_total{outcome="stored",transport="websocket"} 2.0',
        'broadcaster_listener_events_total{outcome="contract-violation",transport="websocket"} 1.0',
        'broadcaster_listener_accepted_bytes_total{transport="websocket"} 300.0',
        'broadcaster_listener_judge_seconds_total{transport="websocket"} 0.5',
        'broadcaster_listener_ack_seconds_bucket{le="0.001",transport="websocket"} 0.0',
        'broadcaster_listener_ack_seconds_bucket{le="0.0025",transport="websocket"} 1.0',
        'broadcaster_listener_ack_seconds_bucket{le="+Inf",transport="websocket"} 2.0',
        'broadcaster_listener_ack_seconds_count{transport="websocket"} 2.0',
        "broadcaster_listener_open_connections 7.0",
        'broadcaster_listener_late_batches_total{outcome="stored"} 1.0',
    ):
        assert line in text.splitlines(), line
