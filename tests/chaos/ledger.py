"""What there was to be had: read back from Kafka, and known from acks and deliveries.

Invariant: an event that anybody was ever told of, by an ack, a delivery or a reading of the topic,
stays known for the log it was in, also when Kafka has forgotten it since. So a gap is a gap even
where retention has removed the evidence. A recreated topic is another log, by its generation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from chaos.load import Place, Told, kind_of
from support.oracle import Oracle

Known = dict[Place, str]
"""Event ids by place; empty for an event that is only known from somebody's delivery."""


@dataclass(slots=True)
class Log:
    """One generation of the topic."""

    known: Known = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    lost: Known = field(default_factory=dict)
    """What the broker itself lost (its log ends before it now)."""


@dataclass(slots=True)
class Stretch:
    """One subscription from its first hello on, over all its resumptions."""

    generation: str
    start: dict[int, int]
    stop: dict[int, int] | None = None
    kind: str | None = None
    """Its filter: an event type."""
    got: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    positions: dict[int, int] = field(default_factory=dict)
    told: str | None = None
    """The problem that ended it: what lies beyond its positions it was told to have missed."""

    lost: list[Place] = field(default_factory=list)
    """What it had got of that which the broker then lost; other events stand there now."""
    done: bool = False
    """A bounded one that was told its end."""

    def end(self, partition: int, ends: dict[int, int]) -> int:
        """The offset up to which it must have everything."""
        if self.stop is not None and self.done:
            return self.stop.get(partition, 0)
        if self.stop is not None or self.told is not None:
            return self.positions.get(partition, self.start.get(partition, 0))
        return ends.get(partition, 0)


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a stretch compares with its log."""

    delivered: int
    gaps: list[Place]
    repeated: list[Place]
    """Duplicates and what came out of order: offsets that are not above the one before."""


@dataclass(slots=True)
class Ledger:
    """See the module."""

    logs: dict[str, Log] = field(default_factory=lambda: defaultdict(Log))
    stored: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))
    """Places of each id, over all logs, as read back."""

    def read_back(self, generation: str, oracle: Oracle) -> None:
        """Take what the topic holds now."""
        log = self.logs[generation]
        log.ends = dict(oracle.ends)
        for place, name in oracle.ids.items():
            if log.known.get(place) != name:
                log.known[place] = name
            if place not in self.stored[name]:
                self.stored[name].append(place)

    def acks(self, generation: str, told: Told) -> None:
        """Take what was acked, all of it on this generation and before any later `cut`."""
        log = self.logs[generation]
        for name, places in told.acked.items():
            for place in places:
                log.known[place] = name

    def phantoms(self, stretch: Stretch) -> list[Place]:
        """What a stretch got that never was in its log: an aborted event, another log's."""
        log = self.logs[stretch.generation]
        got = ((p, offset) for p, offsets in stretch.got.items() for offset in offsets)
        return [place for place in got if place not in log.known and place not in log.lost]

    @staticmethod
    def untold(stretch: Stretch) -> list[Place]:
        """What the broker lost after a stretch got it: that must be told."""
        return [] if stretch.done or stretch.told else stretch.lost

    def delivered(self, stretch: Stretch) -> None:
        """Take what somebody got: the others should have it too."""
        log = self.logs[stretch.generation]
        for partition, offsets in stretch.got.items():
            for offset in offsets:
                if (partition, offset) not in log.lost:
                    log.known.setdefault((partition, offset), "")

    def cut(self, generation: str, ends: dict[int, int], stretches: Iterable[Stretch]) -> None:
        """The broker's log ends earlier now; what was beyond is another truth.

        To be called before anything is written in its place: what the stretches have got by now is
        what was lost, and what they get later at the same offsets is not.
        """
        log = self.logs[generation]
        for place in [p for p in log.known if p[1] >= ends.get(p[0], 0)]:
            log.lost[place] = log.known.pop(place)
        for stretch in stretches:
            got = ((p, at) for p, offsets in stretch.got.items() for at in offsets)
            stretch.lost = [place for place in got if place in log.lost]

    def judge(self, stretch: Stretch) -> Judgement:
        """From its start on: counting alone would not show a cut at the beginning."""
        log = self.logs[stretch.generation]
        known = log.known | log.lost if stretch.told == "cursor-ahead" else log.known
        seen = {(p, offset) for p, offsets in stretch.got.items() for offset in offsets}
        gaps = [
            (partition, offset)
            for (partition, offset), name in known.items()
            if stretch.start.get(partition, 0) <= offset < stretch.end(partition, log.ends)
            and (partition, offset) not in seen
            and (stretch.kind is None or (name and kind_of(name) == stretch.kind))
        ]
        repeated = [
            (partition, after)
            for partition, offsets in stretch.got.items()
            for before, after in zip([-1, *offsets], offsets, strict=False)
            if after <= before
        ]
        foreign = [
            place
            for place in seen
            if stretch.kind is not None
            and known.get(place)
            and kind_of(known[place]) != stretch.kind
        ]
        return Judgement(len(seen), gaps, repeated + foreign)
