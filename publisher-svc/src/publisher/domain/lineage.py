"""The log's lineage: which leader's log the tips were read from (KIP-320).

A broker that loses the end of its log and is written again has other events where readers have
been, and its bounds do not show it. Its leader epoch does: a new one began after every loss. What
was read under an earlier epoch is still there up to that epoch's end, and not beyond.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """What a look showed of one partition: everything below `tip` was read under `epoch`."""

    epoch: int
    tip: int


class Lineage:
    """See the module. Invariant: a partition's reading moves on only by a look that agrees with it,
    or by `settle`, after the change was looked into.
    """

    def __init__(self) -> None:
        self._readings: dict[int, Reading] = {}

    def look(self, epochs: Sequence[int], tips: Sequence[int]) -> Mapping[int, Reading]:
        """Take a look; gives the partitions whose epoch has changed, with the reading before.

        `tips` are from before the epochs were asked for. A negative epoch is not known now.
        """
        changed: dict[int, Reading] = {}
        for partition, (epoch, tip) in enumerate(zip(epochs, tips, strict=False)):
            known = self._readings.get(partition)
            if epoch < 0:
                continue
            if known is None or known.epoch == epoch:
                self._readings[partition] = Reading(epoch, tip)
            else:
                changed[partition] = known
        return changed

    def settle(self, partition: int, epoch: int, tip: int) -> None:
        """What was read below `tip` is in the log of `epoch`."""
        self._readings[partition] = Reading(epoch, tip)

    def clear(self) -> None:
        """Another topic."""
        self._readings.clear()


def lost_from(reading: Reading, epoch_end: int, tip: int) -> int | None:
    """From where on what was read is lost for certain; None when that is not certain.

    `epoch_end`: where the log that is there now has the end of ``reading.epoch``.
    """
    return epoch_end if epoch_end < min(reading.tip, tip) else None
