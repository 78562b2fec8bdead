"""Query: how this instance stands, for readiness, ``/status`` and the gauges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from publisher.app.following import Following, Phase
from publisher.app.hub import Hub
from publisher.app.page_pool import PagePool
from publisher.app.subscribe import Terms


class Status:
    """See the module. `clock` is the one that `Following.polled_s` was taken from."""

    def __init__(
        self,
        hub: Hub,
        pool: PagePool,
        following: Following,
        terms: Terms,
        *,
        clock: Callable[[], float],
        stuck_s: float,
        ring_in_use: Callable[[], bool] = lambda: False,
    ) -> None:
        self._hub = hub
        self._pool = pool
        self._following = following
        self._terms = terms
        self._clock = clock
        self._stuck_s = stuck_s
        self._ring_in_use = ring_in_use
        self.draining = False

    def reasons(self) -> list[tuple[str, str]]:
        """Why this instance is not ready: short names and sentences; empty when it is."""
        if self.draining:
            return [("draining", "this instance is stopping; its subscribers are moving")]
        following = self._following
        if following.phase is not Phase.FOLLOWING:
            return [(following.phase.value, following.detail)]
        if following.trouble is not None:
            return [following.trouble]
        silent_s = self._clock() - following.polled_s
        if silent_s > self._stuck_s:
            return [("stuck-consumer", f"the live consumer has not answered for {silent_s:.0f} s")]
        return []

    def document(self) -> dict[str, Any]:
        """``/status``."""
        hub, log = self._hub, self._hub.log
        return {
            "service": "publisher",
            "instance": self._terms.instance,
            "topic": self._terms.topic,
            "generation": hub.generation,
            "ready": not self.reasons(),
            "phase": self._following.phase.value,
            "partitions": log.partitions,
            "earliest": hub.cursor(log.floors) if log.partitions else None,
            "tip": hub.cursor(log.tips) if log.partitions else None,
            "in_memory_from": [log.tail_first(p) for p in range(log.partitions)],
            "subscribers": {"total": len(hub), **hub.lanes()},
            "max_subscribers": self._terms.max_subscribers,
            "memory": {"tail_bytes": log.tail_bytes, "cache_bytes": log.cache_bytes},
            "page_loads": self._pool.loads,
            "consumer_restarts": self._following.restarts,
            "io_uring": self._ring_in_use(),
        }

    def readings(self) -> Iterable[tuple[str, str, float]]:
        """The gauges."""
        hub, log = self._hub, self._hub.log
        lanes = hub.lanes()
        yield "subscribers", "Subscribers now", len(hub)
        yield "subscribers_live", "Subscribers in the live lane", lanes["live"]
        yield "subscribers_catch_up", "Subscribers reading the log", lanes["catch-up"]
        yield "tail_bytes", "Memory of the tails", log.tail_bytes
        yield "cache_bytes", "Memory of the page cache", log.cache_bytes
        yield "page_loads", "Pages loaded from Kafka since the start", self._pool.loads
        yield "page_loads_held", "Loads that wait for more readers of the page", self._pool.held
        yield "page_hits", "Reads served by the page cache since the start", log.hits
        yield "page_misses", "Reads that waited for a page since the start", log.cold
        yield "consumer_restarts", "Times the live consumer was started again", self._restarts()
        yield "io_uring", "1 when blocks are sent to many sockets at once", self._ring_in_use()
        yield "ready", "1 when /readyz says so", 0 if self.reasons() else 1
        yield "tip", "Sum of the tip's positions", sum(log.tips)

    def standing(self) -> Mapping[tuple[str, str], int]:
        """Subscribers by lane and transport."""
        return self._hub.lanes_by_transport()

    def _restarts(self) -> int:
        return self._following.restarts
