"""What is measured and what is said of it: samples, their medians, targets, a scenario's result."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median

from bench.servers.usage import Usage


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one variant."""

    events: int
    """Delivered, over all subscribers; for ingest, acked."""
    seconds: float
    usage: Usage
    breaks: int = 0
    peak_mib: float = 0.0
    client_cpu_s: float = 0.0
    figures: dict[str, float] = field(default_factory=dict)
    """More of it, by name: latencies, page loads."""

    @property
    def us_an_event(self) -> float:
        """Server CPU, microseconds."""
        return self.usage.cpu_s / self.events * 1e6 if self.events else 0.0

    @property
    def per_s(self) -> float:
        """Events a second."""
        return self.events / self.seconds if self.seconds else 0.0


@dataclass(slots=True)
class Variant:
    """The runs of one variant, interleaved with others'."""

    name: str
    samples: list[Sample] = field(default_factory=list)

    def median(self, of: Callable[[Sample], float]) -> float:
        """The median over its runs."""
        return median(of(sample) for sample in self.samples)

    def spread(self, of: Callable[[Sample], float]) -> tuple[float, float]:
        """The least and the most."""
        values = [of(sample) for sample in self.samples]
        return min(values), max(values)

    @property
    def cpu_s(self) -> float:
        """Median."""
        return self.median(lambda sample: sample.usage.cpu_s)

    @property
    def us_an_event(self) -> float:
        """Median."""
        return self.median(lambda sample: sample.us_an_event)

    @property
    def per_s(self) -> float:
        """Median."""
        return self.median(lambda sample: sample.per_s)

    @property
    def peak_mib(self) -> float:
        """Median."""
        return self.median(lambda sample: sample.peak_mib)

    @property
    def breaks(self) -> int:
        """Of all runs."""
        return sum(sample.breaks for sample in self.samples)

    def figure(self, name: str) -> float:
        """Median of one of the `figures`."""
        return self.median(lambda sample: sample.figures[name])


@dataclass(frozen=True, slots=True)
class Target:
    """What was asked for, beside what was measured. `met` is None where it was not judged."""

    asked: str
    measured: str
    met: bool | None

    @property
    def verdict(self) -> str:
        """In a word."""
        return "not judged" if self.met is None else "pass" if self.met else "short"


def at_most(what: str, measured: float, bound: float, unit: str = "×") -> Target:
    """A target that is met from below."""
    return Target(
        f"{what} ≤ {_number(bound)} {unit}", f"{_number(measured)} {unit}", measured <= bound
    )


def at_least(what: str, measured: float, bound: float, unit: str = "×") -> Target:
    """A target that is met from above."""
    return Target(
        f"{what} ≥ {_number(bound)} {unit}", f"{_number(measured)} {unit}", measured >= bound
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


@dataclass(frozen=True, slots=True)
class Bars:
    """A plot: one bar a name."""

    title: str
    unit: str
    values: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What a scenario found."""

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    targets: tuple[Target, ...]
    plots: tuple[Bars, ...] = ()
    notes: tuple[str, ...] = ()


FAN_OUT_HEADER = (
    "variant", "deliveries", "deliveries/s", "server CPU s (least–most)", "kernel",
    "µs a delivery", "peak RSS MiB", "breaks",
)  # fmt: skip


def fan_out_row(variant: Variant) -> tuple[str, ...]:
    """A row below `FAN_OUT_HEADER`."""
    least, most = variant.spread(lambda sample: sample.usage.cpu_s)
    kernel = variant.median(
        lambda sample: sample.usage.system_s / sample.usage.cpu_s if sample.usage.cpu_s else 0.0
    )
    return (
        variant.name,
        f"{variant.median(lambda sample: sample.events):,.0f}",
        f"{variant.per_s:,.0f}",
        f"{variant.cpu_s:.2f} ({least:.2f}–{most:.2f})",
        f"{kernel:.0%}",
        f"{variant.us_an_event:.3f}",
        f"{variant.peak_mib:.0f}",
        str(variant.breaks),
    )


def no_breaks(variants: Iterable[Variant]) -> Target:
    """The target that makes the others mean something."""
    breaks = sum(variant.breaks for variant in variants)
    return Target("gaps, repeats, wrong bytes, missing: 0", str(breaks), breaks == 0)
