"""The limits of this package that clients run into: each hit is counted, and said now and then.

Who hits one never comes to the service, or looks there like somebody else, so the service's own
figures do not show it. Invariant: labels come from a closed set, and a flood of hits is not one of
lines. Who it was is not said; what follows for the client is decided where the limit is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from enum import Enum

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from chassis.logs import BoundedLog, get_logger

_EVERY_S = 10.0


class Limit(Enum):
    """Named as the settings of both services are, without their prefix."""

    VERIFYING = "max_verifying"
    PIPELINED = "max_pipelined"
    CONTROL_FRAMES = "control_frames_per_minute"


_MEANINGS = {
    Limit.VERIFYING: "too many passwords wait to be verified: who comes now is told to come again. "
    "Somebody guesses passwords (limit attempts in the proxy), or many clients come at once: raise",
    Limit.PIPELINED: "a connection was dropped, for too many requests waited on it behind one that "
    "is not answered yet. If it is a client of yours, let it wait for answers, or raise",
    Limit.CONTROL_FRAMES: "a WebSocket was closed (1008), for its client sent more pings, or pongs "
    "that nobody asked for, than it may in a minute. If it is a client of yours, let it send "
    "fewer, or raise",
}


class LimitHits(Collector):
    """One service's; a Prometheus collector."""

    def __init__(
        self,
        service: str,
        say: Callable[..., None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`service` is what its settings and figures begin with; `say` logs a line (a warning)."""
        self._service = service
        emit = say if say is not None else get_logger("chassis.limits").warning
        self._say = BoundedLog(emit, _EVERY_S, clock)
        self._counts = dict.fromkeys(Limit, 0)

    def hit(self, limit: Limit) -> None:
        """A client was turned away or cut off by `limit`."""
        self._counts[limit] += 1
        variable = f"{self._service}_{limit.value}".upper()
        self._say(f"{_MEANINGS[limit]} {variable}", limit=variable)

    def collect(self) -> Iterator[Metric]:
        """Prometheus' interface."""
        family = CounterMetricFamily(
            f"broadcaster_{self._service}_limit_hits",
            "Times that clients were turned away or cut off by a limit, by the setting's name",
            labels=["limit"],
        )
        for limit, count in self._counts.items():
            family.add_metric([limit.value], count)
        yield family
