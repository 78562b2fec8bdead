"""How the live consumer stands: what readiness, status and metrics are told.

A value per moment, written by the follower and read by everybody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Phase(Enum):
    """From start to following; each but the last is a reason for not being ready."""

    NO_BROKER = "no-broker"
    NOT_AUTHORIZED = "kafka-not-authorized"
    NO_TOPIC = "no-topic"
    TWIN = "twin-instance"
    STUCK = "stuck-consumer"
    JOINING = "joining"
    INCOMPLETE = "incomplete-assignment"
    CATCHING_UP = "catching-up"
    FOLLOWING = "following"


@dataclass(slots=True)
class Following:
    """The follower's state. Times are the loop's monotonic clock."""

    phase: Phase = Phase.NO_BROKER
    detail: str = "not connected to Kafka yet"
    served: bool = False
    """It has caught up once: what is in memory can be served, whatever the phase is now."""
    trouble: tuple[str, str] | None = None
    """What the watch over the log sees while the follower itself sees nothing wrong."""
    polled_s: float = 0.0
    """When the consumer last answered a poll."""
    restarts: int = 0

    def enter(self, phase: Phase, detail: str = "") -> None:
        """Note a phase."""
        self.phase, self.detail = phase, detail
        self.served = self.served or phase is Phase.FOLLOWING

    def answered(self) -> None:
        """Kafka gave something: it is there, and the consumer moves."""
        self.trouble = None

    def start_anew(self, detail: str) -> None:
        """What is in memory is worth nothing any more; nobody is served until it is read again."""
        self.phase, self.detail, self.served = Phase.CATCHING_UP, detail, False
