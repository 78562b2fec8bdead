"""The listener's figures: plain numbers on the hot path, turned into Prometheus families on demand.

`Tally` is the application's `Observer`; adding to it costs a tenth of what a library's counter
costs. Everything runs on the event loop, so there are no locks. Invariant: labels come from
closed sets.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from listener.app.keep_dead_letters import KeepDeadLetters
from listener.infra.body_budget import BodyBudget
from listener.infra.contracts_watch import ContractsWatch

_PREFIX = "broadcaster_listener_"
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class TransportTally:
    """The `Observer` of one transport."""

    __slots__ = (
        "_buckets",
        "_say",
        "accepted_bytes",
        "accepted_events",
        "ack_seconds",
        "duplicates",
        "failures",
        "judge_seconds",
        "judged_events",
        "stored_events",
    )

    def __init__(self, say: Callable[..., None]) -> None:
        """`say` logs a line; it is bounded."""
        self._say = say
        self.judged_events = 0
        self.judge_seconds = 0.0
        self.accepted_events = 0
        self.accepted_bytes = 0
        self.stored_events = 0
        self.duplicates = 0
        self.ack_seconds = 0.0
        self.failures: dict[str, int] = {}
        self._buckets = [0] * (len(BUCKETS_S) + 1)

    def judged(self, seconds: float) -> None:
        """One event was judged, which took so long."""
        self.judged_events += 1
        self.judge_seconds += seconds

    def accepted(self, size_bytes: int) -> None:
        """One event was accepted and goes to the log."""
        self.accepted_events += 1
        self.accepted_bytes += size_bytes

    def stored(self, seconds: float) -> None:
        """One event was stored, so long after it was read."""
        self.stored_events += 1
        self.ack_seconds += seconds
        self._buckets[bisect_left(BUCKETS_S, seconds)] += 1

    def repeated(self) -> None:
        """One event was answered with the position of an earlier attempt."""
        self.duplicates += 1

    def failed(self, problem: str) -> None:
        """One event was answered with a problem of this type."""
        self.failures[problem] = self.failures.get(problem, 0) + 1
        self._say("event refused", problem=problem)

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative counts by upper bound."""
        bounds = [*(str(bound) for bound in BUCKETS_S), "+Inf"]
        total = 0
        cumulative: list[tuple[str, float]] = []
        for bound, count in zip(bounds, self._buckets, strict=True):
            total += count
            cumulative.append((bound, total))
        return cumulative


class Tally:
    """All figures of the process; a Prometheus collector."""

    def __init__(self, say: Callable[..., None]) -> None:
        """`say` logs a line; it is bounded."""
        self._say = say
        self.transports = {"websocket": TransportTally(say), "http": TransportTally(say)}
        self.connections = 0
        self.refused_connections = 0
        self.unheard = 0
        """Answers that found no connection any more."""
        self.streams = 0
        self.streams_stalled = 0
        self.requests_cut = 0
        self.requests_refused: dict[int, int] = {}
        self._watch: ContractsWatch | None = None
        self._letters: KeepDeadLetters | None = None
        self._bodies: BodyBudget | None = None
        self.rate_holds = {"websocket": 0, "http": 0}
        self.late_batches = {"stored": 0, "failed": 0}
        self.gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        """Name → what it is, and its present value."""

    def late(self, *, stored: bool) -> None:
        """A batch answered as outcome-unknown turned out to be stored, or not."""
        self.late_batches["stored" if stored else "failed"] += 1

    def refused_request(self, status: int) -> None:
        """A `POST /events` as a whole was refused."""
        self.requests_refused[status] = self.requests_refused.get(status, 0) + 1
        self._say("request refused", status=status)

    def watches(
        self,
        watch: ContractsWatch | None,
        letters: KeepDeadLetters | None,
        bodies: BodyBudget | None = None,
    ) -> None:
        """Count what these do, where they are."""
        self._watch, self._letters, self._bodies = watch, letters, bodies

    def held(self, transport: str, principal: str, wait_s: float) -> None:
        """A producer that sends more than its rate allows is made to wait, or sent away."""
        self.rate_holds[transport] += 1
        self._say("producer held to its rate", principal=principal, wait_s=round(wait_s, 3))

    def register(self, registry: CollectorRegistry) -> None:
        """Offer the figures."""
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Prometheus' interface."""
        yield self._events()
        yield from self._per_transport()
        yield self._latency()
        for name, (text, value) in self.gauges.items():
            yield GaugeMetricFamily(f"{_PREFIX}{name}", text, value=value())
        yield _counter("connections", "WebSocket connections accepted", self.connections)
        yield _counter(
            "connections_refused", "WebSocket handshakes refused", self.refused_connections
        )
        yield _counter("answers_unheard", "Answers whose connection was gone", self.unheard)
        yield _counter("streams", "NDJSON requests begun", self.streams)
        yield _counter(
            "streams_stalled", "NDJSON requests dropped: answers not read", self.streams_stalled
        )
        yield _counter(
            "requests_cut", "Requests whose client left before the end", self.requests_cut
        )
        refused = CounterMetricFamily(
            f"{_PREFIX}requests_refused", "POST /events refused as a whole", labels=["status"]
        )
        for status, count in self.requests_refused.items():
            refused.add_metric([str(status)], count)
        yield refused
        yield self._counted_by(
            "contracts_reloads",
            "Changes of the contracts' directory, by what became of them",
            {"taken": self._watch.taken, "refused": self._watch.refusals} if self._watch else {},
        )
        yield GaugeMetricFamily(
            f"{_PREFIX}contracts_refused",
            "1 while the contracts' directory is refused and older contracts are in force",
            value=float(self._watch is not None and self._watch.refused is not None),
        )
        yield self._counted_by(
            "dead_letters",
            "Refused events, by whether they were kept",
            {"kept": self._letters.kept, "dropped": self._letters.dropped} if self._letters else {},
        )
        yield _counter(
            "bodies_refused",
            "Requests refused or streams ended because all bodies together took too much memory",
            self._bodies.refusals if self._bodies else 0,
        )
        held = CounterMetricFamily(
            f"{_PREFIX}rate_holds",
            "Times that a producer ahead of its rate was made to wait or, over HTTP, refused",
            labels=["transport"],
        )
        for transport, count in self.rate_holds.items():
            held.add_metric([transport], count)
        yield held
        late = CounterMetricFamily(
            f"{_PREFIX}late_batches",
            "Batches answered as outcome-unknown, by what became of them",
            labels=["outcome"],
        )
        for outcome, count in self.late_batches.items():
            late.add_metric([outcome], count)
        yield late

    def _counted_by(self, name: str, text: str, counts: dict[str, int]) -> Metric:
        family = CounterMetricFamily(f"{_PREFIX}{name}", text, labels=["outcome"])
        for outcome, count in counts.items():
            family.add_metric([outcome], count)
        return family

    def _events(self) -> Metric:
        events = CounterMetricFamily(
            f"{_PREFIX}events",
            "Events answered, by outcome: stored, duplicate, or the problem's type",
            labels=["transport", "outcome"],
        )
        for name, tally in self.transports.items():
            events.add_metric([name, "stored"], tally.stored_events)
            events.add_metric([name, "duplicate"], tally.duplicates)
            for problem, count in tally.failures.items():
                events.add_metric([name, problem], count)
        return events

    def _per_transport(self) -> Iterator[Metric]:
        figures: list[tuple[str, str, Callable[[TransportTally], float]]] = [
            ("accepted_bytes", "Bytes of accepted events", lambda t: t.accepted_bytes),
            ("judged_events", "Events judged by their contract", lambda t: t.judged_events),
            ("judge_seconds", "Time spent judging events", lambda t: t.judge_seconds),
        ]
        for name, text, value in figures:
            family = CounterMetricFamily(f"{_PREFIX}{name}", text, labels=["transport"])
            for transport, tally in self.transports.items():
                family.add_metric([transport], value(tally))
            yield family

    def _latency(self) -> Metric:
        latency = HistogramMetricFamily(
            f"{_PREFIX}ack_seconds", "From an event read to its ack", labels=["transport"]
        )
        for name, tally in self.transports.items():
            latency.add_metric([name], tally.buckets(), tally.ack_seconds)
        return latency


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"{_PREFIX}{name}", text, value=value)
