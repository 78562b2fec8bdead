"""How long to wait before the next attempt: exponential back-off with full jitter, or as planned.

Full jitter (a uniform draw from zero to the ceiling) spreads the clients of a dead instance evenly;
anything narrower makes them return together. Pure: the random source is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

PLANNED_SPREAD_S = 5.0
"""A planned close without ``retry_after_ms``: resume after a random 0–5 s."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """The ceiling grows from `base_s` by doubling and never passes `cap_s`."""

    base_s: float = 0.5
    cap_s: float = 30.0

    def ceiling_s(self, attempt: int) -> float:
        """The longest wait after `attempt` failures (0 = the first)."""
        # beyond 2**32 the product is above any cap; the bound keeps the power from growing
        return min(self.cap_s, self.base_s * 2.0 ** min(attempt, 32))

    def delay_s(self, attempt: int, random: Random) -> float:
        """A uniform draw from zero to the ceiling."""
        return random.uniform(0.0, self.ceiling_s(attempt))


def planned_delay_s(retry_after_ms: float | None, random: Random) -> float:
    """What the service asked for, else the protocol's random 0–5 s."""
    if retry_after_ms is not None:
        return max(0.0, retry_after_ms / 1000.0)
    return random.uniform(0.0, PLANNED_SPREAD_S)
