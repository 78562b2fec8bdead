"""How long a caller is willing to wait for what, and whether an outage has outlasted that."""

from __future__ import annotations

from dataclasses import dataclass, field

from broadcaster.backoff import Backoff


@dataclass(frozen=True, slots=True)
class Patience:
    """Time-outs, all in seconds.

    Args:
        connect_s: for a handshake, and for the first frame after it.
        silence_heartbeats: a subscriber leaves a publisher that sent nothing for that many of its
            heartbeats.
        answer_s: a producer leaves a listener that answers nothing for that long.
        first_outage_s: how long to try while the service was never reached; 0 tries once.
        outage_s: how long one later outage may last; None means any time.
        backoff: the waits between attempts.
    """

    connect_s: float = 10.0
    silence_heartbeats: float = 2.5
    answer_s: float = 60.0
    first_outage_s: float = 0.0
    outage_s: float | None = None
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(slots=True)
class Outage:
    """The outage that is going on, if one is. Time is given, in seconds of any clock."""

    patience: Patience
    _ever_stood: bool = False
    _began: float | None = None

    def over(self) -> None:
        """The service did its work: a later failure begins a new outage."""
        self._ever_stood, self._began = True, None

    def outlasts(self, now: float) -> bool:
        """Note a failure; whether the caller's patience is at its end."""
        if self._began is None:
            self._began = now
        allowed_s = self.patience.outage_s if self._ever_stood else self.patience.first_outage_s
        return allowed_s is not None and now - self._began >= allowed_s
