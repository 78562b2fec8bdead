"""A fault's row in the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEADER = (
    f"{'fault':<34} {'sent':>7} {'acked':>7} {'unknown':>7} {'delivered':>9} {'lost':>5} "
    f"{'twice+':>6} {'gaps':>5} {'stored2':>7} {'back s':>7} {'all s':>6}"
)
LEGEND = (
    "lost: acked and not in the topic; twice+: offsets given twice or out of order; stored2: "
    "stored twice, which\nonly events tried again after an unknown outcome may be; back s: from "
    "the fault's end until a new event has\nreached every subscriber"
)


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one fault."""

    fault: str
    sent: int = 0
    acked: int = 0
    unknown: int = 0
    delivered: int = 0
    lost: int = 0
    duplicated: int = 0
    gaps: int = 0
    twice: int = 0
    twice_known: int = 0
    """Stored twice although the outcome of its first try was known."""
    recovered_s: float = 0.0
    took_s: float = 0.0
    complaints: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """The promise held."""
        return not (
            self.lost or self.duplicated or self.gaps or self.twice_known or self.complaints
        )

    def line(self) -> str:
        """As a line, complaints below it."""
        text = (
            f"{self.fault:<34} {self.sent:>7} {self.acked:>7} {self.unknown:>7} "
            f"{self.delivered:>9} {self.lost:>5} {self.duplicated:>6} {self.gaps:>5} "
            f"{self.twice:>7} {self.recovered_s:>7.1f} {self.took_s:>6.0f}"
        )
        shown = [f"    {note}" for note in self.notes]
        shown += [f"    ! {complaint}" for complaint in self.complaints[:8]]
        if self.twice_known:
            shown.append(f"    ! {self.twice_known} stored twice, never of unknown outcome")
        if len(self.complaints) > 8:
            shown.append(f"    ! and {len(self.complaints) - 8} more")
        return "\n".join([text, *shown])


def last_line(rows: Sequence[Row]) -> str:
    """All rows in one line."""
    clean = sum(row.is_clean for row in rows)
    return (
        f"chaos: {len(rows)} faults, {sum(r.lost for r in rows)} lost, "
        f"{sum(r.gaps for r in rows)} gaps, {sum(r.duplicated for r in rows)} duplicated, "
        f"{sum(r.twice_known for r in rows)} stored twice without an unknown outcome, "
        f"{len(rows) - clean} not clean"
    )
